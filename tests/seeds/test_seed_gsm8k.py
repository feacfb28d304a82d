"""GSM8K rows, and a proof of every bundled gold answer that reads no solution."""

import ast
import json
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import count
from pathlib import Path

import pytest

from ultrainteract.seeds import Row, Skip, load, load_seed
from ultrainteract.seeds.gsm8k import gsm8k
from ultrainteract.types import Problem

DATA = Path(__file__).parents[2] / "../shared/data"
ROWS = sorted((DATA / "seeds/gsm8k").glob("rows*.jsonl"))
OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def only(holds: Callable[[int], bool], top: int = 2000) -> int:
    """The one whole number from 0 to `top` for which it holds."""
    (found,) = filter(holds, range(top + 1))
    return found


def train(passengers: Fraction) -> Fraction:
    for leaving, joining in ((passengers / 5, 18), (Fraction(35), 36)):
        passengers += joining - leaving
    return passengers


def candle() -> int:
    return 30 - sum(2 for minute in range(1, 181) if minute % 45 == 0)


def inheritance(total: Fraction) -> Fraction:
    left = total - total / 2
    return left - left / 3


def eggs(left: Fraction) -> Fraction:
    left -= 7 + 4
    return left - left / 5


def posts() -> int:
    around = {(a, b) for a in range(0, 19, 3) for b in range(0, 19, 3)}
    return 7 * sum(1 for a, b in around if {a, b} & {0, 18})


def weeks() -> int:
    return next(week for week in count() if 105 + 35 * week >= 420)


# Each recomputes from the statement, by search or simulation where that differs from the solution.
PROOFS: Mapping[str, Callable[[], int | Fraction]] = {
    "A bakery sells": lambda: sum(3 * (24 if day < 5 else 45) for day in range(7)),
    "Omar reads": lambda: 200 - sum(18 * (2 if day == 5 else 1) for day in range(6)),
    "A water tank": lambda: only(lambda m: Fraction(900, 3) + 25 * m == 900),
    "Priya buys": lambda: 2000 - 4 * 250 - 3 * 120,
    "A farmer has": lambda: 120 + 120 * Fraction(5, 4) + 120 * Fraction(5, 8),
    "A train sets out": lambda: train(Fraction(240)),
    "Ms. Duval": lambda: only(lambda cars: Fraction(28) * 3 / 4 + 2 + cars == 28),
    "A recipe for 6": lambda: only(lambda grams: Fraction(grams, 10) == Fraction(450, 6)),
    "Kofi is": lambda: only(lambda ama: (ama + 4 + 6) + (ama + 6) == 50),
    "A shirt that costs": lambda: 2 * (40 * Fraction(85, 100) - 5),
    "A cyclist rides": lambda: sum(
        Fraction(15 if minute < 120 else 12, 60) for minute in range(210)
    ),
    "A machine makes": lambda: 1250 * 8 * Fraction(98, 100),
    "Elena wants": weeks,
    "A rope of 84": lambda: only(lambda longer: Fraction(longer, 3) + longer == 84),
    "In a parking lot": lambda: only(lambda m: 0 <= m <= 30 and 4 * (30 - m) + 2 * m == 96),
    "A library lends": lambda: 64 + (64 - 12) * (1 + 2),
    "A printer prints": lambda: only(lambda minutes: 14 * minutes == 3 * 42),
    "A phone plan": lambda: sum(18 + Fraction(5 * sent, 100) for sent in (240, 160)),
    "Three friends": lambda: only(lambda each: 3 * each == 60 * Fraction(120, 100)),
    "A candle is": candle,
    "At noon": lambda: 5 + sum(-2 for hour in range(12, 18)),
    "A museum charges": lambda: sum(7 if person < 9 else 12 for person in range(15)),
    "An orchard has": lambda: sum(3 for tree in range(16 * 22) if tree >= 30),
    "Jun walks": lambda: 14 * (Fraction("0.75") + Fraction("1.25")),
    "A box holds": lambda: 45 + Fraction(45, 3) + (Fraction(45, 3) + 8),
    "Hiro earns": lambda: sum(16 if hour < 40 else Fraction(16) * 3 / 2 for hour in range(46)),
    "A swimming pool": lambda: 25 * (40 + 40 * Fraction(110, 100)),
    "Each of 12 hens": lambda: Fraction(12 * 5, 6) * 4,
    "An aunt divides": lambda: inheritance(Fraction(900)),
    "A car uses": lambda: Fraction(7, 100) * 650 * 2,
    "One quarter of": lambda: 360 * Fraction(3, 4) * Fraction(2, 3) * 5,
    "A class wants": lambda: 500 - 2 * (85 + (85 + 20)),
    "Mina has": lambda: only(lambda karl: 5 * karl - 24 == karl + 24),
    "A machine fills": lambda: len(range(0, 5400, 4)),
    "A fence runs": posts,
    "A seller gets": lambda: 1500 + Fraction(4, 100) * 32000,
    "A bag holds 5": lambda: 5000 - sum(400 for loaf in range(9)),
    "In a quiz": lambda: only(lambda wrong: 5 * (20 - wrong) - 2 * wrong == 65, 20),
    "The first row": lambda: sum(range(12, 21, 2)),
    "Two buses": lambda: sum(40 + 55 for hour in range(3)),
    "A seedling is": lambda: 8 + sum(3 if week < 4 else 2 for week in range(9)),
    "Ben has 3 dozen": lambda: eggs(Fraction(36)),
}


