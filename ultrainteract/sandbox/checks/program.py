"""A hostile program: how it may end, what it may print, and what must be true afterwards.

Each runs in a fresh notebook, from a state it could damage. It has to end by its deadline; the
execution after it, in its own notebook, may end in any way but not as a fault; and innocent
executions beside and after it see nothing of it.
"""

import asyncio
import re
from dataclasses import dataclass, replace

from ultrainteract.sandbox.base import NOTEBOOK, Manner
from ultrainteract.sandbox.checks.bench import (
    Bench,
    Broken,
    Line,
    expect_ok,
    expect_that,
    offers,
)
from ultrainteract.sandbox.checks.case import Property
from ultrainteract.sandbox.checks.witness import LINE_SEED, PARENT, baseline, contained, look_again
from ultrainteract.types import ExecResult, Outcome

# An overrun with little CPU time runs once more, alone; ending a thousand processes takes time.
GRACE_SECONDS = 30.0
SHOWN = 60
NEXT = "6 * 7"
LEAVES_STATE = (Outcome.OK, Outcome.EXCEPTION)


@dataclass(frozen=True, slots=True)
class Program:
    """`outcomes` are the ways it may end, empty for any. `shows` is a pattern its output holds,
    `hides` one that it must not. `seconds` replace the sandbox's own, 0 for those. Unless
    it is `safe` it does not run where the host is in reach, which it could hurt."""

    name: str
    code: str
    outcomes: tuple[Outcome, ...] = ()
    shows: str = ""
    hides: str = ""
    stdin: str = ""
    seconds: float = 0.0
    safe: bool = False

    def as_property(self) -> Property:
        """What the sandbox keeps while and after it runs."""
        return Property(self.name, self.check, concedable=False)

    async def check(self, bench: Bench) -> str:
        """Run it, then look around. Raises `Broken`, and `SandboxFault` for a second fault."""
        await baseline(bench)
        if not self.safe:
            await contained(bench)
        line = bench.line(PARENT, seed=LINE_SEED)
        result, following = await self._run(bench, line)
        self._judge(bench, result)
        if result.outcome not in LEAVES_STATE:
            expect_ok("the turn after it", "42\n", following)
        await look_again(bench, line)
        last = (result.output.strip().splitlines() or [""])[-1][:SHOWN]
        printable = "".join(char if char.isprintable() else "." for char in last)
        return f"{result.outcome.value}: {printable}"

    async def _run(self, bench: Bench, line: Line) -> list[ExecResult]:
        seconds, manner = bench.limits.seconds, Manner(stdin=self.stdin)
        if self.seconds and offers((await line.cell()).run, "manner"):
            seconds = self.seconds
            manner = replace(manner, limits=replace(bench.limits, seconds=seconds))
        most = 2 * seconds + GRACE_SECONDS
        try:
            async with asyncio.timeout(most):
                return await line.turns((self.code, manner), (NEXT, NOTEBOOK))
        except TimeoutError:
            raise Broken(f"its deadline: expected an end within {most:g} s, saw none") from None

    def _judge(self, bench: Bench, result: ExecResult) -> None:
        kept, outcome = result.output, result.outcome
        names = " or ".join(one.value for one in self.outcomes)
        holds = not self.outcomes or outcome in self.outcomes
        expect_that("how it ends", names, (outcome.value, kept), holds=holds)
        shown = re.search(self.shows, kept) is not None
        expect_that("its output", f"/{self.shows}/ in it", kept, holds=shown)
        found = re.search(self.hides, kept) if self.hides else None
        expect_that("its output", f"no /{self.hides}/ in it", kept, holds=found is None)
        most = bench.limits.output_chars + 200
        expect_that("its output", f"{most} characters at most", len(kept), holds=len(kept) <= most)
