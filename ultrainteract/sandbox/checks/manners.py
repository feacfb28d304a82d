"""Executions of another manner: with input, as a script, with limits of their own."""

from dataclasses import replace

from ultrainteract.sandbox.base import Manner
from ultrainteract.sandbox.checks.bench import Bench, expect, expect_ok, expect_that
from ultrainteract.sandbox.checks.case import properties
from ultrainteract.types import ExecResult, Outcome

SCRIPT = Manner(script=True)
READS = """
import os, subprocess, sys
print(input(), sys.stdin.readline().strip(), sep="|")
os.lseek(0, 0, os.SEEK_SET)
subprocess.run(["head", "-n", "1"])
os.lseek(0, 0, os.SEEK_SET)
print(len(os.read(0, 10**7)))
"""
EXIT_HANDLER = """
import atexit, io, sys
sys.stdout = io.StringIO()
atexit.register(lambda: sys.__stdout__.write(sys.stdout.getvalue()))
print(1)
"""
THREAD = """
import threading, time
threading.Thread(target=lambda: (time.sleep(0.2), print(1))).start()
"""
LEFT_OPEN = "import os\nout = os.fdopen(1, 'w')\nout.write('1')"
WRAPPED = """
import io, os, sys
class Late(io.StringIO):
    def flush(self): os.write(1, self.getvalue().encode()); self.truncate(0)
sys.stdout = Late()
print(1)
"""
# Code, outcome, output and a word of standard error, as `python program.py` would have them.
ENDS = (
    ("1 + 1", Outcome.OK, "", ""),
    ("print(__name__)", Outcome.OK, "__main__\n", ""),
    ("import sys\nprint(1)\nprint(2, file=sys.stderr)", Outcome.OK, "1\n", "2\n"),
    ("print(1)\n1 / 0", Outcome.EXCEPTION, "1\n", "ZeroDivisionError"),
    ("print(1)\nexit()", Outcome.OK, "1\n", ""),
    ("import sys\nprint(1)\nsys.exit(0)", Outcome.OK, "1\n", ""),
    ("import sys\nprint(1)\nsys.exit(3)", Outcome.EXCEPTION, "1\n", ""),
    ("import sys\nsys.exit('why')", Outcome.EXCEPTION, "", "why"),
    ("import os\nprint(1, flush=True)\nos._exit(0)", Outcome.OK, "1\n", ""),
    ("import os\nos._exit(0)\nprint(1)", Outcome.OK, "", ""),
    ("import os\nprint(1, flush=True)\nos._exit(3)", Outcome.KILLED, "1\n", ""),
    (EXIT_HANDLER, Outcome.OK, "1\n", ""),
    (THREAD, Outcome.OK, "1\n", ""),
    (LEFT_OPEN, Outcome.OK, "1", ""),
    (WRAPPED, Outcome.OK, "1\n", ""),
    (
        "import atexit\natexit.register(print, 2)\nprint(1)\n1 / 0",
        Outcome.EXCEPTION,
        "1\n2\n",
        "Zero",
    ),
    ("import atexit\natexit.register(lambda: 1 / 0)\nprint(1)", Outcome.OK, "1\n", "Zero"),
    ("import sys\nprint(sys.argv[1:])", Outcome.OK, "[]\n", ""),
    ("x =", Outcome.SYNTAX, "", "SyntaxError"),
)


async def a_program_reads_its_input(bench: Bench) -> str:
    """Line by line, as a whole, from its start again, and in programs it starts."""
    text = "3 4\né😀\n" + "line\n" * 1000
    result = await bench.ran(READS, manner=Manner(stdin=text))
    expect_ok("what it read", f"3 4|é😀\n3 4\n{len(text.encode())}\n", result)
    return f"{len(text)} characters"


