"""Tests by assertions: test code in one root, the program in another, the host between them.

The program sees arguments, never what is expected; the test code sees plain values, never the
program. The result is what the test code's own process reports, and what the host saw itself.
"""

import json
from collections.abc import Mapping
from typing import cast

from ultrainteract.errors import SandboxFault
from ultrainteract.programs.cells import Program, Stopped, installed, last_line
from ultrainteract.programs.grade import Failure, Grade, failed, passed, undecided
from ultrainteract.programs.suite import AssertSuite
from ultrainteract.programs.wire import ROOM
from ultrainteract.sandbox.base import Manner, Sandbox
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Judgement, Limits, Outcome

# Of the test code's own time and memory; the program's are its suite's.
TESTING = Limits(seconds=30.0, memory_mb=1024, output_chars=2000, calls=5000)
PATIENCE = 120.0

Report = Mapping[str, object]


class Session:
    """One test code and one program: the tools between them."""

    def __init__(self, program: Program, seconds: float) -> None:
        self.stopped: Stopped | None = None
        self.fault: SandboxFault | None = None
        self.text = ""
        self._program = program
        self._seconds = seconds
        self._cell = program.cell
        self._parts: list[str] = []

    async def ask(self, number: int, part: str, *, last: bool) -> str | None:
        """The tool that calls the program; None once it has stopped."""
        self._parts.append(part)
        if not last:
            return None
        request = "".join(self._parts)
        self._parts.clear()
        if number == 0:
            # The sandbox may run the test code twice: then the program begins anew.
            self._cell, self.stopped = self._program.cell, None
        if self.stopped or self.fault:
            return None
        try:
            answer, cell = await self._program.call(self._cell, request, self._seconds, keeps=True)
        except SandboxFault as fault:
            # Raised from here it would be the test code's fault, and of no kind any more.
            self.fault = fault
            return None
        if self._cell is not self._program.cell:
            await self._cell.close()
        self._cell = cell
        if isinstance(answer, str):
            return answer
        self.stopped = answer
        return None

    async def report(self, text: str) -> None:
        """The tool that takes the result."""
        self.text = text

    def tools(self) -> list[HostTool]:
        """What the test code's root is offered."""
        patience = PATIENCE + 3 * self._seconds
        return [HostTool(self.ask, seconds=patience, chars=4 * ROOM), HostTool(self.report)]


async def grade(sandbox: Sandbox, seed: str, program: Program, suite: AssertSuite) -> Grade:
    """What the assertions say of a loaded program. Raises SandboxFault."""
    session = Session(program, suite.seconds)
    root = await sandbox.root(seed, session.tools())
    tests = await installed(root, "wire", "names", "remote", "tester")
    code = f"__tester__.run({suite.code!r}, {suite.entry_point!r})"
    result, _ = await tests.run(code, Manner(limits=TESTING))
    if session.fault:
        raise session.fault
    if session.text:
        return judged(json.loads(session.text), session.stopped, public=suite.public)
    return untold(result)


def judged(report: Report, stopped: Stopped | None, *, public: bool) -> Grade:
    """The grade that a report of the test code amounts to."""
    ended, total = str(report["ended"]), cast("int", report["total"])
    if ended == "passed" and not stopped:
        return passed(total)
    if ended == "nothing" and not stopped:
        return undecided("no tests", "the test code calls or asserts nothing")
    # A failed assertion's message may say what was expected.
    told = public or ended != "failed"
    rule, error = RULES.get(ended, ""), str(report["error"]) if told else ""
    if stopped:
        rule, error = str(stopped.outcome), stopped.said
    failure = Failure(
        test=max(cast("int", report["reached"]), 1),
        rule=rule,
        given=str(report["called"]),
        got=str(report["got"]),
        wanted=str(report["assertion"]) if public else "",
        error=str(report["undecided"]) if rule == "uncrossable" else error,
        judgement=Judgement.UNVERIFIED if rule == "uncrossable" else Judgement.INCORRECT,
    )
    return failed(failure, total)


RULES = {"failed": "answer", "raised": "exception", "undecided": "uncrossable", "ended": "killed"}


def untold(result: ExecResult) -> Grade:
    """The test code ended without a report: its own fault, not the program's."""
    if result.outcome is Outcome.OK:
        return undecided("tests", "the test code ended itself")
    return undecided("tests", f"the test code: {result.outcome}: {last_line(result.output)}")
