"""Trees out of the record, with the claims behind their verdicts.

The journal keys a verdict by the digest of its claim and does not hold the claim. A replay asks
for each verdict again, so it tells the claims.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from ultrainteract.config import RunConfig
from ultrainteract.grow import Effects
from ultrainteract.journal import Journal
from ultrainteract.layers.layer import Layer
from ultrainteract.layers.overlay import Judged, overlay
from ultrainteract.recorder import Unrecorded, claim_key, replay
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Claim, ExecResult, Instruction, Verdict
from ultrainteract.verify.regrade import Stored

# To enter an event loop costs as much as to replay a small tree.
_PAGE = 32


@dataclass(frozen=True, slots=True)
class Recalled:
    """A tree as it is recorded, its verdicts `Judged`, and every claim that was judged while it
    grew, a filter model's attempts included."""

    tree: PreferenceTree
    claims: Mapping[str, Stored]


@dataclass
class _Recalling:
    effects: Effects
    claims: dict[str, Stored] = field(default_factory=dict)

    async def sample(self, request: Request) -> Reply:
        return await self.effects.sample(request)

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        return await self.effects.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        found = await self.effects.judge(claim)
        key = claim_key(claim)
        self.claims[key] = Stored(key, claim, found)
        return Judged(found.judgement, found.rule, found.grader, found.reason, found.shown, key=key)


async def recall(journal: Journal, instruction: Instruction, config: RunConfig) -> Recalled:
    """One tree with its claims. Raises `Unrecorded` for one that is unfinished."""
    claims: dict[str, Stored] = {}

    def through(effects: Effects) -> Effects:
        return _Recalling(effects, claims)

    return Recalled(await replay(journal, instruction, config, through), claims)


def finished_trees(
    journal: Journal, config: RunConfig, misfits: list[str], layer: Layer | None = None
) -> Iterator[PreferenceTree]:
    """Every tree that ended, in instruction order, as the record tells it, under `layer`.

    Few are held at a time. The ids of trees that the record does not reach any more are added to
    `misfits`.
    """
    grown = journal.finished()
    with asyncio.Runner() as runner:
        while page := list(islice(grown, _PAGE)):
            trees = _as_recorded(journal, page, config, misfits, layer)
            # `runner.run` would set up signals for each page: a replay is never waited for.
            yield from runner.get_loop().run_until_complete(trees)


async def _as_recorded(
    journal: Journal,
    page: list[Instruction],
    config: RunConfig,
    misfits: list[str],
    layer: Layer | None,
) -> list[PreferenceTree]:
    trees = []
    for one in page:
        try:
            if layer:
                trees.append(overlay((await recall(journal, one, config)).tree, layer))
            else:
                trees.append(await replay(journal, one, config))
        except Unrecorded:
            misfits.append(one.id)
    return trees
