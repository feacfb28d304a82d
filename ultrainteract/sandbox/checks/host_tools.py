"""Functions of the host inside a cell: called by name, checked, timed, never taken for output."""

import asyncio
from contextlib import suppress
from dataclasses import replace

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.base import Manner
from ultrainteract.sandbox.checks.bench import Bench, Broken, brief, expect, expect_ok
from ultrainteract.sandbox.checks.case import properties
from ultrainteract.sandbox.tools import HostTool, ToolError
from ultrainteract.types import Outcome

MISMATCHES = (
    "double()",
    "double(1, 2)",
    "double('1')",
    "double(numbr=1)",
    "double(1.5)",
    "double(print)",
)
CALLS = 1000
CALLS_AT_MOST = 200


async def double(number: int) -> int:
    """Twice the number."""
    return 2 * number


async def refuse(text: str) -> object:
    """Raises for its caller."""
    raise ToolError(f"no answer to {text}")


async def doze(seconds: float) -> str:
    """Answers late."""
    await asyncio.sleep(seconds)
    return "awake"


async def nest(value: dict[str, object]) -> dict[str, object]:
    """Any JSON value comes back as it went."""
    return {"é": [value, None, True, 1.5]}


async def break_down() -> object:
    """Fails in a way that is nobody's answer."""
    raise ZeroDivisionError("of the host")


async def huge() -> str:
    """More than its tool allows."""
    return "x" * 10**6


async def a_tool_answers_by_name(bench: Bench) -> str:
    """Positional, by keyword, with JSON values, turn after turn; unknown elsewhere."""
    line = bench.line("x = double(4)", tools=[HostTool(double), HostTool(nest)])
    expect_ok("two calls", "(8, 42)\n", await line.run("x, double(number=21)"))
    code = "nest({'a': [1, 'ü']})"
    expect_ok("a nested value", "{'é': [{'a': [1, 'ü']}, None, True, 1.5]}\n", await line.run(code))
    result = await bench.ran("double(1)")
    expect("elsewhere", Outcome.EXCEPTION.value, result.outcome.value)
    return "values come and go"


async def arguments_that_do_not_fit_raise(bench: Bench) -> str:
    """A TypeError in the cell, and the host's function is not called."""
    called = []

    async def double(number: int) -> int:
        called.append(number)
        return 2 * number

    line = bench.line(tools=[HostTool(double)])
    for call in MISMATCHES:
        code = f"try: {call}\nexcept TypeError as error: print('TypeError', len(str(error)) > 0)"
        expect_ok(f"{call}", "TypeError True\n", await line.run(code))
    expect("calls that reached the host", [], called)
    return f"{len(MISMATCHES)} kinds of mismatch"


async def a_tool_may_refuse(bench: Bench) -> str:
    """Its words reach the program as a RuntimeError."""
    code = "try: refuse('this')\nexcept RuntimeError as error: print(error)"
    result = await bench.line(tools=[HostTool(refuse)]).run(code)
    expect_ok("a refusal", "no answer to this\n", result)
    return "RuntimeError"


async def a_tool_that_fails_is_a_fault(bench: Bench) -> str:
    """Late, broken or too long: the run fails, and nothing of it is output."""
    tools = (HostTool(doze, seconds=0.5), HostTool(break_down), HostTool(huge, chars=1000))
    for tool, call in zip(tools, ("doze(30)", "break_down()", "huge()"), strict=True):
        code = f"try: print({call})\nexcept BaseException as error: print('caught', error)"
        try:
            result = await bench.line(tools=[tool]).run(code)
        except SandboxFault:
            continue
        raise Broken(f"{call}: expected a SandboxFault, saw {brief(result)}")
    expect_ok("the next execution", "2\n", await bench.ran("1 + 1"))
    return "late, broken, too long"


async def the_clock_stands_still_for_a_tool(bench: Bench) -> str:
    """Three seconds of its own are enough for a program that waits four for its tool."""
    manner = Manner(limits=replace(bench.limits, seconds=3.0))
    line = bench.line(tools=[HostTool(doze)])
    expect_ok("a slow tool", "'awake'\n", await line.run("doze(4.0)", manner))
    late = await line.run("doze(0.1)\nwhile True: pass", manner)
    expect("a loop after a call", Outcome.TIMEOUT.value, late.outcome.value)
    return "4 s of a tool within 3 s"


async def a_tool_may_run_cells_of_its_seed(bench: Bench) -> str:
    """While a program waits for its tool, another root of the seed runs."""
    other = bench.line("y = 5")

    async def inner(code: str) -> str:
        return (await other.run(code)).output

    line = bench.line(seed=other.seed, tools=[HostTool(inner)])
    expect_ok("a cell within a cell", "'10\\n'\n", await line.run("inner('2 * y')"))
    return "a cell within a cell"


async def calls_of_a_tool_are_bounded(bench: Bench) -> str:
    """A loop over a tool does not ask the host for ever."""
    called = []

    async def count() -> int:
        called.append(1)
        return len(called)

    code = f"for _ in range({CALLS}):\n    try: count()\n    except Exception: pass"
    with suppress(SandboxFault):
        await bench.line(tools=[HostTool(count)]).run(code)
    if not 0 < len(called) <= CALLS_AT_MOST:
        raise Broken(f"calls of {CALLS}: expected 1 to {CALLS_AT_MOST}, saw {len(called)}")
    return f"{len(called)} of {CALLS}"


PROPERTIES = properties(
    "tools",
    a_tool_answers_by_name,
    arguments_that_do_not_fit_raise,
    a_tool_may_refuse,
    a_tool_that_fails_is_a_fault,
    the_clock_stands_still_for_a_tool,
    a_tool_may_run_cells_of_its_seed,
    calls_of_a_tool_are_bounded,
)
