"""Filters that read a problem's meta: levels and marks, and the same problem in two datasets."""

import json
from collections.abc import Collection, Iterable

from ultrainteract.select.selection import Reason, Selection, sift
from ultrainteract.types import Problem


def with_meta(
    problems: Iterable[Problem],
    key: str,
    values: Collection[str],
    *,
    absent: bool = False,
) -> Selection:
    """The problems whose meta has one of `values` under `key`; `absent` keeps those without."""

    def why_not(problem: Problem) -> Reason | None:
        value = problem.meta.get(key)
        if value in values or (value is None and absent):
            return None
        return Reason(key, f"{key} {'not known' if value is None else value}")

    return sift(problems, why_not)


def without_origins_of(problems: Iterable[Problem], others: Iterable[Problem]) -> Selection:
    """The problems that share no key of origin (`meta["keys"]`) with any of `others`.

    So TACO loses what it took over from CodeContests (arXiv 2404.02078, appendix A).
    """
    owners = {key: other for other in others for key in origin_keys(other)}
    return sift(problems, lambda problem: _same(problem, owners))


def first_of_each_origin(problems: Iterable[Problem]) -> Selection:
    """The problems without those that share a key of origin with an earlier one."""
    owners: dict[str, Problem] = {}

    def why_not(problem: Problem) -> Reason | None:
        reason = _same(problem, owners)
        for key in origin_keys(problem):
            owners.setdefault(key, problem)
        return reason

    return sift(problems, why_not)


def origin_keys(problem: Problem) -> list[str]:
    """The keys of `meta["keys"]`; none where a dataset gives none."""
    return [str(key) for key in json.loads(problem.meta.get("keys") or "[]")]


def _same(problem: Problem, owners: dict[str, Problem]) -> Reason | None:
    for key in origin_keys(problem):
        if owner := owners.get(key):
            words = f"same as {owner.native_id} of {owner.dataset}"
            return Reason("same problem", words, owner.dataset, owner.native_id, key)
    return None
