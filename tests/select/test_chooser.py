"""The selection of a run, as its configuration says."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.select.made import problem, some
from ultrainteract.config import SelectConfig
from ultrainteract.errors import ConfigError
from ultrainteract.select import Benchmark, Item, draw_by_lot
from ultrainteract.select.chooser import Chooser, reading_order
from ultrainteract.select.record import Removed, counted
from ultrainteract.types import Problem

HELD = Benchmark("held", (Item("i", "one two three four five six seven eight nine"),))
QUOTE = "Say one two three four five six seven eight."


def names(problems: Iterable[Problem]) -> list[str]:
    return [one.native_id for one in problems]


def formulas(*counts: int) -> list[Problem]:
    """So many problems of each formula pattern; the first half of the patterns is of one kind."""
    return [
        problem(f"{layer}-{n}", stratum=f"f{layer}", category="ab"[layer * 2 // len(counts)])
        for layer, count in enumerate(counts)
        for n in range(count)
    ]


def test_without_settings_only_the_lot_decides() -> None:
    problems = some(30)
    chooser = Chooser(SelectConfig(), limit=4, draw=2)
    assert tuple(chooser.pick(problems)) == draw_by_lot(problems, 4, 2)
    assert list(Chooser(SelectConfig()).pick(problems)) == problems
    assert chooser.removed == []


def test_each_problem_goes_for_the_first_reason_in_the_order_of_the_stages() -> None:
    twin = json.dumps(["k"])
    problems = [
        problem("kept", keys=twin, level="5"),
        problem("level", QUOTE, keys=twin, level="1"),
        problem("twin", QUOTE, keys=twin, level="5"),
        problem("quote", QUOTE, level="5"),
        problem("no level"),
    ]
    chooser = Chooser(SelectConfig(levels={"level": ("4", "5")}), [HELD])
    assert names(chooser.pick(problems)) == ["kept", "no level"]
    assert [(one.native_id, one.reason.rule) for one in chooser.removed] == [
        ("level", "level"),
        ("twin", "same problem"),
        ("quote", "8-gram"),
    ]
    assert counted(chooser.removed)[2] == Removed("made", "8-gram", 1, "held")


def test_what_is_removed_is_not_counted_by_the_limit() -> None:
    problems = [problem(1, QUOTE), *some(5)]
    assert len(list(Chooser(SelectConfig(), [HELD], limit=5).pick(problems))) == 5


def test_a_problem_that_levels_remove_owns_nothing() -> None:
    chooser = Chooser(SelectConfig(levels={"level": ("5",)}))
    problems = [problem("easy", keys='["k"]', level="1"), problem("hard", keys='["k"]', level="5")]
    assert names(chooser.pick(problems)) == ["hard"]


def test_overlaps_are_seen_across_datasets_and_may_be_kept() -> None:
    first, second = [problem(1, keys='["k"]')], [problem(2, keys='["k"]')]
    chooser = Chooser(SelectConfig())
    assert names([*chooser.pick(first), *chooser.pick(second)]) == ["1"]
    chooser = Chooser(SelectConfig(overlaps=False))
    assert names([*chooser.pick(first), *chooser.pick(second)]) == ["1", "2"]


def test_codecontests_is_read_before_taco_and_taco_before_apps() -> None:
    assert reading_order(["apps", "taco", "math", "codecontests"]) == [
        "math",
        "codecontests",
        "taco",
        "apps",
    ]


def test_five_of_a_formula_pattern_are_kept_unless_told_otherwise() -> None:
    problems = formulas(8, 2)
    assert len(list(Chooser(SelectConfig()).pick(problems))) == 7
    assert len(list(Chooser(SelectConfig(per_stratum=1)).pick(problems))) == 2
    chooser = Chooser(SelectConfig(per_stratum=None))
    assert list(chooser.pick(problems)) == problems
    assert chooser.removed == []


def test_a_limit_takes_the_rare_categories_first() -> None:
    common, rare = formulas(9, 3)[:9], formulas(9, 3)[9:]
    picked = Chooser(SelectConfig(per_stratum=2), limit=3).pick([*common, *rare])
    assert [one in rare for one in picked] == [True, True, False]


@given(st.lists(st.integers(1, 7), min_size=2, max_size=5), st.integers(0, 9), st.integers(1, 20))
def test_a_larger_limit_keeps_what_a_smaller_one_took(
    counts: list[int], others: int, limit: int
) -> None:
    problems = [*formulas(*counts), *some(others)]
    small, large = (
        list(Chooser(SelectConfig(), limit=most).pick(problems)) for most in (limit, limit + 3)
    )
    assert set(names(small)) <= set(names(large))
    assert len(small) == min(limit, len(list(Chooser(SelectConfig()).pick(problems))))


def test_a_level_that_no_problem_has_is_refused_with_what_they_have() -> None:
    chooser = Chooser(SelectConfig(levels={"lvl": ("5",)}))
    list(chooser.pick([problem(1, level="5", type="x")]))
    with pytest.raises(ConfigError, match=r"select\.levels names 'lvl'.*: level, type"):
        chooser.check_levels()
