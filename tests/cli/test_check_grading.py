import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ultrainteract.cli.check_grading import grading
from ultrainteract.errors import UserError

ROW = {"gold": "4", "pred": "4.0", "label": True, "kind": "numeric", "source": "ours",
       "form": "answer"}  # fmt: skip
ROWS = [
    ROW,
    ROW | {"pred": "5", "label": False},
    ROW | {"pred": "5"},  # a right one that is refused
    ROW | {"label": False},  # a wrong one that is accepted
    ROW | {"gold": r"10\sqrt{2}", "pred": "14.14"},  # unverified
    ROW | {"pred": "So it is $\\boxed{4}$.", "form": "text"},
    ROW | {"disputed": "why", "pred": "5"},
    ROW | {"source": "TinyV HardVerify-Math"},
    ROW | {"kind": "wtq_date", "gold": "May 1, 1990", "pred": "1990-05-01", "canon": "1990-05-01"},
    ROW | {"kind": "multiple_choice", "gold": r"\text{(B)}", "pred": "b"},
    ROW | {"kind": "text", "source": "HotpotQA", "gold": "the Moon", "pred": "Moon"},
]

app = typer.Typer()
app.command()(grading)


def written(folder: Path, *rows: object) -> Path:
    path = folder / "cases.jsonl"
    path.write_text("".join(f"{r if isinstance(r, str) else json.dumps(r)}\n" for r in rows))
    return path


def test_the_last_line_counts_every_row_and_each_group_apart(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(written(tmp_path, *ROWS)), "--mistakes", "3"])
    assert result.exit_code == 0, result.output
    record = json.loads(result.output.splitlines()[-1])
    assert record["total"] == len(ROWS)
    assert (record["wrong_accepted"], record["wrong_accepted_rate"]) == (1, 0.5)
    assert (record["right_refused"], record["unverified"]) == (3, 1)
    assert record["right_refused_rate"] == round(3 / 9, 5)
    assert record["right"] == len(ROWS) - 4
    assert set(record) >= {"mean_ms", "p50_ms", "p99_ms", "max_ms"}
    assert sum(kind["total"] for kind in record["by_kind"].values()) == len(ROWS)
    assert {name: record[name]["total"] for name in ("main", "disputed", "hard_verify", "wtq")} == {
        "main": 8,
        "disputed": 1,
        "hard_verify": 1,
        "wtq": 1,
    }
    assert "wrong accepted: '4.0' for '4'" in result.output


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "line 2.*Invalid JSON"),
        (
            {key: value for key, value in ROW.items() if key != "gold"},
            "line 2: gold: Field required",
        ),
        (ROW | {"label": "yes"}, "line 2: label"),
        (ROW | {"form": "prose"}, "line 2: form.*'answer' or 'text'"),
        (ROW | {"pred": None}, "line 2: pred"),
    ],
)
def test_a_bad_row_is_an_error_with_its_line(
    tmp_path: Path, row: dict[str, object] | str, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        grading(written(tmp_path, ROW, row))


def test_no_file_and_no_rows_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no file"):
        grading(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="no rows"):
        grading(written(tmp_path))
