"""Filters by meta, and the same problem in two datasets."""

import json

from tests.select.made import problem
from ultrainteract.seeds import load
from ultrainteract.select import draw_by_lot, first_of_each_origin, with_meta, without_origins_of


def test_levels_are_kept_by_name_and_the_rest_says_why() -> None:
    problems = [problem(1, level="4"), problem(2, level="?"), problem(3)]
    selection = with_meta(problems, "level", {"4", "5"})
    assert selection.kept == (problems[0],)
    assert [one.reason.words for one in selection.removed] == ["level ?", "level not known"]
    assert selection.counts() == {"level": 2}
    assert len(with_meta(problems, "level", {"4"}, absent=True).kept) == 2


def test_selections_one_after_the_other_keep_all_removals() -> None:
    problems = [problem(n, level=str(n), kind=str(n % 2)) for n in range(4)]
    first = with_meta(problems, "level", {"1", "2", "3"})
    both = with_meta(first.kept, "kind", {"1"}).after(first)
    assert [one.native_id for one in both.kept] == ["1", "3"]
    assert [one.native_id for one in both.removed] == ["0", "2"]


def test_problems_of_another_dataset_go_by_their_keys() -> None:
    mine = [problem(1, keys=json.dumps(["a", "b"])), problem(2, keys='["c"]'), problem(3)]
    selection = without_origins_of(mine, [problem(9, keys='["b"]'), problem(8)])
    assert [one.native_id for one in selection.kept] == ["2", "3"]
    (gone,) = selection.removed
    assert (gone.reason.words, gone.reason.text) == ("same as 9 of made", "b")


def test_first_of_several_with_one_origin_stays() -> None:
    problems = [problem(1, keys='["a"]'), problem(2, keys='["a", "b"]'), problem(3, keys='["b"]')]
    # The third is the second's twin, and so the first's.
    assert [one.native_id for one in first_of_each_origin(problems).kept] == ["1"]


def test_bundled_taco_loses_what_codecontests_has() -> None:
    taco, contests = (load(name, source="sample").problems for name in ("taco", "codecontests"))
    assert without_origins_of(taco, contests).counts() == {"same problem codecontests": 4}
    assert without_origins_of(contests, ()).kept == contests


def test_subsample_is_drawn_by_hash() -> None:
    problems = [problem(number) for number in range(30)]
    one, other = (
        {taken.id for taken in draw_by_lot(source, 5)} for source in (problems, problems[::-1])
    )
    assert one == other
