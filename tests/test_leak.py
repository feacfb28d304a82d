"""The leak guard against labelled critiques, and the laws of masking."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.leak import Judge, Leak, find_leaks, mask
from ultrainteract.leak.value import equal, readings, value
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Judgement,
    Outcome,
    Reference,
    Task,
    Verdict,
)
from ultrainteract.verify.pool import Grader

_CASES = [
    json.loads(line)
    for line in (Path(__file__).parent / "data/critiques.jsonl").read_text("utf-8").splitlines()
]
_NOTEBOOK = """
import ast, sys
tree, names = ast.parse(sys.stdin.read()), {}
last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
exec(compile(tree, "cell", "exec"), names)
if last and (shown := eval(compile(ast.Expression(last.value), "cell", "eval"), names)) is not None:
    print(shown)
"""


def instruction(statement: str, reference: str, task: str = "Math_CoT") -> Instruction:
    return Instruction(
        id="i",
        problem_id="p",
        dataset="math",
        environment="math_cot",
        task=Task(task),
        statement=statement,
        prompt=statement,
        reference=Reference(reference),
    )


EGGS = instruction("A farmer fills 24 boxes and sells every second one. How many are left?", "12")


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    pool = Grader(processes=1)
    yield pool
    await pool.close()


async def notebook(code: str) -> ExecResult:
    """The labelled file's own code, which is trusted, in a fresh interpreter."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", _NOTEBOOK,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate(code.encode())
    outcome = Outcome.OK if process.returncode == 0 else Outcome.EXCEPTION
    return ExecResult(outcome, output.decode())


async def unequal(claim: Claim) -> Verdict:
    """A judge for tests where no formula needs one."""
    return Verdict(Judgement.INCORRECT, "test", "test", claim.predicted)


async def undecided(claim: Claim) -> Verdict:
    """A grader that can decide nothing."""
    return Verdict(Judgement.UNVERIFIED, "test", "test", claim.predicted)


async def judged_wrong(split: str, judge: Judge, *, run: bool) -> tuple[list[str], list[str]]:
    """Ids of missed leaks and of false alarms."""
    missed: list[str] = []
    alarmed: list[str] = []
    for case in (it for it in _CASES if it["split"] == split):
        what = instruction(case["statement"], case["reference"], case["task"])
        execute = notebook if run else None
        leaks = await find_leaks(case["critique"], what, "math", judge, execute)
        if case["leaks"] and not leaks:
            missed.append(case["id"])
        if leaks and not case["leaks"]:
            alarmed.append(case["id"])
        assert not await find_leaks(mask(case["critique"], leaks), what, "math", judge, execute)
    return missed, alarmed


# Bounds in per cent of missed leaks and false alarms. The held-out cases were written after the
# code and never tuned on; the tuned ones say little more than that nothing has got worse.
@pytest.mark.parametrize(
    ("split", "run", "most_missed", "most_alarmed"),
    [("tuned", True, 2, 2), ("tuned", False, 5, 2), ("held-out", True, 6, 5)],
)
async def test_labelled_critiques(
    grader: Grader,
    capsys: pytest.CaptureFixture[str],
    split: str,
    *,
    run: bool,
    most_missed: float,
    most_alarmed: float,
) -> None:
    missed, alarmed = await judged_wrong(split, grader.judge, run=run)
    leaking = sum(case["leaks"] for case in _CASES if case["split"] == split)
    clean = sum(not case["leaks"] for case in _CASES if case["split"] == split)
    with capsys.disabled():
        print(  # noqa: T201
            f"\nleak guard, {split}, code {'run' if run else 'not run'}:"
            f" missed {len(missed)}/{leaking} {missed},"
            f" false alarms {len(alarmed)}/{clean} {alarmed}"
        )
    assert 100 * len(missed) <= most_missed * leaking
    assert 100 * len(alarmed) <= most_alarmed * clean


