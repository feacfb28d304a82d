"""MATH rows, and a proof of every bundled gold answer that reads no solution."""

import json
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from math import gcd
from pathlib import Path

import pytest
import sympy as sp
from math_verify import parse, verify

from ultrainteract.seeds import Row, Skip, load, load_seed
from ultrainteract.seeds.math import math
from ultrainteract.types import Problem

DATA = Path(__file__).parents[2] / "../shared/data"
ROWS = sorted((DATA / "seeds/math").glob("rows*.jsonl"))
x, y = sp.symbols("x y", real=True)


def runs(flips: tuple[int, ...]) -> bool:
    return any(a and b for a, b in pairwise(flips))


def share(events: list[bool]) -> sp.Rational:
    return sp.Rational(sum(events), len(events))


def triangle(*points: tuple[int, ...]) -> sp.Expr:
    """Area by Heron's formula; independent of any cross product."""
    a, b, c = (sp.Point(p).distance(sp.Point(q)) for p, q in combinations(points, 2))
    s = (a + b + c) / 2
    return sp.sqrt(sp.expand(s * (s - a) * (s - b) * (s - c)))


def base(number: int, radix: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, radix)
        digits = f"{digit}{digits}"
    return f"{digits}_{radix}"


DICE = list(product(range(1, 7), repeat=2))
MARBLES = list(combinations("rrrrbbbgg", 3))
TEACHERS = [who for who in combinations("tttttssssss", 4) if who.count("t") >= 2]
DAYS = ["Mon", "Tues", "Wednes", "Thurs", "Fri", "Satur", "Sun"]
ANGLES = {
    angle % (2 * sp.pi)
    for sine in sp.solve(2 * x**2 - 1 - x, x)
    for angle in (sp.asin(sine), sp.pi - sp.asin(sine))
}

