"""Keep the problems that a filter model fails (arXiv 2404.02078, section 2).

The pass rate is correct over verified samples: a sample without a verdict says nothing. Sampling
happens elsewhere, one sample or wave at a time, until `decide` needs no more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ultrainteract.select.selection import Reason, Selection, sift
from ultrainteract.types import Judgement, Problem


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


def tally(verdicts: Iterable[Judgement]) -> Tried:
    """The verdicts counted."""
    given = list(verdicts)
    return Tried(*(given.count(one) for one in Judgement))


def decide(tried: Tried, *, k: int, max_pass_rate: float) -> Decision:
    """Keep, drop, or ask for more: as soon as no outcome of the rest of `k` samples changes it.

    After `k` samples without one verdict the problem goes, unless every rate is allowed.
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


def failing(
    problems: Iterable[Problem], tried: Mapping[str, Tried], *, k: int, max_pass_rate: float
) -> Selection:
    """The problems that `decide` keeps; `tried` is by `Problem.id`."""

    def why_not(problem: Problem) -> Reason | None:
        seen = tried.get(problem.id, Tried())
        match decide(seen, k=k, max_pass_rate=max_pass_rate):
            case Decision.KEEP:
                return None
            case Decision.MORE:
                return Reason("pass rate", f"only {seen.samples} of {k} samples")
            case Decision.DROP if seen.verified:
                return Reason("pass rate", f"{seen.correct} of {seen.verified} samples right")
            case _:
                return Reason("pass rate", f"none of {seen.samples} samples verified")

    return sift(problems, why_not)
