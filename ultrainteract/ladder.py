"""Which samples a turn asks for next: waves, stronger rungs, the guided rung, other models.

A pure function of what the turn has asked and got, so that a replayed tree asks the same.
Waves give the pairs that whole rungs would (arXiv 2404.02078, appendix A: 20 samples, then
stronger actors, then guidance): verdicts alone say when to stop, and a lot among actions of one
rung what is kept (`benchmarks/waves.py`). Fewer correct actions are drawn in all, and a turn whose
first wave is all steps becomes a step's.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from ultrainteract.config import RunConfig
from ultrainteract.early import all_correct
from ultrainteract.environment import Guide
from ultrainteract.pairing import covered, incorrect
from ultrainteract.tree import Node
from ultrainteract.types import Judgement, NodeKind, digest

# Seeding costs more than a wave that is not drawn by lot.
Draw: TypeAlias = Callable[[], random.Random]


class Purpose(StrEnum):
    """What a wave is for."""

    ACTOR = "actor"
    GUIDED = "guided"
    REJECTED = "rejected"
    FILTER = "filter"


@dataclass(frozen=True, slots=True)
class Wave:
    """`n` samples of one model. `rung` counts the ladder's actors from 0; the guided rung comes
    after the last, the models for rejected actions stand on rung -1. `first` numbers the wave's
    first sample within the turn."""

    purpose: Purpose
    model: str
    rung: int
    n: int
    first: int
    guide: Guide | None = None


def lot(config: RunConfig, instruction_id: str, turn: int, *purpose: object) -> random.Random:
    """Randomness from (run seed, instruction, turn, purpose) alone."""
    return random.Random(_hashed(config, instruction_id, turn, purpose))  # noqa: S311


def request_seed(config: RunConfig, instruction_id: str, turn: int, *purpose: object) -> int:
    """The seed of a request, 31 bits, from the same alone: the hash itself, since a generator costs
    several times as much."""
    return int(_hashed(config, instruction_id, turn, purpose)[:8], 16) >> 1


def _hashed(config: RunConfig, instruction_id: str, turn: int, purpose: Sequence[object]) -> str:
    return digest([config.seed, instruction_id, turn, *map(str, purpose)])


def next_wave(
    config: RunConfig,
    guides: Sequence[Guide],
    asked: Sequence[Wave],
    nodes: Sequence[Node],
    draw: Draw,
    *,
    paired: bool = True,
) -> Wave | None:
    """The next wave of a turn that asked `asked` and got `nodes`; None when it has enough.

    A turn that is not `paired` wants a correct action only. `draw` decides only what the
    record does not: which guide, which of the other models.
    """
    first = sum(wave.n for wave in asked)
    correct = any(node.judgement is Judgement.CORRECT for node in nodes)
    if _only_steps(nodes):
        return None
    if not correct:
        begun = _next_actor(config, asked, first) or _guided(config, guides, asked, first, draw)
        return begun or _uncovered(config, guides, asked, nodes, first, draw)
    another = _uncovered(config, guides, asked, nodes, first, draw)
    if another or not paired or all_correct(config, nodes):
        return another
    if config.roles.rejected:
        wanted = max(1, len(covered(guides, nodes)))
        another = _next_rejected(config, asked, nodes, first, draw, wanted)
    if another or any(node.judgement is Judgement.INCORRECT for node in nodes):
        return another
    # All correct so far: finish this rung, no stronger one would be wrong more often.
    upcoming = _next_actor(config, asked, first)
    return upcoming if upcoming and upcoming.rung == max(wave.rung for wave in asked) else None


def _only_steps(nodes: Sequence[Node]) -> bool:
    kinds = {node.kind for node in nodes}
    return NodeKind.STEP in kinds and NodeKind.ANSWER not in kinds


def _next_actor(config: RunConfig, asked: Sequence[Wave], first: int) -> Wave | None:
    done = sum(wave.purpose is Purpose.ACTOR for wave in asked)
    rung, step = divmod(done, len(config.sampling.waves))
    if rung >= len(config.roles.actors):
        return None
    model = config.roles.actors[rung]
    return Wave(Purpose.ACTOR, model, rung, config.sampling.waves[step], first)


def _guided(
    config: RunConfig,
    guides: Sequence[Guide],
    asked: Sequence[Wave],
    first: int,
    draw: Draw,
) -> Wave | None:
    """One wave of the strongest actor, by a guide drawn by lot."""
    done = any(wave.purpose is Purpose.GUIDED for wave in asked)
    if done or not guides or not config.sampling.guided_samples:
        return None
    actors = config.roles.actors
    return Wave(
        Purpose.GUIDED,
        actors[-1],
        len(actors),
        config.sampling.guided_samples,
        first,
        draw().choice(guides),
    )


def _uncovered(
    config: RunConfig,
    guides: Sequence[Guide],
    asked: Sequence[Wave],
    nodes: Sequence[Node],
    first: int,
    draw: Draw,
) -> Wave | None:
    """One more action for a reference solution without a correct one (arXiv 2404.02078, section
    2), where the guided rung was reached; each guide is asked once."""
    used = {wave.guide.name for wave in asked if wave.guide}
    done = covered(guides, nodes)
    left = [
        guide
        for guide in guides
        if guide.covers and guide.covers not in done and guide.name not in used
    ]
    if not used or not left:
        return None
    actors = config.roles.actors
    return Wave(Purpose.GUIDED, actors[-1], len(actors), 1, first, draw().choice(left))


def _next_rejected(
    config: RunConfig,
    asked: Sequence[Wave],
    nodes: Sequence[Node],
    first: int,
    draw: Draw,
    wanted: int,
) -> Wave | None:
    """Waves of other models until they were wrong in `wanted` ways. A model is drawn by lot, and
    the next one once it was wrong: who is often right is not passed over."""
    if len(incorrect(nodes, config.roles.rejected)) >= wanted:
        return None
    done = [wave for wave in asked if wave.purpose is Purpose.REJECTED]
    if len(done) >= len(config.sampling.waves):
        return None
    size = config.sampling.waves[len(done)]
    again = done and not incorrect(nodes, [done[-1].model])
    model = done[-1].model if again else draw().choice(config.roles.rejected)
    return Wave(Purpose.REJECTED, model, -1, size, first)
