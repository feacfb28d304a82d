"""Marks read off statements: which outputs are right, and what was lost."""

import json
from pathlib import Path

import pytest

from ultrainteract.seeds.marks import is_interactive, marks, without_pictures

FLAGGED = Path(__file__).parents[2] / "../shared/data/seeds/taco/rows_test_questions_partial.jsonl"


@pytest.mark.parametrize(
    "words",
    [
        "If there are several answers, print any of them.",
        "If there are multiple solutions, you can print any.",
        "Print any way to do this.",
        "Find any suitable permutation.",
        "Print the edges in any order.",
        "In this case anyone will do.",
        "The order of the pairs does not matter.",
    ],
)
def test_several_right_outputs_are_seen(words: str) -> None:
    assert marks(f"Do it. {words} Go on.")["checker"] == "any"


@pytest.mark.parametrize(
    "words",
    [
        "You may use any number of moves.",
        "Print the smallest number of days.",
        "He can visit the shops in any order.",
        "You can print each letter in any case.",
    ],
)
def test_one_right_output_is_exact(words: str) -> None:
    assert marks(words)["checker"] == "exact"


def test_constructive_problems_have_several_right_outputs() -> None:
    assert marks("Build it.", ["greedy", "Constructive algorithms"])["checker"] == "any"


@pytest.mark.parametrize(
    ("words", "tolerance"),
    [
        ("absolute or relative error does not exceed 10^{-6}.", "1e-6"),
        ("relative error does not exceed $10^{ - 9}$", "1e-9"),
        ("correct if its error is at most 10 - 6.", "1e-6"),
        ("with a precision of 1e-4", "1e-4"),
        ("may differ by no more than 0.001 from it", "1e-3"),
        ("There are 10 - 6 apples.", None),
    ],
)
def test_tolerance_is_read(words: str, tolerance: str | None) -> None:
    assert marks(words).get("tolerance") == tolerance


def test_letters_in_any_case_are_noted() -> None:
    assert marks("You can print each letter in any case (upper or lower).")["ignore_case"]
    assert "ignore_case" not in marks("In any case, print YES.\n")


def test_lost_pictures_are_told_by_their_place() -> None:
    assert marks("See this:\n<image>\n\nNote\n\nThat is all.")["images"] == "statement"
    assert marks("It ends. <image> A tree.\n\n<image>| <image>")["images"] == "statement"
    assert marks("<image>\n\nFind the least m <image> n.\n\nNote\n\n<image>")["images"] == "formula"
    assert marks("(1 ≤ n ≤ 9, [Image])")["images"] == "formula"
    assert marks("All said.\n\n-----Note-----\n\n[Image]")["images"] == "note"
    assert "images" not in marks("No picture.")
    assert without_pictures("a <image> b ![x](y.png) c").split() == ["a", "b", "c"]


def test_interactive_problems_are_known() -> None:
    assert is_interactive("This is an interactive problem. Ask.")
    assert not is_interactive("The interactive museum opens at nine.")


@pytest.mark.skipif(not FLAGGED.is_file(), reason="no shared data")
def test_most_problems_flagged_with_a_special_judge_are_marked() -> None:
    rows = [json.loads(line) for line in FLAGGED.read_text(encoding="utf-8").splitlines()]
    lenient = [
        marks(row["question"])["checker"] == "any" or marks(row["question"]).keys() > {"checker"}
        for row in rows
    ]
    flagged = [found for row, found in zip(rows, lenient, strict=True) if row["special_judge"]]
    exact = [
        marks(row["question"])["checker"] == "exact" for row in rows if not row["special_judge"]
    ]
    assert sum(flagged) >= 0.8 * len(flagged)
    assert sum(exact) >= 0.9 * len(exact)
