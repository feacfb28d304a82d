"""Judges a run's recorded claims again and writes what changed as a layer. No model is asked.

One tree is in memory at a time. Machinery that fails says nothing of a claim: it keeps its
verdict and is counted.
"""

import asyncio
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.claims import PROGRAM
from ultrainteract.config import RunConfig
from ultrainteract.errors import GraderFault, SandboxFault
from ultrainteract.journal import Journal
from ultrainteract.layers.layer import Head, LayerWriter, Tail
from ultrainteract.layers.recall import recall
from ultrainteract.live import LiveEffects
from ultrainteract.programs.grade import GRADER_VERSION as PROGRAMS_VERSION
from ultrainteract.recorder import Unrecorded, claim_key
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.pool import GRADER_VERSION, Grader
from ultrainteract.verify.regrade import Changed, Stored, regraded

KEPT = 3


@dataclass(frozen=True, slots=True)
class Change:
    """What changes are counted by."""

    kind: str
    before: Judgement
    rule_before: str
    after: Judgement
    rule_after: str


@dataclass
class Regrading:
    """What a second judgement came to. `examples` holds the first few of each change, with the
    tree they are of."""

    trees: int = 0
    claims: int = 0
    programs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    unfinished: int = 0
    misfits: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    examples: dict[Change, list[tuple[str, Changed]]] = field(default_factory=dict)

    def tail(self) -> Tail:
        """As the layer keeps it."""
        return Tail(
            claims=self.claims,
            changed=self.changes.total(),
            programs=self.programs,
            faults=self.faults.total(),
            trees=self.misfits,
        )

    def count(self, tree: str, changed: Changed) -> None:
        """One verdict that changed."""
        before, after = changed.before, changed.after
        change = Change(
            changed.claim.kind, before.judgement, before.rule, after.judgement, after.rule
        )
        self.changes[change] += 1
        examples = self.examples.setdefault(change, [])
        if len(examples) < KEPT:
            examples.append((tree, changed))


class _Judges:
    """The present graders, as `regraded` takes them; programs wait for a container."""

    def __init__(self, config: RunConfig, result: Regrading, *, programs: bool) -> None:
        pace = config.pace
        self._result, self._grader = result, Grader(pace.graders)
        self._sandbox = make_sandbox(config.sandbox.limits(), pace) if programs else None
        self._live = LiveEffects({}, self._sandbox, None, self._grader)
        self._containers = asyncio.Semaphore(pace.containers)
        self._recorded: dict[str, Verdict] = {}

    def chosen(self, stored: Collection[Stored]) -> list[Stored]:
        """Those of a tree's claims that are judged again; the others are counted."""
        wanted = [one for one in stored if self._sandbox or one.claim.kind != PROGRAM]
        self._result.programs += len(stored) - len(wanted)
        self._result.claims += len(wanted)
        self._recorded = {one.key: one.verdict for one in wanted}
        return wanted

    async def judge(self, claim: Claim) -> Verdict:
        """The present verdict, or the recorded one where machinery failed."""
        try:
            if claim.kind != PROGRAM:
                return await self._live.judge(claim)
            async with self._containers:
                return await self._live.judge(claim)
        except (GraderFault, SandboxFault) as fault:
            self._result.claims -= 1
            self._result.faults[f"{type(fault).__name__}: {fault}"] += 1
            return self._recorded[claim_key(claim)]

    async def close(self) -> None:
        """Leave no process and no container behind."""
        await self._grader.close()
        if self._sandbox:
            await self._sandbox.close()


async def regrade_run(
    run: Path, journal: Journal, config: RunConfig, name: str, *, programs: bool = False
) -> Regrading:
    """Judge every claim of every finished tree by the present graders and write layer `name`.

    Programs run in the sandbox of `config.pace` where `programs` says so, else they are counted
    and keep their verdicts. Claims of unfinished trees, and those that no tree reaches any more
    after a change of configuration, are not among them.
    """
    result = Regrading(unfinished=journal.trees() - journal.grown())
    head = Head(grader=GRADER_VERSION, programs=PROGRAMS_VERSION if programs else "")
    judges = _Judges(config, result, programs=programs)
    with LayerWriter(run, name, head) as layer:
        try:
            for instruction in journal.finished():
                try:
                    recalled = await recall(journal, instruction, config)
                except Unrecorded:
                    result.misfits += 1
                    continue
                result.trees += 1
                stored = judges.chosen(recalled.claims.values())
                async for changed in regraded(stored, judges.judge):
                    layer.add(instruction.id, changed)
                    result.count(instruction.id, changed)
        finally:
            await judges.close()
        layer.finish(result.tail())
    return result
