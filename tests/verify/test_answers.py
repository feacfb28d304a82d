"""Golds with the answers that say the same and their near misses, written for this project."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ultrainteract.types import Judgement
from ultrainteract.verify.cases import Case
from ultrainteract.verify.outputs import compare
from ultrainteract.verify.pool import Grader

DATA = Path(__file__).parents[1] / "data"


def cases(name: str, *, label: bool) -> Iterator[Case]:
    """The rows of a file: kind, gold, and the answers to accept and to refuse."""
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        row = {"source": "own", "form": "answer"} | json.loads(line)
        for answer in row.get("accept" if label else "refuse", ()):
            yield Case.model_validate(row | {"pred": answer, "label": label})


async def accepted(rows: Iterator[Case]) -> dict[tuple[str, str, str], bool]:
    grader = Grader()
    try:
        return {
            (case.kind, case.gold, case.pred): (await grader.judge(case.claim())).judgement
            is Judgement.CORRECT
            for case in rows
        }
    finally:
        await grader.close()


async def test_answers_that_say_the_same_are_accepted() -> None:
    verdicts = await accepted(cases("answers.jsonl", label=True))
    assert len(verdicts) > 400
    assert [row for row, right in verdicts.items() if not right] == []


async def test_near_misses_are_never_accepted() -> None:
    verdicts = await accepted(cases("answers.jsonl", label=False))
    assert len(verdicts) > 500
    assert [row for row, wrong in verdicts.items() if wrong] == []


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("-2, 2", r"x = \pm 3 \text{ and } \pm 1"),
        (r"5\text{ cm}", r"5\text{ mm}"),
        (r"\frac{\pi}{4}+k\pi, k \in \mathbb{Z}", r"\frac{5\pi}{4}+k\pi, k \in \mathbb{Z}"),
        (r"\pm 1 \pm i", "1+i, 1-i, -1+i, -1-i"),
        ("(3, -1)", r"2\begin{pmatrix} 1 \\ 2 \end{pmatrix} + 1"),
        (r"x = 30^\circ", r"30 \text{ radians}"),
    ],
)
async def test_what_may_be_right_is_not_called_wrong(gold: str, answer: str) -> None:
    grader = Grader()
    case = Case(gold=gold, pred=answer, label=False, kind="math", source="own", form="answer")
    try:
        assert (await grader.judge(case.claim())).judgement is Judgement.UNVERIFIED
    finally:
        await grader.close()


@pytest.mark.parametrize("label", [True, False])
def test_outputs_are_told_from_their_near_misses(label: bool) -> None:
    rows = [json.loads(line) for line in (DATA / "outputs.jsonl").read_text("utf-8").splitlines()]
    pairs = [(r["expected"], got) for r in rows for got in r["accept" if label else "refuse"]]
    assert len(pairs) > 60
    wrong = [pair for pair in pairs if (compare(*pair).judgement == "correct") is not label]
    assert wrong == []
