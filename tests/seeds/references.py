"""Runs reference solutions against a problem's tests, in an interpreter of their own."""

import json
import subprocess
import sys
from collections.abc import Mapping

from ultrainteract.types import Problem

RUNNER = """
import contextlib, io, json, sys, typing
task = json.load(sys.stdin)
tests, wrong = task["tests"], []
for number, (given, wanted) in enumerate(zip(tests["inputs"], tests["outputs"], strict=True)):
    names = {**vars(typing), "__name__": "__main__"}
    if tests["type"] == "call":
        sys.stdout = io.StringIO()
        exec(task["program"], names)
        owner = names["Solution"]() if "Solution" in names else None
        function = getattr(owner, tests["function"]) if owner else names[tests["function"]]
        right = json.loads(json.dumps(function(*given))) == wanted
    else:
        out = io.StringIO()
        sys.stdin = io.TextIOWrapper(io.BytesIO(given.encode()))
        with contextlib.redirect_stdout(out):
            exec(task["program"], names)
        right = out.getvalue().split() == wanted.split()
    if not right:
        wrong.append(number)
sys.__stdout__.write(json.dumps(wrong))
"""


def row_of_tests(problem: Problem) -> Mapping[str, object]:
    """The tests of a problem, read."""
    tests: Mapping[str, object] = json.loads(problem.meta["tests"])
    return tests


def failed(program: str, problem: Problem) -> list[int]:
    """The numbers of the tests that the program fails; it raises where the program does."""
    task = json.dumps({"program": program, "tests": row_of_tests(problem)})
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        check=False,
        input=task,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    wrong: list[int] = json.loads(done.stdout)
    return wrong


def disproved(problem: Problem) -> list[str]:
    """The reference solutions of a problem that fail one of its tests."""
    return [program for program in problem.reference.solutions if failed(program, problem)]