def test_the_labelled_file_is_large_and_leaks_for_half() -> None:
    assert len(_CASES) >= 80
    assert 2 * sum(case["leaks"] for case in _CASES) >= len(_CASES)
    assert len({case["critique"] for case in _CASES}) == len(_CASES)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", 1200), ("12.0", 12), ("\\frac{24}{2}", 12), ("a dozen", 12), ("24 / 2", 12),
        ("one hundred and twenty", 120), ("two and a half", 2.5), ("\\sqrt{144}", 12),
        ("2^{10}", 1024), ("15% of 80", 12), ("3\\frac{1}{2}", 3.5), ("\\binom{5}{2}", 10),
        ("5!", 120), ("math.lcm(4, 6)", 12), ("3 million", 3_000_000), ("-\\$0.50", -0.5),
    ],
)  # fmt: skip
def test_one_value_has_many_forms(text: str, number: float) -> None:
    found = value(text)
    assert found is not None
    assert equal(found, number)


@pytest.mark.parametrize(
    "text", ["9**9**9", "(10**200)!", "__import__('os')", "x + 1", "", "1/0", "((((", "10**2000"]
)
def test_what_is_no_plain_arithmetic_has_no_value(text: str) -> None:
    assert value(text) is None


def test_a_percentage_means_itself_and_its_hundredth() -> None:
    assert [float(it) for it in readings("50%")] == [50.0, 0.5]


async def test_a_fault_of_the_judge_is_not_swallowed() -> None:
    async def broken(claim: Claim) -> Verdict:
        raise ConnectionError(claim.predicted)

    square = instruction("Find the diagonal of a square with side $a$.", "a\\sqrt{2}")
    with pytest.raises(ConnectionError):
        await find_leaks("It is $\\sqrt{2a^2}$.", square, "math", broken, None)


@pytest.mark.parametrize("outcome", list(Outcome))
async def test_what_code_prints_counts_however_it_ends(outcome: Outcome) -> None:
    async def ending(code: str) -> ExecResult:
        return ExecResult(outcome, "12" if "boxes" in code else "")

    (leak,) = await find_leaks("Try `f(boxes)`.", EGGS, "math", unequal, ending)
    assert leak.why == "code that computes it"


@pytest.mark.parametrize(
    ("code", "leaks"),
    [
        ("x = len('a' * 12)\nprint(x)\nraise ValueError('stop')", True),
        ("x = len('a' * 12)\nraise ValueError(x)", True),
        ("x = len('a' * 11)\nprint(x)\nraise ValueError('stop')", False),
        ("x = len('a' * 11)\ny = [\n12 / 0\n]", False),
    ],
)
async def test_of_a_raising_program_what_it_said_counts(code: str, *, leaks: bool) -> None:
    critique = f"Run this.\n```python\n{code}\n```"
    assert bool(await _computed(critique)) == leaks


async def _computed(critique: str) -> list[Leak]:
    """The leaks that running code found, by a grader that can decide nothing."""
    leaks = await find_leaks(critique, EGGS, "math", undecided, notebook)
    return [leak for leak in leaks if leak.why == "code that computes it"]


@pytest.mark.parametrize(
    ("critique", "leaks"),
    [
        ("You should have got $(x+1)^2$.", True),
        ("You should have got (x+1)^2 there.", True),
        ("You wrote $(x+1)^2 = 0$.", True),
        ("You used $x = 0$.", True),
        ("You used $y^2$ and $3$.", False),
        ("You used $[...]$, and [...] again.", False),
    ],
)
async def test_what_the_grader_cannot_decide_is_a_leak(critique: str, *, leaks: bool) -> None:
    square = instruction("Write it without the brackets.", "x^2+2x+1")
    found = await find_leaks(critique, square, "math", undecided, None)
    assert bool(found) == leaks
    assert not await find_leaks(mask(critique, found), square, "math", undecided, None)


async def test_an_undecided_relation_is_of_another_sort_than_a_value() -> None:
    side = instruction("Find the diagonal of a square with side 5.", "5\\sqrt{2}")
    quoted = "You wrote $5^2 + 5^2 = 50$."
    assert not await find_leaks(quoted, side, "math", undecided, None)


