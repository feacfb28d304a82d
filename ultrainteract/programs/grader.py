"""Grades a program by its tests, through a sandbox.

This module owns the one retry of a grading: a fault of the sandbox grades once more from fresh
roots, the second is raised. A program whose state dies again and again is its own doing, or
nobody's: UNVERIFIED.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from ultrainteract.errors import SandboxFault
from ultrainteract.programs import assertions, calls, stdio
from ultrainteract.programs.cells import Stopped, load
from ultrainteract.programs.grade import Failure, Grade, failed, undecided, verdict_of
from ultrainteract.programs.names import PREAMBLE
from ultrainteract.programs.suite import AssertSuite, StdioSuite, Suite
from ultrainteract.sandbox.base import CellGone, Sandbox
from ultrainteract.types import Judgement, Outcome

ATTEMPTS = 2
# Independent tests of one program that run at once.
WIDTH = 4

T = TypeVar("T")


async def grade(sandbox: Sandbox, program: str, suite: Suite, seed: str) -> Grade:
    """CORRECT if every test passed. `seed` names the notebooks: one grading at a time has it.

    Raises `SandboxFault` when the machinery failed twice, `SetupError` when there is none.
    """
    for left in reversed(range(ATTEMPTS)):
        try:
            return await _graded(sandbox, program, suite, seed)
        except CellGone as error:
            if not left:
                return undecided("state", f"the program's state does not last: {error}")
        except SandboxFault:
            if not left:
                raise
        finally:
            await sandbox.release(seed)
    raise AssertionError("an attempt returns or raises")


async def _graded(sandbox: Sandbox, program: str, suite: Suite, seed: str) -> Grade:
    if isinstance(suite, StdioSuite):
        return await _by_stdio(sandbox, program, suite, seed)
    total = 1 if isinstance(suite, AssertSuite) else len(suite.tests)
    if not total:
        return NOTHING
    seconds = suite.seconds if isinstance(suite, AssertSuite) else suite.tests[0].seconds
    loaded = await load(sandbox, seed, program, seconds, suite.memory_mb, PREAMBLE)
    if isinstance(loaded, Stopped):
        return _unloaded(loaded, total)
    if isinstance(suite, AssertSuite):
        return await assertions.grade(sandbox, seed, loaded, suite)
    function = suite.function
    return await _in_order(
        suite.tests, lambda test, number: calls.failure(loaded, function, test, number)
    )


async def _by_stdio(sandbox: Sandbox, program: str, suite: StdioSuite, seed: str) -> Grade:
    if not suite.tests:
        return NOTHING
    root = await sandbox.root(seed)
    memory_mb = suite.memory_mb
    return await _in_order(
        suite.tests, lambda test, number: stdio.failure(root, program, test, number, memory_mb)
    )


async def _in_order(
    tests: Sequence[T], failure: Callable[[T, int], Awaitable[Failure | None]]
) -> Grade:
    """`WIDTH` tests at a time, up to those among which one fails: the same first failure always."""
    failures: list[Failure] = []
    for start in range(0, len(tests), WIDTH):
        batch = enumerate(tests[start : start + WIDTH], start + 1)
        results = await asyncio.gather(
            *(failure(test, number) for number, test in batch), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result
        failures += [result for result in results if isinstance(result, Failure)]
        if any(failure.judgement is Judgement.INCORRECT for failure in failures):
            break
    return verdict_of(failures, len(tests))


def _unloaded(stopped: Stopped, total: int) -> Grade:
    raised = stopped.outcome is Outcome.EXCEPTION
    rule = "load" if raised else str(stopped.outcome)
    return failed(Failure(1, rule, error=stopped.said), total)


NOTHING = undecided("no tests", "there are no tests")
