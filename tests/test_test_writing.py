"""Written tests are what all references print alike, and a problem without them grows no tree."""

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.test_grow import configured
from ultrainteract.environment import instruct
from ultrainteract.grow import grow_tree
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.test_writing import with_tests
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Outcome,
    Problem,
    Reference,
    StopReason,
    Verdict,
)

DOUBLE = "print(2 * int(input()))"
SHIFT = "import sys\nprint(int(sys.stdin.buffer.read()) << 1)"
WRONG = "n = int(open(0).read())\nprint(n * 2 if n < 50 else n)"


def instruction(*solutions: str, **meta: str) -> Instruction:
    reference = Reference("x", solutions=solutions)
    problem = Problem("d", "1", "Double n.", reference, ("coding",), {"kind": "program", **meta})
    return instruct(problem, "coding")


class Bench:
    """A model that says one thing, and a plain interpreter."""

    def __init__(self, said: str, folder: Path) -> None:
        self.said, self.folder, self.asked = said, folder, 0

    async def sample(self, request: Request) -> Reply:
        self.asked += 1
        return Reply((Choice(self.said, "stop"),))

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", code], cwd=self.folder, capture_output=True
        )
        outcome = Outcome.EXCEPTION if done.returncode else Outcome.OK
        return ExecResult(outcome, done.stdout.decode())

    async def judge(self, claim: Claim) -> Verdict:
        raise AssertionError(claim)


def inputs(*values: int) -> str:
    return f"Here they are: {json.dumps([str(value) for value in values])}"


async def test_a_test_is_what_all_references_print(tmp_path: Path) -> None:
    bench = Bench(inputs(1, 2, 3, 4, 60, 5, 5), tmp_path)
    tested = await with_tests(
        instruction(DOUBLE, SHIFT, WRONG, time_limit="2.5"),
        configured(rejected=False, turns=1),
        bench,
    )
    assert tested is not None
    tests = json.loads(tested.meta["tests"])
    assert tests["inputs"] == ["1\n", "2\n", "3\n", "4\n", "5\n"]
    assert [said.strip() for said in tests["outputs"]] == ["2", "4", "6", "8", "10"]
    assert tests["seconds"] == 2.5


async def test_a_problem_with_tests_is_left_alone(tmp_path: Path) -> None:
    bench = Bench("[]", tmp_path)
    given = instruction(DOUBLE, tests='{"type": "stdio"}')
    assert await with_tests(given, configured(rejected=False, turns=1), bench) is given
    other = replace(given, meta={"kind": "wtq"})
    assert await with_tests(other, configured(rejected=False, turns=1), bench) is other
    assert bench.asked == 0


@pytest.mark.parametrize(
    ("said", "solutions"),
    [
        (inputs(1, 2, 3), (DOUBLE,)),
        (inputs(60, 70, 80, 90), (DOUBLE, WRONG)),
        (inputs(1, 2, 3, 4), ()),
        ('["x", "y", "z", "u"]', (DOUBLE,)),
        ("no list", (DOUBLE,)),
        ('{"a": [1, 2, 3, 4]}', (DOUBLE,)),
        ("[" * 5000 + "]" * 5000, (DOUBLE,)),
    ],
)
async def test_without_enough_of_them_there_is_no_tree(
    said: str, solutions: tuple[str, ...], tmp_path: Path
) -> None:
    tree = await grow_tree(
        instruction(*solutions), configured(rejected=False, turns=1), Bench(said, tmp_path)
    )
    assert tree.stop is StopReason.NO_TESTS
    assert tree.nodes == []