async def without_input_there_is_an_end_of_file(bench: Bench) -> str:
    """No program waits for input, and no input is left for the next."""
    line = bench.line()
    result = await line.run("input()")
    expect("how it ends", Outcome.EXCEPTION.value, result.outcome.value)
    expect_that("its error", "EOFError", result.output, holds="EOFError" in result.output)
    await line.run("1", Manner(stdin="left over"))
    expect_ok("the next one's input", "''\n", await line.run("import sys\nsys.stdin.read()"))
    return "EOFError"


async def a_script_ends_as_python_would_end_it(bench: Bench) -> str:
    """No echo, errors apart, exit codes told apart."""
    line = bench.line()
    for code, outcome, output, error in ENDS:
        result = await line.run(code, SCRIPT)
        expect(f"how {code!r} ends", outcome.value, result.outcome.value)
        shown = result.output if outcome is not Outcome.KILLED else result.output[: len(output)]
        expect(f"output of {code!r}", output, shown)
        holds = error in result.errors
        expect_that(f"errors of {code!r}", repr(error), result.errors, holds=holds)
    kept = "import atexit\natexit.register(print, 1)\nx = 41"
    first, then = await line.turns((kept, replace(SCRIPT, stays=True)), ("x + 1", Manner()))
    expect_ok("a script that stays", "", first)
    expect_ok("what goes on from it", "42\n", then)
    return f"{len(ENDS)} ways to end"


async def errors_are_kept_apart_and_bounded(bench: Bench) -> str:
    """In a script neither stream holds anything of the other, and both are cut."""
    code = "import sys\nfor _ in range(10**5): print('o'); print('e', file=sys.stderr)"
    result = await bench.ran(code, manner=SCRIPT)
    expect("how it ends", Outcome.OK.value, result.outcome.value)
    for name, text, letter in (("output", result.output, "o"), ("errors", result.errors, "e")):
        kept = [line for line in text.splitlines() if not line.startswith("[... cut")]
        expect(f"letters in {name}", {letter}, set("".join(kept)))
        expect_that(
            f"{name}", "a cut", len(text), holds=len(text) <= bench.limits.output_chars + 200
        )
    return "both cut"


async def limits_hold_for_one_execution(bench: Bench) -> str:
    """Seconds, memory and output of this execution alone; the next has the sandbox's own."""
    line, own = bench.line(), bench.limits

    async def with_limits(code: str, **changes: float) -> ExecResult:
        return await line.run(code, Manner(limits=replace(own, **changes)))  # type: ignore[arg-type]

    short = await with_limits("while True: pass", seconds=1.0)
    expect("a loop of one second", Outcome.TIMEOUT.value, short.outcome.value)
    expect_that("its last line", "after 1 s", short.output, holds="1 s" in short.output)
    block = f"x = bytearray({own.memory_mb // 2} * 2**20)\nlen(x) > 0"
    tight = await with_limits(block, memory_mb=own.memory_mb // 4)
    expect("half of the memory, a quarter allowed", Outcome.MEMORY.value, tight.outcome.value)
    expect_ok("half of the memory, all allowed", "True\n", await line.run(block))
    wide = await with_limits(
        f"print('x' * {2 * own.output_chars})", output_chars=4 * own.output_chars
    )
    expect("characters kept", 2 * own.output_chars + 1, len(wide.output))
    cut = await line.run(f"print('x' * {2 * own.output_chars})")
    expect_that("the next output", "a cut", len(cut.output), holds="cut: " in cut.output)
    long = await with_limits(
        f"import time\ntime.sleep({own.seconds + 0.5})\n1", seconds=2 * own.seconds
    )
    expect_ok("longer than the sandbox's own", "1\n", long)
    return "seconds, memory and output"


PROPERTIES = properties(
    "manners",
    a_program_reads_its_input,
    without_input_there_is_an_end_of_file,
    a_script_ends_as_python_would_end_it,
    errors_are_kept_apart_and_bounded,
    limits_hold_for_one_execution,
    concedable=False,
)
