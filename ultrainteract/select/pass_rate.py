"""Keep the problems that a filter model fails (arXiv 2404.02078, section 2).

The pass rate is correct over verified samples: a sample without a verdict says nothing. Sampling
is `ultrainteract.sieve`'s, which decides by the same rule.
"""

from collections.abc import Iterable, Mapping

from ultrainteract.select.selection import Reason, Selection, sift
from ultrainteract.sieve import Decision, Tried, decide, tally
from ultrainteract.types import Problem

__all__ = ["Decision", "Tried", "decide", "failing", "tally"]

RULE = "pass rate"


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
                return Reason(RULE, f"only {seen.samples} of {k} samples")
            case Decision.DROP:
                return Reason(RULE, str(seen))

    return sift(problems, why_not)
