"""`seeds show` accounts for every row, and shows instructions as the model sees them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ultrainteract.cli.seeds import app
from ultrainteract.errors import SeedError

run = CliRunner()


def show(*words: str) -> str:
    """What `seeds show` prints; raises what it raises."""
    done = run.invoke(app, ["show", *words], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def write(folder: Path, *lines: str) -> str:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


GOOD = json.dumps({"question": "How many?", "answer": "Count them.\n#### 1,234"})


def test_rows_are_counted_with_reasons_and_places(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD, '{"question": "Why?"}', "{broken", '{"question": "Who?"}')
    output = show("gsm8k", "--source", source)
    assert "4 rows: 1 loaded, 3 skipped" in output
    assert "2 skipped: missing field answer (rows.jsonl line 2, rows.jsonl line 4)" in output
    assert "1 skipped: not valid JSON" in output
    assert "(rows.jsonl line 3)" in output
    assert str(tmp_path) not in output


def test_each_environment_shows_its_prompt_and_the_answer_once(tmp_path: Path) -> None:
    output = show("gsm8k", "--source", write(tmp_path, GOOD))
    assert output.count("How many?") == 2
    assert "in math_pot" in output
    assert "in math_cot" in output
    assert "Python interpreter" in output
    assert output.count("-- reference answer\n1234\n") == 1


@pytest.mark.parametrize(("limit", "shown"), [("0", 0), ("1", 1), ("3", 3)])
def test_the_limit_counts_what_is_shown_not_what_is_read(limit: str, shown: int) -> None:
    output = show("strategyqa", "--source", "sample", "--limit", limit)
    assert output.count("-- reference answer") == shown
    assert "22 rows: 22 loaded, 0 skipped" in output


def test_what_a_run_leaves_out_is_told() -> None:
    output = show("tabmwp", "--source", "sample", "--limit", "0")
    assert "26 rows: 26 loaded, 0 skipped" in output
    assert "of these, a run takes 24 and leaves out 2" in output
    assert "1 left out: grade 7 (taken: 4, 5)" in output


def test_the_sample_in_place_of_a_dataset_is_noticed() -> None:
    assert "NOTICE: tabmwp: NOT the dataset" in show("tabmwp", "--limit", "0")


def test_a_file_of_which_nothing_loads_is_an_error_unless_allowed(tmp_path: Path) -> None:
    source = write(tmp_path, '{"context": "c"}', "{broken")
    with pytest.raises(SeedError, match="none of 2 rows is a problem"):
        show("reclor", "--source", source)
    output = show("reclor", "--source", source, "--allow-empty")
    assert "2 rows: 0 loaded, 2 skipped" in output
    empty = show("reclor", "--source", write(tmp_path), "--allow-empty")
    assert "0 rows: 0 loaded, 0 skipped" in empty


def test_text_of_a_row_is_no_order_to_the_terminal(tmp_path: Path) -> None:
    row = json.dumps({"question": "[bold]How\x1b[2J many\x07?", "answer": "#### 1"})
    output = show("gsm8k", "--source", write(tmp_path, row))
    assert "[bold]How[2J many?" in output
    assert not set(output) & {"\x1b", "\x07"}


def test_a_seed_of_a_plugin_is_shown(tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text('{"q": "Which?", "a": 3}\n')
    plugin = tmp_path / "plugin_of_show.py"
    plugin.write_text(
        "from ultrainteract.seeds import Question, seed\n\n\n"
        '@seed("shown", environments="nowhere", source="mine.jsonl")\n'
        'def shown(row):\n    """Mine."""\n    return Question(row["q"], row["a"])\n'
    )
    output = show("shown", "--plugin", str(plugin))
    assert "in nowhere (no such environment here: the statement alone)\nWhich?\n" in output