def bundled() -> tuple[Problem, ...]:
    return load("gsm8k", source="sample").problems


def value(expression: str) -> Fraction:
    """A sum, difference, product or quotient of numbers, exactly."""

    def of(node: ast.expr) -> Fraction:
        match node:
            case ast.BinOp(left, sign, right):
                return OPERATORS[type(sign)](of(left), of(right))
            case ast.UnaryOp(ast.USub(), operand):
                return -of(operand)
            case ast.Constant():
                return Fraction(str(node.value))
        raise AssertionError(expression)

    return of(ast.parse(expression, mode="eval").body)


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [
        [start for start in PROOFS if problem.statement.startswith(start)] for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)
    assert len(openings) >= 40


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_gold_answer_is_proved(start: str) -> None:
    gold = next(p.reference.answer for p in bundled() if p.statement.startswith(start))
    assert Fraction(gold) == PROOFS[start]()


def test_calculations_marked_in_bundled_answers_hold() -> None:
    sample = load_seed("gsm8k").sample
    assert sample
    marks = re.findall(r"<<([^=<>]+)=([^=<>]+)>>", sample.read_text(encoding="utf-8"))
    assert len(marks) > 80
    assert [mark for mark in marks if value(mark[0]) != value(mark[1])] == []


def test_final_number_loses_its_commas_and_the_rationale_its_marks() -> None:
    row = Row(question="q", answer="It is 2*600 = $<<2*600=1200>>1,200.\n#### 1,200")
    question = gsm8k(row)
    assert question.answer == "1200"
    assert question.rationale == "It is 2*600 = $1,200."


def test_negative_final_number_is_kept() -> None:
    assert gsm8k(Row(question="q", answer="below\n#### -7")).answer == "-7"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Row(answer="#### 1"), "missing field question"),
        (Row(question="q"), "missing field answer"),
        (Row(question="q", answer=None), "empty field answer"),
        (Row(question="q", answer="it is 1"), "no #### in field answer"),
    ],
)
def test_incomplete_row_is_skipped_for_a_named_reason(row: Row, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        gsm8k(row)


def test_repository_is_pinned() -> None:
    hub = load_seed("gsm8k").hub
    assert hub
    assert hub.revision == "740312add88f781978c0658806c59bc2815b9866"


@pytest.mark.skipif(not ROWS, reason="no shared data")
@pytest.mark.parametrize("path", ROWS, ids=lambda path: path.name)
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = load("gsm8k", source=path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert loaded.rows == len(lines) == loaded.available + sum(loaded.skipped.values())
    complete = [row for row in lines if row.keys() >= {"question", "answer"}]
    assert loaded.available >= 0.9 * len(complete)
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", p.reference.answer) for p in loaded.problems)
