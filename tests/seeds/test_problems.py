"""Rows become problems: counted, told apart, drawn by lot."""

import json
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.errors import SeedError
from ultrainteract.seeds import Question, Row, Skip, load, seed, select
from ultrainteract.types import Problem, Reference


@pytest.fixture(autouse=True)
def _mine() -> None:
    @seed("mine", environments="math_pot")
    def mine(row: Row) -> Question:
        if row.get("image"):
            raise Skip("image")
        answer = cast("str", row["a"])
        return Question(row.text("q"), answer, id=str(row.get("id", "")))


def write(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def some(count: int) -> list[Problem]:
    return [Problem("d", str(n), f"{n}?", Reference("1"), ("math_pot",)) for n in range(count)]


def test_every_row_is_a_problem_or_counted_under_its_reason(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [
        {"q": "1?", "a": 1},
        {"q": "2?"},
        {"q": "3?", "a": None},
        {"q": "4?", "a": ""},
        {"q": "5?", "a": [5]},
        {"q": "6?", "a": True},
        {"q": "7?", "a": "7", "image": "x"},
        {"q": "  1?\n", "a": 1},
        {"a": "9"},
    ]
    loaded = load("mine", source=write(tmp_path, rows))
    assert loaded.skipped == {
        "missing field a": 1,
        "no answer": 2,
        "answer is of type list, not text": 1,
        "answer is of type bool, not text": 1,
        "image": 1,
        "same problem as an earlier row": 1,
        "missing field q": 1,
    }
    assert (loaded.rows, loaded.available, len(loaded.problems)) == (9, 1, 1)
    assert next(iter(loaded.skipped)) == "no answer"


def test_identity_is_the_text_without_white_space_or_the_native_id(tmp_path: Path) -> None:
    first, spaced, named = load(
        "mine",
        source=write(
            tmp_path,
            [{"q": "a b?", "a": 1}, {"q": "other", "a": 1}, {"q": "a b?", "a": 1, "id": 7}],
        ),
    ).problems
    again = load("mine", source=write(tmp_path, [{"q": " a\n b? ", "a": 2}])).problems[0]
    assert first.id == again.id
    assert len({first.id, spaced.id, named.id}) == 3
    assert named.native_id == "7"


def test_file_of_which_nothing_loads_says_why_and_what_it_holds(tmp_path: Path) -> None:
    path = write(tmp_path, [{"question": "1?", "a": 1}] * 3 + [{"q": "2?"}])
    with pytest.raises(
        SeedError, match="none of 4 rows is a problem: 3 missing field q, 1 mis"
    ) as e:
        load("mine", source=path)
    assert "first row has the fields: question, a" in str(e.value)
    empty = load("mine", source=path, allow_empty=True)
    assert (empty.problems, empty.rows) == ((), 4)


def test_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"file rows\.jsonl .* holds no rows"):
        load("mine", source=write(tmp_path, []))


def test_shipped_dataset_in_a_foreign_shape_points_to_its_sample(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"1 missing field problem\. .*samples/math\.jsonl"):
        load("math", source=write(tmp_path, [{"q": "1?", "a": 1}]))


def test_limit_counts_the_whole_source_and_takes_varied_problems() -> None:
    four = load("math", source="sample", limit=4)
    everything = load("math", source="sample")
    assert (four.rows, four.available) == (everything.rows, everything.available)
    assert len({problem.meta["type"] for problem in four.problems}) >= 3
    assert load("math", source="sample", limit=4, draw=1).problems != four.problems


def test_a_limit_of_none_at_all_still_counts() -> None:
    nothing = load("math", source="sample", limit=0)
    assert (nothing.problems, nothing.rows) == ((), load("math", source="sample").rows)


def test_places_name_a_few_rows_for_each_reason(tmp_path: Path) -> None:
    rows: list[dict[str, object]] = [{"q": "1?", "a": 1}]
    rows += [{"a": n} for n in range(9)]
    loaded = load("mine", source=write(tmp_path, rows))
    assert loaded.places == {"missing field q": tuple(f"rows.jsonl line {n}" for n in range(2, 7))}


def test_the_selection_of_a_seed_leaves_out_and_counts(tmp_path: Path) -> None:
    @seed("graded", environments="math_pot", keep={"grade": ["4", "5"]})
    def graded(row: Row) -> Question:
        return Question(row.text("q"), row.text("a"), meta={"grade": row.optional("grade")})

    rows: list[dict[str, object]] = [
        {"q": f"{n}?", "a": n, "grade": grade} for n, grade in enumerate((4, 5, 6, 6, None))
    ]
    path = write(tmp_path, rows)
    taken, everything = (load("graded", source=path, everything=all_) for all_ in (False, True))
    left_out = {"grade 6 (taken: 4, 5)": 2, "grade unknown (taken: 4, 5)": 1}
    assert taken.left_out == everything.left_out == left_out
    assert (taken.available, everything.available) == (2, 5)
    with pytest.raises(SeedError, match=r"none of 2 rows is a problem: 2 grade 6 \(taken: 4, 5\)"):
        load("graded", source=write(tmp_path, rows[2:4]))


@given(st.integers(0, 30), st.integers(0, 40), st.integers(0, 40), st.integers())
def test_larger_limit_keeps_what_a_smaller_one_took(
    count: int, small: int, large: int, draw: int
) -> None:
    problems = some(count)
    few, many = (select(problems, limit, draw) for limit in sorted((small, large)))
    assert set(few_ids(few)) <= set(few_ids(many))
    assert len(few) == min(count, small, large)
    assert list(many) == sorted(many, key=problems.index)


@given(st.permutations(some(12)), st.integers(0, 12))
def test_lot_does_not_depend_on_the_order_of_the_source(shuffled: list[Problem], n: int) -> None:
    assert set(few_ids(select(shuffled, n))) == set(few_ids(select(some(12), n)))


def few_ids(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.id for problem in problems]


@pytest.mark.parametrize("row", [{"q": "\ud83d", "a": 1}, {"q": "1?", "a": "x\ude00"}])
def test_half_a_surrogate_pair_skips_its_row_only(tmp_path: Path, row: dict[str, object]) -> None:
    rows = [row, {"q": "whole \U0001f600", "a": 1}]
    loaded = load("mine", source=write(tmp_path, rows))
    assert loaded.skipped == {"text that is no valid Unicode": 1}
    assert [one.statement for one in loaded.problems] == ["whole \U0001f600"]
