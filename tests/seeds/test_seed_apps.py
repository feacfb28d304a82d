"""APPS rows; every bundled reference solution passes every bundled test."""

from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from tests.seeds.references import disproved, row_of_tests
from ultrainteract.seeds import load
from ultrainteract.types import Problem

SAMPLE = load("apps", source="sample").problems


def title(problem: Problem) -> str:
    return problem.statement[:30]


@pytest.mark.parametrize("problem", SAMPLE, ids=title)
def test_bundled_solutions_pass_the_bundled_tests(problem: Problem) -> None:
    assert len(problem.reference.solutions) >= 2
    assert disproved(problem) == []


def test_the_sample_has_twenty_of_both_sorts() -> None:
    assert len(SAMPLE) >= 20
    assert {row_of_tests(one)["type"] for one in SAMPLE} == {"stdio", "call"}
    assert {one.meta["difficulty"] for one in SAMPLE} == {
        "introductory", "interview", "competition",
    }  # fmt: skip


@natives("apps")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = accounted("apps", path, {"question", "input_output"})
    assert all(one.reference.solutions for one in loaded.problems)
    kinds = [row_of_tests(one)["type"] for one in loaded.problems]
    assert kinds.count("call") >= 10


@natives("apps")
def test_recorded_calls_agree_with_the_solutions(path: Path) -> None:
    called = [
        one
        for one in load("apps", source=path).problems
        if row_of_tests(one)["type"] == "call" and "Solution" not in one.meta["starter_code"]
    ]
    assert [one.statement[:40] for one in called if disproved(one)] == []
