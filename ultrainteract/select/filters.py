"""Filters that read a problem's meta: levels and marks, what its dataset leaves out by itself, and
the same problem in two datasets."""

import json
from collections.abc import Collection, Iterable, Mapping
from functools import cache

from ultrainteract.seeds.registry import load_seed
from ultrainteract.select.selection import Reason, Selection, WhyNot, sift
from ultrainteract.types import Problem


def with_meta(
    problems: Iterable[Problem],
    key: str,
    values: Collection[str],
    *,
    absent: bool = False,
) -> Selection:
    """The problems whose meta has one of `values` under `key`; `absent` keeps those without."""
    return sift(problems, other_meta(key, values, absent=absent))


def other_meta(key: str, values: Collection[str], *, absent: bool = False) -> WhyNot:
    """What `with_meta` has against a problem."""

    def why_not(problem: Problem) -> Reason | None:
        value = problem.meta.get(key)
        if value in values or (value is None and absent):
            return None
        return Reason(key, f"{key} {'not known' if value is None else value}")

    return why_not


def left_out(aside: Collection[str] = ()) -> WhyNot:
    """What the datasets' own selections (`Seed.keep`) have against a problem.

    `aside` are keys that a run decides itself. A problem's dataset has to be a registered one.
    """
    seed = cache(load_seed)

    def why_not(problem: Problem) -> Reason | None:
        words = seed(problem.dataset).left_out(problem.meta, aside)
        return Reason(words, words) if words else None

    return why_not


def without_origins_of(problems: Iterable[Problem], others: Iterable[Problem]) -> Selection:
    """The problems that share no key of origin (`meta["keys"]`) with any of `others`.

    So TACO loses what it took over from CodeContests (arXiv 2404.02078, appendix A).
    """
    owners = {key: _same_as(other, key) for other in others for key in origin_keys(other)}
    return sift(problems, lambda problem: _owned(problem, owners))


def first_of_each_origin(problems: Iterable[Problem]) -> Selection:
    """The problems without those that share a key of origin with an earlier one."""
    return sift(problems, seen_before())


def seen_before() -> WhyNot:
    """What `first_of_each_origin` has against a problem; remembers every one that it is asked."""
    owners: dict[str, Reason] = {}

    def why_not(problem: Problem) -> Reason | None:
        reason = _owned(problem, owners)
        for key in origin_keys(problem):
            owners.setdefault(key, _same_as(problem, key))
        return reason

    return why_not


def origin_keys(problem: Problem) -> list[str]:
    """The keys of `meta["keys"]`; none where a dataset gives none."""
    return [str(key) for key in json.loads(problem.meta.get("keys") or "[]")]


def _owned(problem: Problem, owners: Mapping[str, Reason]) -> Reason | None:
    return next((owners[key] for key in origin_keys(problem) if key in owners), None)


def _same_as(owner: Problem, key: str) -> Reason:
    words = f"same as {owner.native_id} of {owner.dataset}"
    return Reason("same problem", words, owner.dataset, owner.native_id, key)