PROOFS: Mapping[str, Callable[[], object]] = {
    "A single bus ticket": lambda: sp.Rational("3.75") * 5 - sp.Rational("14.50"),
    r"Write $\frac{5}{8}": lambda: sp.Rational(5, 8) - sp.Rational(1, 6),
    "What percent of the integers": lambda: (
        100 * share([n % 3 == 0 and n % 4 != 0 for n in range(1, 121)])
    ),
    "The mean of six": lambda: sp.solve((6 * 14 - x) / 5 - sp.Rational("12.6"), x)[0],
    "A rectangular flower bed": lambda: sp.Integer((9 + 3) * (6 + 3) - 9 * 6),
    "How many whole numbers": lambda: sum(sum(map(int, str(n))) == 5 for n in range(1, 201)),
    "Today is a Tuesday": lambda: rf"\text{{{DAYS[(1 + 100) % 7]}day}}",
    "Solve for $x$": lambda: sp.solve(sp.Eq(5 * (x - 3), 2 * x + 9), x)[0],
    "Let $f(x) = 2x - 5$": lambda: sp.expand((3 * y**2 + 1).subs(y, 2 * x - 5)),
    "For which real numbers $x$ is $x^2": lambda: sp.solveset(
        x**2 - 3 * x - 10 <= 0, x, sp.S.Reals
    ),
    "A line passes through": lambda: sp.Tuple(
        *sp.Line((-2, 7), (4, -5)).intersection(sp.Line((0, 0), (1, 0)))[0].args
    ),
    "Find the largest real number": lambda: max(sp.solve(sp.Abs(2 * x - 7) - x - 4, x)),
    "Real numbers $x$ and $y$": lambda: sp.Abs(
        next(a**3 - b**3 for a, b in sp.solve([x + y - 7, x**2 + y**2 - 29], [x, y]))
    ),
    "What is the greatest common divisor": lambda: gcd(126, 210),
    "What is the remainder when $7^{2025}$": lambda: pow(7, 2025, 5),
    "How many positive divisors of $720$": lambda: sum(
        720 % n == 0 and n in {k * k for k in range(30)} for n in range(1, 721)
    ),
    "Write the base-ten number": lambda: base(233, 6),
    "A collector owns": lambda: next(n for n in range(385) if (n % 5, n % 7, n % 11) == (2, 4, 9)),
    "For how many integers": lambda: sum((n * n + n + 1) % 7 == 0 for n in range(1, 101)),
    "Five different books": lambda: sum(row[0] == 0 for row in permutations(range(5))),
    "Anna and Boris": lambda: share([max(roll) == 4 for roll in DICE]),
    "How many different arrangements": lambda: len(set(permutations("BANANAS"))),
    "A committee of four": lambda: len(TEACHERS),
    "A bag holds $4$ red": lambda: share([len(set(draw)) == 3 for draw in MARBLES]),
    "A fair coin is flipped": lambda: share(
        [not runs(flips) for flips in product((0, 1), repeat=8)]
    ),
    "The legs of a right triangle": lambda: sp.Point(9, 0).distance(sp.Point(0, 40)),
    "The circumference of a circle": lambda: (
        sp.Circle((0, 0), sp.solve(2 * sp.pi * x - 18 * sp.pi, x)[0]).area
    ),
    "A triangle has sides": lambda: sp.Triangle(sss=(13, 13, 10)).area,
    "Each interior angle": lambda: next(
        n for n in range(3, 400) if Fraction(180 * (n - 2), n) == 156
    ),
    "The angles of a quadrilateral": lambda: sp.solve(2 * x + 3 * x + 4 * x + 6 * x - 360)[0] * 6,
    "A right circular cone": lambda: sp.integrate(
        sp.pi * (6 * x / sp.sqrt(64)) ** 2, (x, 0, sp.sqrt(10**2 - 6**2))
    ),
    "In triangle $ABC$": lambda: sp.Triangle(sss=(7, 8, 9)).inradius,
    "What is the remainder when the polynomial": lambda: sp.rem(
        x**3 - 4 * x**2 + 2 * x + 5, x - 3, x
    ),
    "Let $r$ and $s$": lambda: sp.expand(sum(r**2 for r in sp.solve(2 * x**2 - 6 * x + 1, x))),
    r"Write $\frac{7 - i}{2 + i}$": lambda: sp.expand_complex((7 - sp.I) / (2 + sp.I)),
    r"For which real numbers $x$ is $\frac": lambda: sp.solveset(
        (x - 1) / (x**2 - x - 6) > 0, x, sp.S.Reals
    ),
    "A polynomial $p(x)$": lambda: sp.interpolate([(0, 3), (1, 2), (2, 5)], x),
    r"Evaluate $\frac{1}{1 \cdot 3}": lambda: sum(
        sp.Rational(1, n * (n + 2)) for n in range(1, 21)
    ),
    r"What is the exact value of $\cos": lambda: sp.cos(sp.rad(150)),
    "Compute the product": lambda: sp.Matrix([[2, 1], [0, 3]]) * sp.Matrix([[1, -1], [4, 2]]),
    "A point has rectangular": lambda: sp.Tuple(
        sp.Abs(-3 + 3 * sp.sqrt(3) * sp.I), sp.arg(-3 + 3 * sp.sqrt(3) * sp.I)
    ),
    "Find the cross product": lambda: sp.Matrix([1, 2, 3]).cross(sp.Matrix([4, -1, 2])),
    "Find the sum of all $x$": lambda: sum(ANGLES),
    "In space, a triangle": lambda: triangle((1, 0, 2), (3, 1, 0), (0, 4, 1)),
}


def bundled() -> tuple[Problem, ...]:
    return load("math", source="sample").problems


