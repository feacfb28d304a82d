"""Stratified sampling: bounded, rare kinds first, the same whatever the order."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.select.made import problem, some
from ultrainteract.select import stratified
from ultrainteract.types import Problem

KINDS = ["add"] * 9 + ["divide"] * 4 + ["root"] + ["power"] * 2


def pattern(one: Problem) -> str:
    return one.meta["pattern"]


def made() -> list[Problem]:
    return [problem(number, pattern=kind) for number, kind in enumerate(KINDS)]


def test_at_most_so_many_of_a_stratum() -> None:
    selection = stratified(made(), pattern, most=3)
    assert Counter(map(pattern, selection.kept)) == {"add": 3, "divide": 3, "root": 1, "power": 2}
    assert selection.counts() == {"stratum": 7}
    assert len(selection.kept) + len(selection.removed) == len(KINDS)


def test_rare_strata_come_first_and_survive_a_limit() -> None:
    kept = stratified(made(), pattern, most=3, limit=5).kept
    assert [pattern(one) for one in kept] == ["root", "power", "power", "divide", "divide"]


def test_rare_categories_come_before_rare_strata() -> None:
    problems = [
        *(problem(f"a{n}", category="general", pattern=f"p{n}") for n in range(5)),
        *(problem(f"b{n}", category="physics", pattern="q") for n in range(3)),
    ]
    kept = stratified(
        problems, pattern, most=2, category=lambda one: one.meta["category"], limit=3
    ).kept
    assert [one.meta["category"] for one in kept] == ["physics", "physics", "general"]


@given(st.permutations(made()), st.integers(0, 4), st.integers(0, 20))
def test_the_order_of_the_source_does_not_matter(
    shuffled: list[Problem], most: int, limit: int
) -> None:
    one, other = (
        stratified(problems, pattern, most=most, limit=limit) for problems in (made(), shuffled)
    )
    assert one.kept == other.kept


@given(st.integers(0, 5), st.integers(0, 5))
def test_a_larger_bound_keeps_what_a_smaller_one_took(few: int, more: int) -> None:
    small, large = sorted((few, more))
    kept = {one.id for one in stratified(made(), pattern, most=large).kept}
    assert {one.id for one in stratified(made(), pattern, most=small).kept} <= kept


def test_another_draw_takes_others() -> None:
    first, second = (
        stratified(some(50), lambda _: "all", most=5, draw=draw).kept for draw in (0, 1)
    )
    assert first != second
