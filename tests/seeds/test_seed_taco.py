"""TACO rows; every bundled reference solution passes every bundled test."""

import json
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from tests.seeds.references import disproved, row_of_tests
from ultrainteract.seeds import Row, Skip, load, load_seed
from ultrainteract.seeds.taco import taco
from ultrainteract.types import Problem

SAMPLE = load("taco", source="sample").problems


def title(problem: Problem) -> str:
    return problem.statement[:30]


def row(**changes: object) -> Row:
    sample = load_seed("taco").sample
    assert sample
    native = json.loads(sample.read_text(encoding="utf-8").splitlines()[0])
    return Row({**native, **changes})


@pytest.mark.parametrize("problem", [one for one in SAMPLE if "tests" in one.meta], ids=title)
def test_bundled_solutions_pass_the_bundled_tests(problem: Problem) -> None:
    assert len(problem.reference.solutions) >= 2
    assert disproved(problem) == []


def test_the_sample_has_twenty_of_every_sort() -> None:
    assert len(SAMPLE) >= 20
    sorts = [row_of_tests(one)["type"] if "tests" in one.meta else "none" for one in SAMPLE]
    assert (sorts.count("stdio"), sorts.count("call"), sorts.count("none")) == (13, 6, 1)


def test_tags_are_python_literals() -> None:
    assert taco(row(tags="['Greedy algorithms', 'Math']")).meta["tags"] == (
        '["Greedy algorithms", "Math"]'
    )
    for tags in ("", None, "[]", "broken", "__import__('os')", "(" * 9999):
        assert "tags" not in taco(row(tags=tags)).meta


def test_constructive_problems_may_have_several_right_outputs() -> None:
    assert taco(row(tags="['Constructive algorithms']")).meta["checker"] == "any"


def test_python_2_is_dropped() -> None:
    programs = json.dumps(["print raw_input()", "print(input())"])
    assert taco(row(solutions=programs)).solutions == ("print(input())",)


def test_starter_code_is_part_of_the_statement() -> None:
    called = next(one for one in SAMPLE if "starter_code" in one.meta)
    assert called.meta["starter_code"] in called.statement
    assert row_of_tests(called)["function"]


def test_limits_are_read_from_text() -> None:
    meta = taco(row(time_limit="2.0 seconds", memory_limit="256.0 megabytes")).meta
    assert (meta["time_limit"], meta["memory_limit"]) == ("2", "256")
    assert "time_limit" not in taco(row(time_limit=None)).meta


def test_lost_pictures_are_marked() -> None:
    assert taco(row(picture_num="2")).meta["images"] == "statement"
    assert "images" not in taco(row(picture_num="0")).meta


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question": " "}, "empty field question"),
        ({"solutions": "{}"}, "field solutions is not a list"),
        ({"solutions": "[broken"}, "field solutions is not valid JSON"),
        ({"input_output": "", "solutions": "[]"}, "neither a test nor a solution"),
        (
            {"starter_code": "#User function Template\nclass Solution:\n    def f(self):"},
            "nor call a function",
        ),
    ],
)
def test_row_that_cannot_be_graded_is_skipped(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        taco(row(**changes))


def test_rows_without_the_loading_script() -> None:
    hub = load_seed("taco").hub
    assert hub
    assert (hub.files, hub.revision) == (("ALL/train-*.parquet",), "")


@natives("taco")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    accounted("taco", path, {"question", "input_output"})
