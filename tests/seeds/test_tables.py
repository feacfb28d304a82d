"""Tables: distinct columns, clean cells, bounded text."""

import json

from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.seeds.tables import distinct, table


@given(st.lists(st.sampled_from(["", "a", "a.1", "b", "Unnamed: 0"]), max_size=8))
def test_names_are_distinct_and_the_first_keeps_its_own(names: list[str]) -> None:
    made = distinct(names)
    assert len(set(made)) == len(names)
    assert all(mine.startswith(name or "Unnamed: ") for mine, name in zip(made, names, strict=True))


def test_columns_are_named_as_pandas_names_them() -> None:
    assert distinct(["", "Score", "Score", ""]) == ("Unnamed: 0", "Score", "Score.1", "Unnamed: 3")


def test_cells_are_the_same_in_text_and_data() -> None:
    made = table(["A\nB", "C"], [["one\n two", "x\ufeff\xa0y"], ["short"], ["a", "b", "c"]])
    assert json.loads(made.json()) == {
        "columns": ["A B", "C"],
        "rows": [["one  two", "x y"], ["short", ""], ["a", "b"]],
    }
    assert "| one  two | x y |" in made.text()
    assert made.broken
    assert not table(["A\nB"], [[" one   two\n\n"]]).broken


def test_bars_in_cells_do_not_break_the_text() -> None:
    assert table(["A"], [["x|y"]]).text().endswith("| x\\|y |")


def test_long_tables_say_how_many_rows_are_left_out() -> None:
    rows = [[f"{n}", "x" * 50] for n in range(200)]
    text = table(["n", "text"], rows).text(1000)
    shown = sum("xxx" in line for line in text.splitlines())
    assert len(text) < 1100
    assert text.endswith(f"({200 - shown} more rows of 200)")
    assert len(table(["n", "text"], rows).rows) == 200


def test_one_row_is_shown_however_long() -> None:
    assert "y" * 9000 in table(["A"], [["y" * 9000], ["z"]]).text(100)
