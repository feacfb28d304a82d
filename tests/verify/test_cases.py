"""The labelled cases beside the project: wrong accepted, right refused, texts that hang others."""

from pathlib import Path

import pytest

from ultrainteract.types import Claim
from ultrainteract.verify.cases import Case, Judged, by, figures, read_cases
from ultrainteract.verify.pool import Grader

FOLDER = Path(__file__).parents[2] / "../shared/data/grading"
there = pytest.mark.skipif(not FOLDER.is_dir(), reason="no labelled cases here")


async def judged(name: str) -> list[Judged]:
    grader = Grader()
    try:
        return [
            Judged(case, await grader.judge(case.claim()), 0.0)
            for case in read_cases(FOLDER / name)
        ]
    finally:
        await grader.close()


@there
async def test_labelled_cases_stay_within_the_bars() -> None:
    rows = await judged("grading_cases.jsonl")
    assert figures(rows).wrong_accepted == 0
    groups = {name: figures(group) for name, group in by(rows, "groups").items()}
    assert groups["main"].total > 1000
    assert groups["main"].right_refused_rate <= 0.02
    assert groups["hard_verify"].right_refused_rate <= 0.25
    assert groups["wtq"].right_refused_rate <= 0.01


@there
async def test_texts_that_hang_other_graders_are_answered_and_none_wrongly() -> None:
    rows = await judged("hang_cases.jsonl")
    assert rows
    assert figures(rows).wrong_accepted == 0
    assert not [row for row in rows if row.verdict.rule == "time"]


@pytest.mark.parametrize(
    "text",
    [
        *("2**2**2**2**9", "9^{9^{9}}", "factorial(99999)", "((5!)!)!", "C(10**6, 5*10**5)"),
        *("(x+1)^{9999}(x-1)^{9999}", "sin(" * 30 + "x" + ")" * 30, "1/" * 400 + "3"),
        *("[" * 900, "{" * 900 + "}" * 900, r"\frac" * 300, "9" * 1500, "1e999999", "(1)" * 600),
        *(r"\sqrt{" * 35 + "2" + "}" * 35, ",".join(f"x^{n}" for n in range(200)), "x=" * 500),
        *("(" + ",".join("1" * 300) + ")", r"\binom{99999}{49999}", "gcd(10**99999, 6**9999)"),
        *("Matrix(10**5, 10**5)", "range(10**12)", "exp(exp(exp(exp(9))))", "'a'*10**9"),
        *("[[1 2] " * 200, r"\cup".join(["(0,1)"] * 150), "x<1 or " * 200 + "x<2", "-" * 1999),
    ],
)
@pytest.mark.parametrize("gold", ["1", "x", r"\{1, 2\}"])
async def test_a_text_made_to_hang_is_answered_and_is_not_correct(text: str, gold: str) -> None:
    grader = Grader(seconds=10.0)
    verdict = await grader.judge(Claim("math", text, gold))
    await grader.close()
    assert verdict.judgement != "correct"
    assert verdict.rule != "time"


def case(**fields: object) -> Case:
    row = {"gold": "4", "pred": "4", "label": True, "kind": "numeric", "source": "s"}
    return Case.model_validate(row | {"form": "answer"} | fields)


@pytest.mark.parametrize(
    ("fields", "claim"),
    [
        ({}, Claim("math", "4", "4")),
        ({"kind": "multiple_choice"}, Claim("choice", "4", "4")),
        ({"kind": "yes_no"}, Claim("yes_no", "4", "4")),
        ({"kind": "text"}, Claim("math", "4", "4")),
        ({"kind": "text", "source": "HotpotQA (x)"}, Claim("hotpotqa", "4", "4")),
        ({"kind": "wtq_date", "canon": "4.0"}, Claim("wtq", "4", "4", '{"canonical": ["4.0"]}')),
        ({"form": "text", "pred": "It is 5. The answer is 4."}, Claim("math", "4", "4")),
        ({"form": "text", "gold": r"so \boxed{4} cats"}, Claim("math", "4", "4")),
        ({"gold": r"$\boxed{4}$ cats"}, Claim("math", "4", "4")),
        ({"options": ["a", "b"]}, Claim("math", "4", "4", '{"options": ["a", "b"]}')),
    ],
)
def test_a_row_is_judged_by_the_rules_of_its_kind(fields: dict[str, object], claim: Claim) -> None:
    assert case(**fields).claim() == claim
