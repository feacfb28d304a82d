"""Stratified sampling: at most so many problems of a kind, rare kinds first.

MathQA: at most 5 problems for each annotated formula pattern, long-tail categories first
(arXiv 2404.02078, appendix A). Which problems of a kind is drawn by lot, a hash of `draw` and
the problem's id, so that a larger bound keeps what a smaller one took.
"""

from collections import Counter
from collections.abc import Callable, Iterable

from ultrainteract.select.selection import Reason, Selection, removal
from ultrainteract.types import Problem, digest


def stratified(
    problems: Iterable[Problem],
    stratum: Callable[[Problem], str],
    *,
    most: int,
    category: Callable[[Problem], str] | None = None,
    limit: int | None = None,
    draw: int = 0,
) -> Selection:
    """At most `most` problems of a stratum and `limit` in all, rarest category first.

    `category` groups strata; without it each stratum is one. Kept are in the order of taking:
    by the size of the category, then of the stratum, then by lot.
    """
    everything = list(problems)
    group = category or stratum
    groups = Counter(map(group, everything))
    strata = Counter(map(stratum, everything))

    def turn(problem: Problem) -> tuple[int, str, int, str, str]:
        kind, layer = group(problem), stratum(problem)
        return groups[kind], kind, strata[layer], layer, digest([draw, problem.id])

    kept: list[Problem] = []
    gone = []
    taken: Counter[str] = Counter()
    for problem in sorted(everything, key=turn):
        layer = stratum(problem)
        if taken[layer] == most:
            gone.append(removal(problem, Reason("stratum", f"{most} of its stratum are kept")))
        elif limit is not None and len(kept) == limit:
            gone.append(removal(problem, Reason("limit", f"{limit} problems are kept")))
        else:
            taken[layer] += 1
            kept.append(problem)
    return Selection(tuple(kept), tuple(gone))