def equal(gold: str, value: object) -> bool:
    """Text by its characters; mathematics by value, of the same shape."""
    if isinstance(value, str):
        return gold == value
    read = parse(f"${gold}$")[0]
    # The parser takes i for a symbol like any other.
    letters = {one: sp.I for one in getattr(read, "free_symbols", ()) if one.name == "i"}
    read = read.subs(letters).doit() if letters else read
    return bool(verify([read], [sp.sympify(value)]))


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [
        [start for start in PROOFS if problem.statement.startswith(start)] for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_gold_answer_is_proved(start: str) -> None:
    gold = next(p.reference.answer for p in bundled() if p.statement.startswith(start))
    value = PROOFS[start]()
    assert equal(gold, value), f"{gold} is not {value}"


def test_proofs_tell_right_from_wrong() -> None:
    answers = [problem.reference.answer for problem in bundled()]
    value = PROOFS["What percent of the integers"]()
    assert [gold for gold in answers if equal(gold, value)] == [r"25\%"]
    interval = PROOFS["For which real numbers $x$ is $x^2"]()
    assert [gold for gold in answers if equal(gold, interval)] == ["[-2,5]"]
    assert not equal("(-2,5)", interval)


def test_bundled_problems_cover_every_subject_and_level() -> None:
    problems = bundled()
    assert len(problems) >= 40
    assert len({problem.meta["type"] for problem in problems}) == 7
    assert {problem.meta["level"] for problem in problems} == {f"Level {n}" for n in range(1, 6)}


def test_last_box_is_the_answer_with_nested_braces() -> None:
    row = Row(problem="p", solution=r"\boxed{1}, so \boxed{\frac{1}{\sqrt{2}}}.")
    assert math(row).answer == r"\frac{1}{\sqrt{2}}"


@pytest.mark.parametrize(
    ("asked", "solution", "answer"),
    [
        ("Enter all values, separated by commas.", r"$\boxed{5}$ or $k = \boxed{-3}$", "5, -3"),
        ("Find all possible values of x.", r"It is \boxed{4}. If y, it is \boxed{-4}.", "4, -4"),
        ("List all roots.", r"\boxed{2} it is. Solution 2: we get \boxed{2}.", "2"),
        ("Find all roots.", r"One is \boxed{2}. So they are \boxed{2, 3}.", "2, 3"),
        ("Find the area.", r"It is \boxed{144}. Half of it is \boxed{12}.", "12"),
    ],
)
def test_every_box_counts_where_a_list_is_asked(asked: str, solution: str, answer: str) -> None:
    assert math(Row(problem=asked, solution=solution)).answer == answer


def test_unknown_level_and_drawings_are_kept() -> None:
    row = Row(
        problem="[asy]draw(a);[/asy] p", level="Level ?", type="Geometry", solution=r"\boxed{1}"
    )
    question = math(row)
    assert question.meta == {"level": "Level ?", "type": "Geometry"}
    assert question.statement.startswith("[asy]")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (Row(solution=r"\boxed{1}"), "missing field problem"),
        (Row(problem="p", answer="1"), "missing field solution"),
        (Row(problem="p", solution="so it is 1"), r"no \boxed answer in field solution"),
        (Row(problem="p", solution=r"so \boxed{}"), r"no \boxed answer in field solution"),
        (Row(problem="Find either.", solution=r"$\boxed{1}$ and $\boxed{2}$."), "any may do"),
        (Row(problem=[], solution=r"\boxed{1}"), "problem is of type list, not text"),
        (Row(problem=" ", solution=r"\boxed{1}"), "empty field problem"),
    ],
)
def test_incomplete_row_is_skipped_for_a_named_reason(row: Row, reason: str) -> None:
    with pytest.raises(Skip, match=reason.replace("\\", r"\\")):
        math(row)


def test_seed_names_both_environments_and_an_unpinned_repository() -> None:
    seed = load_seed("math")
    assert seed.environments == ("math_pot", "math_cot")
    assert seed.hub
    assert seed.hub.id == "EleutherAI/hendrycks_math"
    assert not seed.hub.revision
    assert seed.shipped


@pytest.mark.skipif(not ROWS, reason="no shared data")
@pytest.mark.parametrize("path", ROWS, ids=lambda path: path.name)
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = load("math", source=path)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert loaded.rows == len(lines) == loaded.available + sum(loaded.skipped.values())
    complete = [row for row in lines if row.keys() >= {"problem", "solution"}]
    assert loaded.available >= 0.9 * len(complete)
