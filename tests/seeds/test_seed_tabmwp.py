"""TabMWP rows: table as text and as data, grades, choices; every bundled answer is looked up."""

import json
import statistics
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.tabmwp import tabmwp
from ultrainteract.types import Problem

Columns: TypeAlias = Mapping[str, list[str]]


def numbers(cells: list[str]) -> list[Decimal]:
    return [Decimal(cell.strip("$").replace(",", "")) for cell in cells]


def priced(table: Columns) -> dict[str, Decimal]:
    return dict(zip(table["Column 1"], numbers(table["Column 2"]), strict=True))


def balance(table: Columns, price: str) -> str:
    row = table["Price"].index(price)
    demanded, supplied = (
        numbers(table[f"Quantity {what}"])[row] for what in ("demanded", "supplied")
    )
    return "shortage" if demanded > supplied else "surplus"


def visitors(table: Columns) -> dict[str, Decimal]:
    return dict(zip(table["Month"], numbers(table["Visitors"]), strict=True))


def line(table: Columns, at: int) -> Decimal:
    points = list(zip(numbers(table["x"]), numbers(table["y"]), strict=True))
    (x0, y0), (x1, y1) = points[:2]
    slope = (y1 - y0) / (x1 - x0)
    assert all(y == y0 + slope * (x - x0) for x, y in points)
    return y0 + slope * (at - x0)


def minutes(table: Columns) -> int:
    hours = (cell.removesuffix(" A.M.").split(":") for cell in table["Arrival"])
    first, *_, last = (60 * int(hour) + int(minute) for hour, minute in hours)
    return last - first


def earned(table: Columns) -> dict[str, Decimal]:
    pay, hours = numbers(table["Pay per hour"]), numbers(table["Hours"])
    return {who: a * b for who, a, b in zip(table["Worker"], pay, hours, strict=True)}


def more_dogs(table: Columns) -> str:
    (found,) = [
        name
        for name, cats, dogs in zip(
            table["Class"], numbers(table["Cats"]), numbers(table["Dogs"]), strict=True
        )
        if dogs > cats
    ]
    return found


# Each is computed from the table alone. Text is compared as it is, numbers by value.
PROOFS: Mapping[str, Callable[[Columns], object]] = {
    "What is the mode": lambda t: statistics.mode(numbers(t["Books"])),
    "What is the mean of the numbers of": lambda t: statistics.mean(numbers(t["Books"])),
    "What is the range": lambda t: max(numbers(t["Books"])) - min(numbers(t["Books"])),
    "What is the median": lambda t: statistics.median(numbers(t["Books"])),
    "On how many days": lambda t: sum(number > 30 for number in numbers(t["Books"])),
    "How many books did": lambda t: dict(zip(t["Day"], t["Books"], strict=True))["Friday"],
    "How much do a mug": lambda t: priced(t)["mug"] + priced(t)["plate"],
    "How much more does a teapot": lambda t: priced(t)["teapot"] - priced(t)["bowl"],
    "How much do 3 mugs": lambda t: 3 * priced(t)["mug"],
    "Omar has $11.00": lambda t: (
        "yes" if priced(t)["plate"] + priced(t)["bowl"] <= Decimal("11.00") else "no"
    ),
    "At a price of $17": lambda t: balance(t, "$17"),
    "At a price of $13": lambda t: balance(t, "$13"),
    "How many visitors came": lambda t: sum(visitors(t).values()),
    "Between May and June": lambda t: visitors(t)["June"] - visitors(t)["May"],
    "Which month": lambda t: min(visitors(t), key=lambda month: visitors(t)[month]),
    "How many more visitors": lambda t: visitors(t)["July"] - visitors(t)["April"],
    "How many dogs": lambda t: sum(numbers(t["Dogs"])),
    "Which fraction": lambda t: Fraction(int(t["Cats"][1]), sum(map(int, t["Cats"]))),
    "Which class": more_dogs,
    "All rows follow": lambda t: line(t, 9),
    "Is y greater": lambda t: (
        "yes" if all(int(y) > 3 * int(x) for x, y in zip(t["x"], t["y"], strict=True)) else "no"
    ),
    "How many minutes": minutes,
    "What is the mean of the four": lambda t: statistics.mean(numbers(t["Rain"])),
    "How much more rain": lambda t: numbers(t["Rain"])[3] - numbers(t["Rain"])[0],
    "How much does Dana": lambda t: earned(t)["Dana"],
    "Who earns": lambda t: max(earned(t), key=lambda who: earned(t)[who]),
}


