"""Whether a problem is too easy for a tree: a filter model tries it first.

Kept are problems that the filter model fails (arXiv 2404.02078, section 2). A sample goes on over
its own steps until it answers. Its effects are those of the tree, so a replay sieves alike; its
draws are numbered below zero, so that no action of the tree repeats one.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ultrainteract.claims import OPINION, kind_of
from ultrainteract.config import RunConfig
from ultrainteract.ladder import Purpose, Wave
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import Instruction, Judgement, NodeKind, StopReason

# A rung of its own, below those of the ladder.
RUNG = -2


class Decision(StrEnum):
    """What the samples so far say; MORE asks for another one."""

    KEEP = "keep"
    DROP = "drop"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Tried:
    """The verdicts on a filter model's samples of one problem."""

    correct: int = 0
    incorrect: int = 0
    unverified: int = 0

    @property
    def samples(self) -> int:
        """How many there are."""
        return self.correct + self.incorrect + self.unverified

    @property
    def verified(self) -> int:
        """How many were judged right or wrong."""
        return self.correct + self.incorrect

    def __add__(self, other: "Tried") -> "Tried":
        return Tried(
            self.correct + other.correct,
            self.incorrect + other.incorrect,
            self.unverified + other.unverified,
        )

    def __str__(self) -> str:
        if not self.verified:
            return f"none of {self.samples} samples verified"
        return f"{self.correct} of {self.verified} samples right"


def tally(verdicts: Iterable[Judgement]) -> Tried:
    """The verdicts counted."""
    given = list(verdicts)
    return Tried(*(given.count(one) for one in Judgement))


def decide(tried: Tried, *, k: int, max_pass_rate: float) -> Decision:
    """Keep, drop, or ask for more: as soon as no outcome of the rest of `k` samples changes it.

    The pass rate is correct over verified samples. After `k` samples without one verdict the
    problem goes, unless every rate is allowed.
    """
    if max_pass_rate >= 1:
        return Decision.KEEP
    left = max(0, k - tried.samples)
    lowest = tried.correct / max(1, tried.verified + left)
    highest = (tried.correct + left) / max(1, tried.verified + left)
    if lowest > max_pass_rate or tried.verified == left == 0:
        return Decision.DROP
    if highest <= max_pass_rate and tried.verified:
        return Decision.KEEP
    return Decision.MORE


def fewest(tried: Tried, *, k: int, max_pass_rate: float) -> int:
    """How many more samples could decide, if all were right or all were wrong; 0 when decided."""
    for more in range(k - tried.samples):
        ends = (tried + Tried(correct=more), tried + Tried(incorrect=more))
        if any(decide(end, k=k, max_pass_rate=max_pass_rate) is not Decision.MORE for end in ends):
            return more
    return max(0, k - tried.samples)


class _Turn(Protocol):
    nodes: list[Node]

    async def draw(self, wave: Wave) -> None: ...


OpenTurn = Callable[[PreferenceTree], _Turn]


async def sieve(tree: PreferenceTree, config: RunConfig, open_turn: OpenTurn) -> None:
    """Stop a bare tree whose problem the filter model solves too often. Raises what effects raise.

    `open_turn` opens the next turn of a tree. A reply that is no answer is a failure, as is one
    that never gets to an answer; an answer without a verdict and a sample that is lost say
    nothing. A problem whose answers are a judge's opinion stays untried: nothing is known of it.
    """
    select, tried = config.select, Tried()
    if not select.sieves or kind_of(tree.instruction) == OPINION:
        return
    while n := fewest(tried, k=select.samples, max_pass_rate=select.max_pass_rate):
        scratch = PreferenceTree(tree.instruction)
        turn = open_turn(scratch)
        await turn.draw(_wave(config, n, tried.samples - select.samples))
        attempts = [_attempt(tree.instruction, node, config, open_turn) for node in turn.nodes]
        grown = await asyncio.gather(*attempts)
        judged = tally(map(_judgement, grown))
        tried += judged + Tried(unverified=n - judged.samples)
        # Turn 0 is before the tree's first.
        lost = (loss for one in (scratch, *grown) for loss in one.losses)
        tree.losses += [replace(loss, turn=0) for loss in lost]
    if decide(tried, k=select.samples, max_pass_rate=select.max_pass_rate) is Decision.DROP:
        tree.stop, tree.remark = StopReason.TOO_EASY, str(tried)


def _wave(config: RunConfig, n: int, first: int) -> Wave:
    return Wave(Purpose.FILTER, config.filter, RUNG, n, first)


async def _attempt(
    instruction: Instruction, node: Node, config: RunConfig, open_turn: OpenTurn
) -> PreferenceTree:
    """One sample as a tree of its own, in which each step is followed by its next action."""
    draw = node.action.sampling.draw
    alone = PreferenceTree(instruction)
    node = alone.add(node.kind, node.action, node.observation, node.verdict)
    while node.kind is NodeKind.STEP and node.turn < config.tree.max_turns:
        alone.close_turn(expanded=node)
        turn = open_turn(alone)
        await turn.draw(_wave(config, 1, draw))
        if not turn.nodes:
            break
        node = turn.nodes[0]
    return alone


def _judgement(alone: PreferenceTree) -> Judgement:
    if alone.losses:
        return Judgement.UNVERIFIED
    return alone.nodes[-1].judgement or Judgement.INCORRECT
