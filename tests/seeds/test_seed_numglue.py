"""NumGLUE rows of every type, and a proof of every bundled gold answer."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest

from tests.seeds.native import natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.numglue import numglue
from ultrainteract.types import Problem

MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

# Each recomputes from the statement. Text is compared as it is, numbers by value.
PROOFS: Mapping[str, Callable[[], object]] = {
    "How many legs do 7": lambda: sum(8 for _ in range(7)),
    "Nadia was born": lambda: MONTHS[MONTHS.index("March") + 5],
    "A baker packs": lambda: 9 * 12,
    "Ravi takes": lambda: DAYS[(DAYS.index("Tuesday") + 25 - 1) % 7],
    "A film lasts": lambda: Fraction(150, 60),
    "What is the molecular": lambda: 12 + 2 * 16,
    "A cart of 12 kg": lambda: 12 * 3,
    "What is the mass percentage of H": lambda: Fraction(4, 12 + 4) * 100,
    "A current of 2 A": lambda: 2 * Fraction("7.5"),
    "What is the mass percentage of O": lambda: round(Fraction(32, 12 + 32) * 100, 2),
    # The slower surface resists more; the heavier cart accelerates less; farther is dimmer.
    "A snail crawls": lambda: min({"glass": 3, "sand": 2}.items(), key=lambda it: it[1])[0],
    "Mia pushes": lambda: f"the cart of {max(4, 9)} kg",
    "Two equally bright": lambda: "dimmer" if Fraction(1, 9**2) < Fraction(1, 4**2) else "",
    "A red and a blue": lambda: max((60 * Fraction(90, 60), "red"), (Fraction(120), "blue"))[1],
    "Rope P carries": lambda: min((120, "rope P"), (85, "rope Q"))[1],
    "A school bought": lambda: 6 * Fraction("2.35"),
    "Pavel read": lambda: 38 - 27,
    "A ribbon of 9": lambda: Fraction(9, 4),
    "Each of 7 shelves": lambda: 7 * 16,
    "A tank held": lambda: Fraction("12.9") - Fraction("5.2"),
    "An orchard has": lambda: 3 * 48 - 19,
    "Twice a number": lambda: next(n for n in count() if 2 * n + 7 == 41),
    "A ferry ticket": lambda: 8 * Fraction("2.75"),
    "Jonas shares": lambda: 100 - 7 * max(n for n in range(100) if 7 * n <= 100),
    "Sara walked": lambda: Fraction("2.4") / Fraction(30, 60),
    "A cloth of 10": lambda: round(Fraction(10, 3), 2),
}


def bundled() -> tuple[Problem, ...]:
    return load("numglue", source="sample").problems


def opening(problem: Problem) -> list[str]:
    text = problem.statement.removeprefix("Fill in the blank.\n\n")
    return [start for start in PROOFS if text.startswith(start)]


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [opening(problem) for problem in bundled()]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_gold_answer_is_proved(start: str) -> None:
    gold = next(p.reference.answer for p in bundled() if opening(p) == [start])
    value = PROOFS[start]()
    assert gold == value if isinstance(value, str) else Fraction(gold) == value


def test_bundled_problems_are_of_every_type_that_is_kept() -> None:
    assert {problem.meta["numglue_type"] for problem in bundled()} == set("12348")


@pytest.mark.parametrize(
    ("answer", "gold", "rounded"),
    [
        (7, "7", False),
        ("2.5", "2.5", False),
        ("5.63", "5.63", True),
        (5.63, "5.63", True),
        ("0.165", "0.165", True),
        ("October", "October", False),
    ],
)
def test_a_number_of_two_decimals_or_more_may_be_rounded(
    answer: object, gold: str, rounded: bool
) -> None:
    question = numglue(Row(question="q", answer=answer, type="Type_8"))
    assert (question.answer, question.meta.get("rounded") == "yes") == (gold, rounded)


def test_a_comparison_lists_its_two_options() -> None:
    row = Row(
        question="Which is longer?? ",
        Option1="the rope.",
        Option2="the ribbon",
        answer="Option 1",
        type="Type_3",
    )
    question = numglue(row)
    assert question.statement.startswith("Which is longer?\n\n")
    assert question.statement.endswith("\nA) the rope\nB) the ribbon")
    assert (question.answer, question.meta["letter"]) == ("the rope", "A")


def test_a_blank_is_asked_as_one() -> None:
    question = numglue(Row(question="She has _____ eggs .", answer=3, type="Type_4"))
    assert question.statement == "Fill in the blank.\n\nShe has _____ eggs ."


NOWHERE = {"number": "", "date": {"day": "", "month": "", "year": ""}, "spans": []}
ENTAILED = Row(
    statement1="Raman has 7 eggs",
    statement2="Raman has more than 6 eggs",
    options=" Entailment or contradiction or neutral?",
    answer="Entailment",
    type="Type_7",
)


def reading(kind: str = "Type_6", **answer: object) -> Row:
    return Row(passage="P.", question="Q??", answer={**NOWHERE, **answer}, type=kind)


@pytest.mark.parametrize(
    ("row", "gold", "kind"),
    [
        (reading("Type_5", number="13.9"), "13.9", ""),
        (reading("Type_5", number=41838, worker_id="w"), "41838", ""),
        (reading(number="1,200"), "1200", ""),
        (reading(spans=["males"]), "males", "text"),
        (reading(spans=["Liu Xin", "Zu Chongzhi"]), "Liu Xin|Zu Chongzhi", "wtq"),
        (reading(spans=["the same", "the same"]), "the same", "text"),
        (
            reading(date={"day": "26", "month": "January", "year": "1995"}),
            "26 January 1995",
            "text",
        ),
        (reading(date={"day": "", "month": "May", "year": ""}), "May", "text"),
        (reading(date={"day": "", "month": "", "year": 1995}), "1995", "text"),
        # The hub's copies have no type, and the answer as text.
        (Row(passage="P.", question="Q??", answer="5"), "5", ""),
        (Row(passage="P.", question="Q??", answer="males"), "males", "text"),
        (Row(passage="P.", question="Q??", answer=str(NOWHERE | {"number": "7"})), "7", ""),
    ],
)
def test_a_passage_asks_for_a_number_a_date_or_its_words(row: Row, gold: str, kind: str) -> None:
    question = numglue(row)
    assert question.statement == "P.\n\nQ?"
    assert (question.answer, question.meta.get("kind", "")) == (gold, kind)
    assert question.environments == (("math_cot",) if kind else ())


def test_a_rounded_number_of_a_passage_may_be_met_roughly() -> None:
    assert numglue(reading(number="0.167")).meta["rounded"] == "yes"


def test_statements_are_compared_by_a_choice_of_the_row() -> None:
    question = numglue(ENTAILED)
    lines = question.statement.splitlines()
    assert lines[:2] == [
        "Statement 1: Raman has 7 eggs",
        "Statement 2: Raman has more than 6 eggs",
    ]
    assert lines[-3:] == ["A) entailment", "B) contradiction", "C) neutral"]
    assert (question.answer, question.meta["letter"]) == ("entailment", "A")
    two = numglue(Row(ENTAILED | {"options": "Entailment or neutral?", "answer": "neutral"}))
    assert (two.answer, two.meta["letter"]) == ("neutral", "B")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (reading(), "not one of number, date and spans"),
        (reading(number="7", spans=["seven"]), "not one of number, date and spans"),
        (reading(number="seven"), "number is none"),
        (reading(number={}), "number of the answer is of type dict"),
        (reading(spans="males"), "spans are of type str"),
        (reading(spans=[""]), "an empty span"),
        (reading(spans=["a|b"]), "a bar within an answer"),
        (reading(date="1995"), "date is of type str"),
        (reading(date={"day": "3", "month": "Smarch", "year": "1995"}), "date .* cannot be read"),
        (reading(date={"day": "", "month": "1", "year": "1995"}), "date .* cannot be read"),
        (Row(passage="p", question="q", answer="{'number'", type="Type_5"), "cannot be parsed"),
        (Row(passage="p", question="q", answer=True, type="Type_5"), "answer is of type bool"),
        (Row(question="q", answer=NOWHERE, type="Type_5"), "missing field passage"),
        (Row(ENTAILED | {"answer": "maybe"}), "answer is none of the options"),
        (Row(ENTAILED | {"options": "?"}), "answer is none of the options"),
        (Row(statement1="s", statement2="t", answer="neutral"), "missing field options"),
        (Row(statement1="s", answer="neutral", type="Type_7"), "missing field statement2"),
        (Row(question="q", answer=NOWHERE, type="Type_1"), "answer is of type dict"),
        (Row(question="q", answer="Option 2", type="Type_3"), "missing field Option1"),
        (
            Row(question="q", Option1="a", Option2="b", answer="a", type="Type_3"),
            "answer names none of the two",
        ),
        (Row(question="q", type="Type_1"), "missing field answer"),
        (Row(answer=1, type="Type_1"), "missing field question"),
    ],
)
def test_a_row_of_no_use_is_skipped_for_a_named_reason(row: Row, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        numglue(row)


def test_a_hub_row_with_a_passage_of_none_is_a_plain_question() -> None:
    assert numglue(Row(question="q", passage="None", answer="5")).answer == "5"


def test_an_answer_of_five_thousand_digits_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('{"question": "q", "answer": ' + "9" * 5000 + ', "type": "Type_1"}\n')
    loaded = load("numglue", source=path, allow_empty=True)
    assert loaded.skipped == {"an answer of more than 4300 digits": 1}


@natives("numglue")
def test_every_native_row_loads_and_a_run_leaves_three_types_out(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    left_out = sum(row["type"][-1] in "567" for row in rows)
    loaded = load("numglue", source=path, everything=True)
    assert loaded.rows == len(rows)
    assert loaded.available >= 0.9 * len(rows)
    assert sum(loaded.left_out.values()) == left_out > 0
    assert load("numglue", source=path).available == loaded.available - left_out
