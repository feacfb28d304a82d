"""The file of cases: problems once by name, every mistake named with its line."""

import json
from pathlib import Path

import pytest

from ultrainteract.environment import environments
from ultrainteract.errors import UserError
from ultrainteract.rehearsal.case import read_cases, read_file
from ultrainteract.seeds.registry import load_seed
from ultrainteract.types import Judgement, NodeKind

AT_LEAST = 25
PROBLEM: dict[str, object] = {"name": "p", "dataset": "d", "statement": "6 * 7?", "answer": "42"}


def row(name: str, problem: object, **more: object) -> dict[str, object]:
    answer = {"reply": "Answer: 42", "kind": "answer", "judgement": "correct"}
    return {"name": name, "problem": problem, **answer, **more}


def write(folder: Path, *rows: object) -> Path:
    path = folder / "cases.jsonl"
    lines = (one if isinstance(one, str) else json.dumps(one) for one in rows)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_later_line_calls_a_problem_by_its_name(tmp_path: Path) -> None:
    first, second = read_file(write(tmp_path, row("a", PROBLEM), "", row("b", "p")))
    assert first.problem == second.problem
    assert (second.kind, second.judgement) == (NodeKind.ANSWER, Judgement.CORRECT)


def test_meta_that_is_no_text_is_written_as_json(tmp_path: Path) -> None:
    meta = {"kind": "choice", "options": ["é", "b"]}
    (case,) = read_file(write(tmp_path, row("a", {**PROBLEM, "meta": meta})))
    assert case.problem.problem("e").meta == {"kind": "choice", "options": '["é", "b"]'}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "holds no cases"),
        (["{"], "line 1 is no JSON"),
        (["[]"], "line 1 is no case"),
        ([row("a", "q")], "no earlier problem 'q'; there are: none"),
        ([row("a", PROBLEM), row("a", "p")], "line 2: a second case 'a'"),
        ([row("a", PROBLEM), row("b", {**PROBLEM, "answer": "7"})], "a second problem 'p'"),
        ([row("a", PROBLEM, kind="guess")], "line 1 is no case: kind"),
        ([row("a", PROBLEM, expected="42")], "line 1 is no case: expected"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, rows: list[object], said: str) -> None:
    with pytest.raises(UserError, match=r"cases\.jsonl") as error:
        read_file(write(tmp_path, *rows))
    assert said in str(error.value)


def test_no_file_is_a_mistake_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no .*cases\.jsonl: an environment has its cases"):
        read_file(tmp_path / "cases.jsonl")


@pytest.mark.parametrize("name", environments())
def test_an_environment_has_enough_cases_of_every_kind(name: str) -> None:
    cases = read_cases(name)
    sorts = {case.name.partition(":")[0] for case in cases}
    assert len(cases) >= AT_LEAST
    assert {"gold", "accepted", "near miss", "garbage"} <= sorts
    for case in cases:
        sort = case.name.partition(":")[0]
        expected = {
            "gold": "correct",
            "accepted": "correct",
            "near miss": "incorrect",
            "garbage": "malformed",
        }.get(sort, sort)
        assert expected == (case.judgement or case.kind)


@pytest.mark.parametrize("name", environments())
def test_cases_are_of_datasets_that_the_environment_serves(name: str) -> None:
    for case in read_cases(name):
        assert name in load_seed(case.problem.dataset).environments
