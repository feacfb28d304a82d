"""MathQA rows: both shapes of options, and two proofs of every bundled gold answer."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations, count
from math import isqrt
from pathlib import Path
from time import thread_time

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.formula import computed
from ultrainteract.seeds.mathqa import mathqa
from ultrainteract.types import Problem

PLAIN = "a ) 38 , b ) 27.675 , c ) 30 , d ) data inadequate , e ) none of these"

# Each recomputes from the statement without its formula; ratios and shares as fractions.
PROOFS: Mapping[str, Callable[[], int | Fraction]] = {
    "a label printer": lambda: 25 * 18 // 3,
    "a winter jacket": lambda: 80 * Fraction(85, 100),
    "a cyclist": lambda: Fraction(45) / Fraction("2.5"),
    "the sides of a rectangular": lambda: 14 + 9 + 14 + 9,
    "one tap alone": lambda: next(h for h in count(1) if Fraction(h, 12) + Fraction(h, 6) == 1),
    "four parcels": lambda: Fraction(14 + 18 + 25 + 31, 4),
    "what simple interest": lambda: sum(Fraction(2400 * 5, 100) for _ in range(3)),
    "a box holds 4 red": lambda: Fraction(sum(ball == "r" for ball in "rrrrgggggg"), 10),
    "the ages of two": lambda: next(5 * n for n in count() if 3 * n + 5 * n == 56),
    "a price rises": lambda: 100 - Fraction(100) * 12 / 10 * 8 / 10,
    "1000 eggs": lambda: 1000 % 37,
    "a train 180 m": lambda: Fraction(180, 72_000 // 3600),
    "how long is the diagonal": lambda: isqrt(9**2 + 12**2),
    "a coach takes": lambda: len(list(combinations(range(8), 3))),
    "a dealer buys": lambda: Fraction(300 - 250, 250) * 100,
    "the areas of two": lambda: Fraction(isqrt(16), isqrt(9)),
    "a cube of cheese": lambda: next(6 * a * a for a in count() if a**3 == 125),
    "12 workers": lambda: next(d for d in count() if 15 * d == 12 * 10),
    "one lamp blinks": lambda: next(n for n in count(1) if n % 18 == n % 24 == 0),
    "a tub holds": lambda: next(w for w in count() if Fraction(4, 40 + w) == Fraction(8, 100)),
    "a wire of 36 m": lambda: next(a * a for a in count() if 4 * a == 36),
    "the sum of two": lambda: next(a for a in count() if a - (17 - a) == 5),
    "a car burns": lambda: Fraction("7.5") / 100 * 340,
    "a town of 64000": lambda: 64_000 + 64_000 // 4,
}


def bundled() -> tuple[Problem, ...]:
    return load("mathqa", source="sample", everything=True).problems


def number(text: str) -> Fraction:
    """The number of a tidied option: units, `$`, `%` and thousands aside."""
    return Fraction(text.strip("$").split()[0].rstrip("%").replace(",", "").replace(":", "/"))


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [
        [start for start in PROOFS if problem.statement.startswith(start)] for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_gold_answer_is_proved_and_is_the_only_such_option(start: str) -> None:
    problem = next(one for one in bundled() if one.statement.startswith(start))
    value = PROOFS[start]()
    assert number(problem.reference.answer) == value
    options = [text for text in json.loads(problem.meta["options"]) if "none" not in text]
    assert sum(number(text) == value for text in options) == 1


def test_bundled_formulas_give_the_gold_answer() -> None:
    for problem in bundled():
        value, gold = computed(problem.meta["formula"]), float(number(problem.reference.answer))
        assert value == pytest.approx(gold, rel=0.001), problem.statement
        assert problem.meta["formula_agrees"] == "yes"


def test_the_options_are_listed_and_the_letter_is_kept() -> None:
    question = mathqa(Row(Problem="how many ?", options=PLAIN, correct="b"))
    assert question.answer == "27.675"
    assert question.statement.endswith("C) 30\nD) data inadequate\nE) none of these")
    assert question.meta["letter"] == "B"
    assert json.loads(question.meta["options"])[0] == "38"
    assert (question.meta["kind"], question.meta["rounded"]) == ("choice", "yes")


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (
            "['a ) 2 : 3', 'b ) 4 : 5', 'c ) 16 : 9', 'd ) 7 : 9', 'e ) 8 : 5']",
            ["2:3", "4:5", "16:9", "7:9", "8:5"],
        ),
        ("a ) a ) 2 , b ) b ) 5 , c ) c ) 7 , d ) d ) 8 , e ) e ) 9", ["2", "5", "7", "8", "9"]),
        (
            "a ) 112.5 , 158.5 , b ) $ 2 , 200,000 , c ) 7 1 / 2 , d ) rs . 15,000 , e ) - 1",
            ["112.5 , 158.5", "$2,200,000", "7 1/2", "15,000", "-1"],
        ),
        (
            "a ) 60 sq . cm , b ) 2 . 5 , c ) 17 % , d ) 618 . , e ) 3 km",
            ["60 sq cm", "2.5", "17%", "618", "3 km"],
        ),
    ],
)
def test_every_shape_of_options_is_split_at_its_letters(options: str, texts: list[str]) -> None:
    question = mathqa(Row(Problem="p", options=options, correct="a"))
    assert json.loads(question.meta["options"]) == texts


def test_meters_are_spelt_out_where_the_problem_measures_in_them() -> None:
    options = "a ) 46 m , b ) 4 sq . m , c ) 3 , d ) 4 , e ) 5"
    measured = mathqa(Row(Problem="a wall of 9 m", options=options, correct="a"))
    variable = mathqa(Row(Problem="twice m plus", options=options, correct="a"))
    assert (measured.answer, variable.answer) == ("46 meters", "46 m")
    assert "B) 4 sq meters" in measured.statement


def test_the_stratum_is_the_formula_without_its_numbers() -> None:
    question = mathqa(
        Row(
            Problem="p",
            options=PLAIN,
            correct="a",
            annotated_formula="multiply(divide(4.5, const_100), 38)",
            category="gain",
        )
    )
    assert question.meta["stratum"] == "multiply(divide(n,const_100),n)"
    assert (question.meta["category"], question.meta["formula_agrees"]) == ("gain", "no")


@pytest.mark.parametrize(
    "ending", ["answer : c", "ans : c", "the correct answer is option c .", "= 16 c", "so 16 c )"]
)
def test_the_rationale_does_not_end_in_the_letter(ending: str) -> None:
    row = Row(Problem="p", options=PLAIN, correct="c", Rationale=f'"it is 30 {ending}"')
    assert mathqa(row).rationale in ("it is 30", "it is 30 = 16", "it is 30 so 16")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"options": None}, "empty field options"),
        ({"options": "38 , 30"}, "options that cannot be parsed"),
        ({"options": "['a ) 1', "}, "options that cannot be parsed"),
        ({"options": "[" * 500}, "options that cannot be parsed"),
        ({"options": "[__import__('os')]"}, "options that cannot be parsed"),
        ({"options": "a ) 1" * 1000}, "options that cannot be parsed"),
        ({"options": PLAIN.replace("30", "")}, "an empty option"),
        ({"options": ["a ) 1"]}, "options is of type list, not text"),
        ({"correct": "f"}, "correct is no letter"),
        ({"correct": "ab"}, "correct is no letter"),
        ({"correct": "e"}, "the right option is no value"),
        ({"correct": "d"}, "the right option is no value"),
    ],
)
def test_a_row_without_a_gradable_option_is_skipped(change: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        mathqa(Row({"Problem": "p", "options": PLAIN, "correct": "a", **change}))


def test_a_run_takes_only_rows_whose_two_annotations_agree(tmp_path: Path) -> None:
    rows = [
        {"Problem": f"p{n}", "options": PLAIN, "correct": "a", "annotated_formula": formula}
        for n, formula in enumerate(("add(30, 8)", "add(30, 9)", ""))
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    loaded = load("mathqa", source=path)
    assert (loaded.available, loaded.left_out) == (1, {"formula_agrees no (taken: yes)": 2})


@natives("mathqa")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = accounted("mathqa", path, {"Problem", "options", "correct"})
    assert all(len(json.loads(one.meta["options"])) == 5 for one in loaded.problems)


@pytest.mark.parametrize("text", ["-" * 100_000 + "1", "answer " * 20_000, "answer is " * 10_000])
def test_a_long_rationale_is_read_at_once(text: str) -> None:
    begun = thread_time()
    assert mathqa(Row(Problem="p", options=PLAIN, correct="a", Rationale=text)).rationale
    assert thread_time() - begun < 1
