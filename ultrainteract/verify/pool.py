"""Judges claims: the exact stage here, the slow one in worker processes that can be killed.

What a worker's end says of a claim is UNVERIFIED, and depends on the text: CPU time, memory, a
crash. An end from outside is no verdict: the claim is asked once more, then it is a GraderFault.
"""

import asyncio
from collections import deque
from importlib.metadata import version

from ultrainteract.errors import GraderFault
from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.context import parsed
from ultrainteract.verify.finding import Finding
from ultrainteract.verify.kinds import Kind, kind
from ultrainteract.verify.process import Died, Process, obituary

# Raised with every change that can change a verdict; the libraries that decide are part of it.
GRADER_VERSION = f"5+math-verify{version('math-verify')}+mpmath{version('mpmath')}"
_attempts = 2


class Grader:
    """At most `processes` workers, started when first needed; claims queue for them.

    `seconds` of CPU time a claim, `memory_mb` of address space a worker. One event loop.
    """

    def __init__(self, processes: int = 1, seconds: float = 2.0, memory_mb: int = 1024) -> None:
        self._seconds, self._memory_mb = seconds, memory_mb
        self._slots = asyncio.Semaphore(processes)
        self._idle: deque[Process] = deque()
        self._busy: set[Process] = set()
        self._closed = False

    async def judge(self, claim: Claim) -> Verdict:
        """The verdict on a claim.

        Raises UnknownName for its kind, UserError for its context, GraderFault for no verdict.
        """
        rules = kind(claim.kind)
        finding = rules.exact(claim.predicted, claim.gold, parsed(claim.context))
        if finding is None:
            async with self._slots:
                finding = await self._slowly(rules, claim)
        return Verdict(
            judgement=Judgement(finding.judgement),
            rule=finding.rule,
            grader=GRADER_VERSION,
            reason=finding.reason,
        )

    async def close(self) -> None:
        """End every worker; safe to call twice. A claim under way becomes a GraderFault."""
        self._closed = True
        workers = [*self._idle, *self._busy]
        self._idle.clear()
        for worker in workers:
            await worker.kill()

    async def _slowly(self, rules: Kind, claim: Claim) -> Finding:
        for _ in range(_attempts):
            if self._closed:
                raise GraderFault("the grader is closed")
            worker = self._idle.pop() if self._idle else await Process.start(self._memory_mb)
            finding = await self._asked(worker, rules, claim)
            if finding is not None:
                return finding
        raise GraderFault(f"a grading process was ended from outside {_attempts} times in a row")

    async def _asked(self, worker: Process, rules: Kind, claim: Claim) -> Finding | None:
        """None if the worker's end was not the claim's doing. It is kept only if it answered."""
        self._busy.add(worker)
        reusable = False
        try:
            finding = await worker.ask(rules.slow, claim, self._seconds)
            reusable = finding.rule != "memory" and not self._closed
        except Died as death:
            return obituary(death.signal)
        except TimeoutError:
            return None
        finally:
            self._busy.discard(worker)
            if reusable:
                self._idle.append(worker)
            else:
                worker.signal_kill()
        return finding
