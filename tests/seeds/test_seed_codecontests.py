"""CodeContests rows; every bundled reference solution passes every bundled test."""

import json
from pathlib import Path
from typing import cast

import pytest

from tests.seeds.native import natives
from tests.seeds.references import disproved, failed, row_of_tests
from ultrainteract.seeds import Question, Row, Skip, load, load_seed
from ultrainteract.seeds.codecontests import codecontests
from ultrainteract.types import Problem

SAMPLE = load("codecontests", source="sample").problems


def title(problem: Problem) -> str:
    return problem.native_id


def row(**changes: object) -> Row:
    sample = load_seed("codecontests").sample
    assert sample
    first = json.loads(sample.read_text(encoding="utf-8").splitlines()[0])
    return Row({**first, **changes})


def read_tests(question: Question) -> dict[str, object]:
    return cast("dict[str, object]", json.loads(question.meta["tests"]))


@pytest.mark.parametrize("problem", SAMPLE, ids=title)
def test_bundled_solutions_pass_the_bundled_tests(problem: Problem) -> None:
    # Two programs by different means agree: the outputs are no slip of one of them.
    assert len(problem.reference.solutions) >= 2
    assert disproved(problem) == []


def test_a_spoiled_solution_is_disproved() -> None:
    problem = SAMPLE[0]
    spoiled = problem.reference.solutions[0].replace("max(", "min(")
    assert failed(spoiled, problem)


def test_there_are_twenty_and_all_have_hidden_tests() -> None:
    assert len(SAMPLE) >= 20
    for problem in SAMPLE:
        tests = row_of_tests(problem)
        assert 1 <= cast("int", tests["public"]) < len(cast("list[str]", tests["inputs"]))


def test_public_examples_stand_in_the_statement() -> None:
    for problem in SAMPLE:
        tests = row_of_tests(problem)
        shown = cast("list[str]", tests["inputs"])[: cast("int", tests["public"])]
        assert all("".join(one.split()) in "".join(problem.statement.split()) for one in shown)


def test_other_languages_are_dropped() -> None:
    programs = ["print 1", "int main() {}", "print(1)", "print( 2 )"]
    for languages in ([1, 2, 3, 3], ["PYTHON", "CPP", "PYTHON3", "PYTHON3"]):
        solutions = {"language": languages, "solution": programs}
        assert codecontests(row(solutions=solutions)).solutions == ("print(1)", "print( 2 )")


def test_lists_of_structs_are_read_like_dicts_of_lists() -> None:
    one = row()
    tests = cast("dict[str, list[str]]", one["private_tests"])
    solved = cast("dict[str, list[object]]", one["solutions"])
    other = row(
        private_tests=[
            {"input": given, "output": wanted}
            for given, wanted in zip(tests["input"], tests["output"], strict=True)
        ],
        solutions=[
            {"language": language, "solution": program}
            for language, program in zip(solved["language"], solved["solution"], strict=True)
        ],
    )
    assert codecontests(one) == codecontests(other)


def test_private_tests_come_before_generated_ones() -> None:
    question = codecontests(
        row(
            public_tests={"input": ["1"], "output": ["a"]},
            private_tests={"input": ["2"], "output": ["b"]},
            generated_tests={"input": ["3", "1"], "output": ["c", "a"]},
        )
    )
    assert read_tests(question)["inputs"] == ["1", "2", "3"]


def test_limits_are_seconds_and_megabytes_or_absent() -> None:
    limited = codecontests(
        row(time_limit={"seconds": 2, "nanos": 500_000_000}, memory_limit_bytes=256_000_000)
    )
    assert (limited.meta["time_limit"], limited.meta["memory_limit"]) == ("2.5", "256")
    assert (read_tests(limited)["seconds"], read_tests(limited)["memory_mb"]) == (2.5, 256)
    free = codecontests(row(time_limit=None, memory_limit_bytes=0))
    assert not {"time_limit", "memory_limit"} & free.meta.keys()
    assert not {"seconds", "memory_mb"} & read_tests(free).keys()


def test_names_repeat_across_sources() -> None:
    assert codecontests(row(source=1)).id != codecontests(row(source=2)).id


def test_empty_tags_are_none() -> None:
    assert "tags" not in codecontests(row(cf_tags=[""])).meta
    assert codecontests(row(cf_tags=["dp"])).meta["tags"] == '["dp"]'


def test_problem_without_a_python_solution_keeps_its_tests() -> None:
    question = codecontests(row(solutions={"language": [2], "solution": ["int main() {}"]}))
    assert question.solutions == ()
    assert question.answer
    assert read_tests(question)["inputs"]


def test_problem_without_tests_keeps_its_solutions() -> None:
    none: dict[str, list[str]] = {"input": [], "output": []}
    question = codecontests(row(public_tests=none, private_tests=none, generated_tests=none))
    assert "tests" not in question.meta
    assert question.solutions


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"description": ""}, "empty field description"),
        ({"public_tests": 3}, "field public_tests holds no tests"),
        ({"input_file": "in.txt"}, "reads or writes a file"),
        ({"description": "This is an interactive problem. Ask."}, "interactive problem"),
        (
            {
                "public_tests": None,
                "private_tests": None,
                "generated_tests": None,
                "solutions": None,
            },
            "neither a test nor a solution",
        ),
    ],
)
def test_row_that_cannot_be_graded_is_skipped(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        codecontests(row(**changes))


def test_repository_is_pinned() -> None:
    hub = load_seed("codecontests").hub
    assert hub
    assert hub.revision == "802411c3010cb00d1b05bad57ca77365a3c699d6"


@natives("codecontests")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = load("codecontests", source=path, allow_empty=True, everything=True)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert loaded.rows == len(rows) == loaded.available + sum(loaded.skipped.values())
    complete = [one for one in rows if one.keys() >= {"name", "description", "public_tests"}]
    assert loaded.available >= 0.9 * len(complete)
    missing = sum(n for reason, n in loaded.skipped.items() if reason.startswith("missing field"))
    assert missing == len(rows) - len(complete)
