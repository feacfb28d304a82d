"""The labelled cases beside the project: wrong accepted, right refused, texts that hang others."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.answer import find
from ultrainteract.verify.pool import Grader

FOLDER = Path(__file__).parents[2] / "../shared/data/grading"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no labelled cases here")
Row = dict[str, str]


def rows(name: str) -> Iterator[Row]:
    with (FOLDER / name).open() as lines:
        yield from map(json.loads, lines)


def claim(row: Row) -> Claim:
    if row["form"] == "answer":
        return Claim("math", row["pred"], row["gold"])
    gold = find(row["gold"]) if "boxed" in row["gold"] or len(row["gold"]) > 60 else row["gold"]
    return Claim("math", find(row["pred"]), gold)


async def judged(selected: list[Row]) -> list[tuple[Row, Verdict]]:
    grader = Grader()
    try:
        return [(row, await grader.judge(claim(row))) for row in selected]
    finally:
        await grader.close()


def rates(results: list[tuple[Row, Verdict]]) -> tuple[float, float]:
    """Wrong accepted and right refused (UNVERIFIED included), each over its own label."""
    seen = Counter((bool(r["label"]), v.judgement is Judgement.CORRECT) for r, v in results)
    wrong, right = seen[False, True] + seen[False, False], seen[True, True] + seen[True, False]
    return seen[False, True] / wrong, seen[True, False] / right


async def test_undisputed_cases_stay_within_the_bars() -> None:
    results = await judged(
        [
            row
            for row in rows("grading_cases.jsonl")
            if not row.get("disputed")
            and not row["kind"].startswith("wtq_")
            and "HardVerify" not in row["source"]
        ]
    )
    assert len(results) > 1000
    wrong_accepted, right_refused = rates(results)
    assert wrong_accepted == 0
    assert right_refused <= 0.02


async def test_adversarial_cases_stay_within_the_bars() -> None:
    results = await judged(
        [
            row
            for row in rows("grading_cases.jsonl")
            if "HardVerify" in row["source"] and not row.get("disputed")
        ]
    )
    wrong_accepted, right_refused = rates(results)
    assert wrong_accepted == 0
    assert right_refused <= 0.25


@pytest.mark.timeout(60)
async def test_texts_that_hang_other_graders_are_answered_and_none_wrongly() -> None:
    results = await judged(list(rows("hang_cases.jsonl")))
    assert results
    assert not [
        (row, verdict)
        for row, verdict in results
        if not row["label"] and verdict.judgement is Judgement.CORRECT
    ]