async def test_what_lies_past_a_bound_is_blotted_out() -> None:
    harmless = "Read the statement again. " * 400
    leaks = await find_leaks(harmless, EGGS, "math", unequal, None)
    assert len(mask(harmless, leaks)) < 6100

    calls = 0

    async def counting(code: str) -> ExecResult:
        nonlocal calls
        calls += 1
        return ExecResult(Outcome.OK, "7")

    many = " ".join(f"`f({i})`" for i in range(30, 50))
    leaks = await find_leaks(many, EGGS, "math", unequal, counting)
    assert calls == 4
    assert mask(many, leaks).endswith("[...]")


async def test_formulas_past_the_bound_are_not_asked() -> None:
    asked: list[str] = []

    async def counting(claim: Claim) -> Verdict:
        asked.append(claim.predicted)
        return await unequal(claim)

    poly = instruction("Expand the product.", "x^2+3x+2")
    text = " and ".join(f"$x^2+{i}x$" for i in range(10, 200))
    leaks = await find_leaks(text, poly, "math", counting, None)
    assert len(asked) == 64
    assert mask(text, leaks).endswith("[...]")


def test_overlapping_leaks_become_one_blot() -> None:
    text = "so 24/2 = 12 it is"
    assert mask(text, [Leak(5, 7, "b"), Leak(3, 7, "a"), Leak(10, 12, "c")]) == (
        "so [...] = [...] it is"
    )
    assert mask(text, []) == text


_PIECES = st.sampled_from(
    [
        "12", "24/2", "twelve", "a dozen", "Step 12", "the answer is", "12.0", "5", "2", "=",
        "\n", ". ", "`24//2`", "```python\n", "```", "print(12)", "\\frac{24}{2}", "$", "(", ")",
        "B", "(B)", "option", "(4,3)", "(4, 3)", "x = 4 and y = 3", "Wednesday", "[...]", "not",
        "1.", "2.", ", ", "total = 24\n", "print(total - 12)\n", "correct", "should be",
        "\\sqrt{50}", "5√2", "half of 24", "x^2+3x+2", "one", "two",
    ]
)  # fmt: skip
_GOLDS = st.sampled_from(
    [
        ("24 boxes, half are sold", "12"),
        ("12 boxes, none is sold", "12"),
        ("How many roots?", "2"),
        ("Which? (A) 5 (B) 12 (C) 7", "B"),
        ("Find the pair.", "(4,3)"),
        ("Which day?", "\\text{Wednesday}"),
        ("Side 5, diagonal?", "5\\sqrt{2}"),
        ("Expand.", "x^2+3x+2"),
    ]
)


async def surface(claim: Claim) -> Verdict:
    """Equal where the text is, white space aside: enough to have formulas blotted out."""
    same = claim.predicted.replace(" ", "") == claim.gold.replace(" ", "")
    return Verdict(Judgement.CORRECT if same else Judgement.INCORRECT, "surface", "test")


@settings(max_examples=300)
@given(
    gold=_GOLDS,
    pieces=st.lists(_PIECES, max_size=14),
    joint=st.sampled_from(["", " "]),
    judge=st.sampled_from([surface, undecided]),
)
def test_a_masked_critique_has_no_leak_left(
    gold: tuple[str, str], pieces: list[str], joint: str, judge: Judge
) -> None:
    critique, what = joint.join(pieces), instruction(*gold)

    async def leaks_of(text: str) -> tuple[Leak, ...]:
        return await find_leaks(text, what, "math", judge, None)

    leaks = asyncio.run(leaks_of(critique))
    assert not asyncio.run(leaks_of(mask(critique, leaks)))
    assert leaks == asyncio.run(leaks_of(critique))
    assert all(0 <= it.start < it.end <= len(critique) for it in leaks)
    assert all(one.end <= two.start for one, two in pairwise(leaks))


@settings(max_examples=200)
@given(st.text(max_size=300), _GOLDS)
def test_any_text_can_be_read(text: str, gold: tuple[str, str]) -> None:
    async def masked() -> bool:
        what = instruction(*gold)
        leaks = await find_leaks(text, what, "math", surface, None)
        return not await find_leaks(mask(text, leaks), what, "math", surface, None)

    assert asyncio.run(masked())
