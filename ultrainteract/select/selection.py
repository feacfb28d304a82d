"""What a selection keeps and what it removes; nothing goes without a reason."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias

from ultrainteract.types import Problem


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a problem goes. `rule` is a word to count by; for an overlap, `benchmark`, `item` and
    the shared `text` say with what."""

    rule: str
    words: str
    benchmark: str = ""
    item: str = ""
    text: str = ""


# Says what is to be said against a problem; None lets it pass.
WhyNot: TypeAlias = Callable[[Problem], Reason | None]


@dataclass(frozen=True, slots=True)
class Removal:
    """A problem that went, by name, and why."""

    problem_id: str
    dataset: str
    native_id: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Selection:
    """The problems kept, in their order, and the ones removed, in theirs."""

    kept: tuple[Problem, ...]
    removed: tuple[Removal, ...] = ()

    def counts(self) -> dict[str, int]:
        """How many went by each rule, and for overlaps by each benchmark, commonest first."""
        names = (f"{one.reason.rule} {one.reason.benchmark}".strip() for one in self.removed)
        return dict(Counter(names).most_common())

    def after(self, earlier: "Selection") -> "Selection":
        """This selection, made of what `earlier` kept, with the removals of both."""
        return replace(self, removed=(*earlier.removed, *self.removed))


def sift(problems: Iterable[Problem], why_not: WhyNot) -> Selection:
    """Keep the problems against which `why_not` has nothing to say."""
    kept: list[Problem] = []
    removed: list[Removal] = []
    for problem in problems:
        reason = why_not(problem)
        if reason is None:
            kept.append(problem)
        else:
            removed.append(removal(problem, reason))
    return Selection(tuple(kept), tuple(removed))


def removal(problem: Problem, reason: Reason) -> Removal:
    """The record that `problem` went for that reason."""
    return Removal(problem.id, problem.dataset, problem.native_id, reason)