def bundled() -> tuple[Problem, ...]:
    return load("tabmwp", source="sample", everything=True).problems


def question_of(problem: Problem) -> str:
    return problem.statement.partition("\n\n")[2]


def columns_of(problem: Problem) -> Columns:
    table = json.loads(problem.meta["table"])
    return {
        name: [row[place] for row in table["rows"]] for place, name in enumerate(table["columns"])
    }


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [
        [start for start in PROOFS if question_of(problem).startswith(start)]
        for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings), openings
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_gold_answer_is_in_the_table(start: str) -> None:
    problem = next(one for one in bundled() if question_of(one).startswith(start))
    gold, value = problem.reference.answer, PROOFS[start](columns_of(problem))
    if isinstance(value, str):
        assert gold == value
    else:
        assert Fraction(gold) == Fraction(str(value))


def test_text_and_data_of_a_table_are_the_same() -> None:
    for problem in bundled():
        assert all(
            cell in problem.statement for column in columns_of(problem).values() for cell in column
        )


TABLE: Mapping[str, object] = {"table": "a | b\n1 | 2\n3 | 4"}
FRAME: Mapping[str, object] = {"table_for_pd": {"a": ["1", "3"], "b": ["2", "4"]}}


def test_columns_come_from_the_data_or_else_from_the_text() -> None:
    by_text = tabmwp(Row({"question": "q", "answer": "1", **TABLE}))
    by_data = tabmwp(Row({"question": "q", "answer": "1", **TABLE, **FRAME}))
    assert json.loads(by_text.meta["table"]) == json.loads(by_data.meta["table"])


def test_title_and_unit_reach_the_statement() -> None:
    row = Row(
        {"question": "How much?", "answer": "1", "unit": "$", "table_title": "Prices", **TABLE}
    )
    question = tabmwp(row)
    assert question.statement.startswith("Table: Prices\n")
    assert question.statement.endswith("How much? (unit: $)")
    assert question.meta["title"] == "Prices"


@pytest.mark.parametrize(
    ("answer", "gold"),
    [("38,088", "38088"), ("4.20", "4.20"), ("5/18", "5/18"), ("1,234.5", "1234.5"), ("-7", "-7")],
)
def test_thousands_commas_go_and_nothing_else(answer: str, gold: str) -> None:
    assert tabmwp(Row({"question": "q", "answer": answer, **TABLE})).answer == gold


def test_choices_are_listed() -> None:
    row = Row({"question": "q", "answer": "surplus", "choices": ["shortage", "surplus"], **TABLE})
    question = tabmwp(row)
    assert question.statement.endswith("\nA) shortage\nB) surplus")
    assert (question.answer, question.meta["letter"]) == ("surplus", "B")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"table": None}, "empty field table"),
        ({"answer": ""}, "empty field answer"),
        ({"choices": ["a", "b"]}, "answer is none of the choices"),
        ({"choices": "a, b"}, "choices is of type str, not a list"),
        ({"table_for_pd": [["1"]]}, "table_for_pd is no object of columns"),
        ({"table_for_pd": {"a": "1"}}, "table_for_pd is no object of columns"),
        ({"table_for_pd": {"a": [["1"]]}}, "cell of the table is of type list"),
    ],
)
def test_a_row_without_table_or_answer_is_skipped(change: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        tabmwp(Row({"question": "q", "answer": "1", **TABLE, **change}))


def test_a_run_takes_grades_four_and_five() -> None:
    taken, everything = (
        load("tabmwp", source="sample", everything=wanted) for wanted in (False, True)
    )
    assert {problem.meta["grade"] for problem in taken.problems} == {"4", "5"}
    assert taken.available + sum(taken.left_out.values()) == everything.available
    assert "grade 7 (taken: 4, 5)" in taken.left_out


def test_the_native_file_of_one_object_is_read(tmp_path: Path) -> None:
    row = {"question": "q", "answer": "1", "grade": 4, **TABLE}
    path = tmp_path / "problems.json"
    path.write_text(json.dumps({"23": row, "42": row}))
    assert [one.native_id for one in load("tabmwp", source=path).problems] == ["23", "42"]


@natives("tabmwp")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    accounted("tabmwp", path, {"question", "answer", "table"})
