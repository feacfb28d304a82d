"""`check outputs` and `check programs`: tables, then one JSON line that counts by the labels."""

import json
from pathlib import Path

import pytest

from ultrainteract.cli.check_outputs import outputs
from ultrainteract.cli.check_programs import programs
from ultrainteract.errors import UserError

KEYS = {
    "total", "right", "wrong_accepted", "right_refused", "unverified", "wrong_accepted_rate",
    "right_refused_rate", "mean_ms", "p50_ms", "p99_ms", "max_ms", "by_kind",
}  # fmt: skip


def written(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return path


def last_line(text: str) -> dict[str, object]:
    line: dict[str, object] = json.loads(text.splitlines()[-1])
    return line


def test_outputs_are_counted_by_label_and_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"expected": "1", "actual": "1.0", "label": True, "kind": "a"},
        {"expected": "1", "actual": "2", "label": True, "kind": "a"},
        {"expected": "1", "actual": "1", "label": False, "kind": "b"},
        {"expected": "1", "actual": "3", "label": False, "kind": "b"},
    ]
    outputs(written(tmp_path / "rows.jsonl", *rows))
    summary = last_line(capsys.readouterr().out)
    assert summary.keys() == KEYS
    assert (summary["total"], summary["right"], summary["unverified"]) == (4, 2, 0)
    assert (summary["wrong_accepted_rate"], summary["right_refused_rate"]) == (0.5, 0.5)
    kinds = summary["by_kind"]
    assert isinstance(kinds, dict)
    assert kinds["b"]["wrong_accepted"] == kinds["a"]["right_refused"] == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "holds no rows"),
        ("{", "line 1 is no JSON"),
        ('{"expected": "1", "label": true}', "line 1 lacks actual"),
    ],
)
def test_a_file_that_is_no_list_of_cases_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=says):
        outputs(path)
    with pytest.raises(UserError, match="no file"):
        outputs(tmp_path / "nowhere.jsonl")


def test_a_row_without_a_known_shape_is_named(tmp_path: Path) -> None:
    row: dict[str, object] = {"program": "", "tests": {"type": "riddle"}, "label": True}
    with pytest.raises(UserError, match="row 1: unknown shape"):
        programs(written(tmp_path / "rows.jsonl", row))


@pytest.mark.docker
def test_programs_are_graded_in_the_sandbox_and_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tests = {"type": "assert", "code": "assert f(1) == 2"}
    rows: list[dict[str, object]] = [
        {"program": "def f(x): return x + 1", "tests": tests, "label": True},
        {"program": "def f(x): return x", "tests": tests, "label": False},
        {"program": "def f(x): return object()", "tests": tests, "label": False},
    ]
    programs(written(tmp_path / "rows.jsonl", *rows))
    summary = last_line(capsys.readouterr().out)
    assert summary.keys() == KEYS
    assert (summary["right"], summary["unverified"]) == (2, 1)
    assert summary["wrong_accepted"] == summary["right_refused"] == 0
