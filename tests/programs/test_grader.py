"""Programs graded in the real sandbox: right ones pass, and nothing else does."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from tests.programs.hacks import HACKS
from ultrainteract.errors import SandboxFault
from ultrainteract.programs.grade import Grade
from ultrainteract.programs.grader import grade
from ultrainteract.programs.suite import (
    AssertSuite,
    Call,
    CallSuite,
    Stdio,
    StdioSuite,
    Suite,
    read_suite,
)
from ultrainteract.sandbox.base import Cell, Sandbox
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import JSON, Judgement, Limits

CASES = Path(__file__).parents[2] / "../shared/data/grading/code_cases.jsonl"
IMAGE = "ultrainteract-sandbox:latest"
# Seconds that a busy machine does not need.
PATIENT = 60.0

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    box = DockerSandbox(IMAGE, Limits(seconds=PATIENT, memory_mb=512, pids=64), containers=1)
    yield box
    await box.close()


async def graded(sandbox: Sandbox, program: str, suite: Suite) -> Grade:
    return await grade(sandbox, program, suite, "graded")


def seconds_for(rule: str) -> float:
    """What a program gets that is to end by this rule: no more than it needs to run out of."""
    return 1.0 if rule == "timeout" else PATIENT


def stdio(*pairs: tuple[str, str], seconds: float = PATIENT) -> StdioSuite:
    return StdioSuite(tuple(Stdio(given, wanted, seconds) for given, wanted in pairs), 512)


def calls(
    function: str, *pairs: tuple[tuple[JSON, ...], JSON], seconds: float = PATIENT
) -> CallSuite:
    tests = tuple(Call(given, wanted, seconds) for given, wanted in pairs)
    return CallSuite(function, tests, 512)


def asserts(code: str, entry_point: str = "", seconds: float = PATIENT) -> AssertSuite:
    return AssertSuite(code, entry_point, seconds, 512)


DOUBLED = stdio(("1\n", "2\n"), ("5\n", "10\n"), ("7\n", "14\n"))


@pytest.mark.parametrize(
    "program",
    [
        "print(2 * int(input()))",
        "import sys\nprint(2 * int(sys.stdin.readline()))\nsys.exit()",
        "import os\nos.write(1, str(2 * int(open(0).read())).encode())\nos._exit(0)",
        "if __name__ == '__main__':\n    print(2 * int(input()))",
    ],
)
async def test_a_script_that_prints_it_all_is_right(sandbox: Sandbox, program: str) -> None:
    result = await graded(sandbox, program, DOUBLED)
    assert (result.judgement, result.passed) == (Judgement.CORRECT, 3), result


@pytest.mark.parametrize(
    ("program", "rule", "passed"),
    [
        ("print(2)", "answer", 1),
        ("n = int(input())\nprint(2 * n)\n1 / (n - 5)", "exception", 1),
        ("import sys\nprint(2 * int(input()))\nsys.exit(1)", "exception", 0),
        ("while True: pass", "timeout", 0),
        ("x = bytearray(2**30)", "memory", 0),
        ("print(", "syntax", 0),
        ("import os\nos.kill(os.getpid(), 9)", "killed", 0),
        ("while True: print('x' * 1000)", "output_limit", 0),
        ("", "answer", 0),
    ],
)
async def test_a_script_that_does_not_is_wrong_and_says_how(
    sandbox: Sandbox, program: str, rule: str, passed: int
) -> None:
    pairs = ((test.input, test.output) for test in DOUBLED.tests)
    tests = stdio(*pairs, seconds=seconds_for(rule))
    result = await graded(sandbox, program, tests)
    assert (result.judgement, result.rule, result.passed) == (Judgement.INCORRECT, rule, passed)


async def test_each_test_has_its_own_limit(sandbox: Sandbox) -> None:
    suite = StdioSuite((Stdio("0.1", "", PATIENT), Stdio("60", "", 0.5)))
    result = await graded(sandbox, "import time\ntime.sleep(float(input()))", suite)
    assert (result.rule, result.passed) == ("timeout", 1)


async def test_runs_of_a_script_share_nothing(sandbox: Sandbox) -> None:
    program = (
        "import os\nopen('left', 'a').write('x')\nos.system('sleep 60 &')\n"
        "print(len(open('left').read()))"
    )
    suite = stdio(*[("", "1")] * 9)
    assert (await graded(sandbox, program, suite)).judgement is Judgement.CORRECT


@pytest.mark.parametrize(
    "program",
    [
        "def f(*a): return sum(a)",
        "class Solution:\n    def f(self, *a: List[int]): return reduce(lambda x, y: x + y, a)",
        "import builtins\nbuiltins.sorted = builtins.hash = list = 5\ndef f(*a): return sum(a)",
        "print('noise')\ndef f(*a):\n    print('noise')\n    return sum(a)",
        "from __future__ import annotations\ndef f(*a: Unheard): return sum(a)",
        "def f(*a): return sum(a)\nif __name__ == '__main__':\n    print(input())",
    ],
)
async def test_a_function_that_returns_it_is_right(sandbox: Sandbox, program: str) -> None:
    result = await graded(sandbox, program, calls("f", ((1, 2), 3), ((4,), 4), ((5, 5, 5), 15)))
    assert result.judgement is Judgement.CORRECT, result


@pytest.mark.parametrize(
    ("program", "rule"),
    [
        ("def f(x): return 3", "answer"),
        ("def f(x): raise ValueError(x)", "exception"),
        ("def f(x): exit()", "exception"),
        ("def g(x): return x", "exception"),
        ("import os\ndef f(x): os._exit(0)", "killed"),
        ("import os\nos._exit(0)\ndef f(x): return x", "exception"),
        ("1 / 0\ndef f(x): return x", "load"),
        ("def f(x) return x", "syntax"),
        ("def f(x):\n    while True: pass", "timeout"),
        ("def f(x): return f(x)", "exception"),
        ("def f(x): return bytearray(2**30)", "exception"),
        ("def f(x): print('[[1]]')", "answer"),
    ],
)
async def test_a_function_that_does_not_is_wrong(sandbox: Sandbox, program: str, rule: str) -> None:
    result = await graded(
        sandbox, program, calls("f", ((1,), 1), ((2,), 2), seconds=seconds_for(rule))
    )
    assert (result.judgement, result.rule) == (Judgement.INCORRECT, rule), result


async def test_calls_start_from_one_state(sandbox: Sandbox) -> None:
    program = "n = 0\ndef f():\n    global n\n    n += 1\n    return n"
    assert (await graded(sandbox, program, calls("f", *[((), 1)] * 6))).passed == 6


@pytest.mark.parametrize(
    ("returned", "says"),
    [("object()", "object"), ("lambda: 0", "function"), ("'x' * 10**7", "larg")],
)
async def test_a_value_that_cannot_cross_is_unverified_with_the_reason(
    sandbox: Sandbox, returned: str, says: str
) -> None:
    for suite in (calls("f", ((), 1)), asserts("assert f() == 1")):
        result = await graded(sandbox, f"def f(): return {returned}", suite)
        assert result.judgement is Judgement.UNVERIFIED
        assert says in result.reason()


CHECKED = asserts("def check(c):\n    assert c(1) == 2\n    assert c(5) == 10\ncheck(f)", "f")


@pytest.mark.parametrize("name", HACKS)
async def test_no_hack_is_accepted(sandbox: Sandbox, name: str) -> None:
    for suite in (CHECKED, calls("f", ((1,), 2), ((5,), 10))):
        result = await graded(sandbox, HACKS[name], suite)
        assert result.judgement is not Judgement.CORRECT, result


async def test_assertions_see_state_mutation_and_errors(sandbox: Sandbox) -> None:
    program = (
        "seen = []\ndef add(x):\n    seen.append(x)\n    return len(seen)\n"
        "def clear(a): a.clear()\ndef bad(): raise KeyError('k')"
    )
    code = (
        "assert add(1) == 1\nassert add(1) == 2\na = [3]\nclear(a)\nassert a == []\n"
        "try:\n    bad()\n    assert False\nexcept KeyError:\n    pass\n"
    )
    result = await graded(sandbox, program, asserts(code))
    assert (result.judgement, result.total) == (Judgement.CORRECT, 4), result


async def test_more_calls_than_a_tool_usually_gets(sandbox: Sandbox) -> None:
    code = "for n in range(150):\n    assert f(n) == 2 * n"
    result = await graded(sandbox, "def f(n): return 2 * n", asserts(code))
    assert (result.judgement, result.total) == (Judgement.CORRECT, 150), result


async def test_numbers_of_numpy_cross_as_such(sandbox: Sandbox) -> None:
    program = "import numpy as np\ndef f(a): return np.array(a) * 2\ndef g(a): return f(a).sum()"
    code = "import numpy as np\nassert (f([1, 2]) == np.array([2, 4])).all()\nassert g([1, 2]) == 6"
    for suite in (asserts(code), calls("g", (([1, 2],), 6)), calls("f", (([1, 2],), [2, 4]))):
        result = await graded(sandbox, program, suite)
        assert result.judgement is Judgement.CORRECT, result


@pytest.mark.parametrize(
    "suite",
    [
        stdio(),
        calls("f"),
        asserts(""),
        asserts("f(1)"),
        asserts("assert True"),
        asserts("assert f(1) =="),
        asserts("assert f(1) == unheard_of(1)"),
        asserts("import os\nf(1)\nos._exit(0)"),
    ],
)
async def test_tests_that_test_nothing_are_unverified(sandbox: Sandbox, suite: Suite) -> None:
    result = await graded(sandbox, "def f(x): return x", suite)
    assert result.judgement is Judgement.UNVERIFIED, result
    assert result.reason()


async def test_what_is_expected_is_not_in_the_programs_reach(sandbox: Sandbox) -> None:
    program = (
        "import gc\n"
        "def f(x):\n"
        "    texts = [o for o in gc.get_objects() if isinstance(o, (str, dict, list, tuple))]\n"
        "    return any(f'{867}{5309}' in str(t)[:10**6] for t in texts)\n"
    )
    result = await graded(sandbox, program, asserts("assert f(1) == 8675309"))
    assert result.failure
    assert result.failure.got == "False"
    assert "8675309" not in result.observation()


class Broken:
    """A sandbox whose machinery fails."""

    def __init__(self) -> None:
        self.roots = 0

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        self.roots += 1
        raise SandboxFault("no machine")

    async def release(self, seed: str) -> None: ...

    async def close(self) -> None: ...


@pytest.mark.parametrize("suite", [DOUBLED, CHECKED, calls("f", ((1,), 2))])
async def test_a_fault_is_tried_once_more_and_raised_never_graded(suite: Suite) -> None:
    broken = Broken()
    with pytest.raises(SandboxFault, match="no machine"):
        await grade(broken, "", suite, "seed")
    assert broken.roots == 2


async def test_programs_are_graded_side_by_side(sandbox: Sandbox) -> None:
    async def one(number: int) -> Grade:
        program = f"def f(x): return x + {number % 2}"
        return await grade(sandbox, program, asserts("assert f(1) == 1"), f"side-{number}")

    results = await asyncio.gather(*map(one, range(4)))
    right = [result.judgement is Judgement.CORRECT for result in results]
    assert right == [True, False, True, False]


@pytest.mark.skipif(not CASES.exists(), reason="needs the shared cases")
async def test_a_share_of_the_cases_is_judged_as_labelled(sandbox: Sandbox) -> None:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    share = [row for row in rows if "hack" in row["kind"]] + rows[::12]
    for row in share:
        result = await graded(sandbox, row["program"], read_suite(row["tests"]))
        assert (result.judgement is Judgement.CORRECT) == row["label"], (row["id"], result)
