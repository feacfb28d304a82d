"""How long trajectories are: tokens where an endpoint counted them, estimated where none did."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from ultrainteract.tree import Node


@dataclass(frozen=True, slots=True)
class Length:
    """One trajectory. `counted` are the recorded tokens of its actions, `actions` the characters
    of all of them, `uncounted` those of actions without a count, `told` those of all else."""

    counted: int
    actions: int
    uncounted: int
    told: int

    @classmethod
    def of(cls, actions: Sequence[Node], told: Sequence[str]) -> Self:
        """Of a path's actions and of what else is read on it."""
        counted = sum(_tokens(node) for node in actions)
        uncounted = sum(_characters(node) for node in actions if not _tokens(node))
        return cls(counted, sum(map(_characters, actions)), uncounted, sum(map(len, told)))


@dataclass
class Lengths:
    """Sums over trajectories; means come out, None where there is nothing to tell."""

    trajectories: int = 0
    counted: int = 0
    estimated: int = 0
    """Characters whose tokens nobody counted."""
    whole: int = 0
    """Characters of everything."""
    complete: int = 0
    """Trajectories of which each action was counted; `complete_tokens` are theirs."""
    complete_tokens: int = 0
    seen_tokens: int = 0
    seen_characters: int = 0

    def add(self, length: Length) -> None:
        """One trajectory more."""
        self.trajectories += 1
        self.counted += length.counted
        self.estimated += length.uncounted + length.told
        self.whole += length.actions + length.told
        if not length.uncounted:
            self.complete += 1
            self.complete_tokens += length.counted

    def observe(self, actions: Iterable[Node]) -> None:
        """Actions, on a trajectory or not, that tell how many characters a token has."""
        for node in actions:
            if _tokens(node):
                self.seen_tokens += _tokens(node)
                self.seen_characters += _characters(node)

    def rate(self) -> float | None:
        """Characters a token of the observed actions."""
        return self.seen_characters / self.seen_tokens if self.seen_characters else None

    def tokens(self, rate: float | None) -> float | None:
        """Mean tokens of a trajectory, at `rate` characters a token where none were counted."""
        if not self.trajectories or rate is None:
            return None
        return (self.counted + self.estimated / rate) / self.trajectories

    def action_tokens(self) -> float | None:
        """Mean recorded tokens of the actions of a trajectory."""
        return self.complete_tokens / self.complete if self.complete_tokens else None

    def characters(self) -> float | None:
        """Mean characters of a trajectory."""
        return self.whole / self.trajectories if self.trajectories else None


def _tokens(node: Node) -> int:
    return node.action.sampling.completion_tokens


def _characters(node: Node) -> int:
    return len(node.action.text)
