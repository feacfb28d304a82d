"""`stats`, `regrade` and `publish` on a run, as a user calls them."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import yaml
from datasets import load_dataset

from tests.conftest import Command
from ultrainteract.verify.pool import GRADER_VERSION


@pytest.fixture
def there(run: Path, command: Command) -> Command:
    """A command line beside the run."""
    shutil.copytree(run, command.folder / "r")
    return command


def fingerprint(folder: Path) -> str:
    hasher = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        hasher.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return hasher.hexdigest()


def test_an_answer_that_is_graded_otherwise_is_published_otherwise(there: Command) -> None:
    done = there("regrade", "r", "--name", "g")
    assert done.code == 0, done.output
    assert "claims of 12 trees judged again by grader" in done.output
    for words in ("timeout", "old", "unverified -> correct", "ultrainteract publish r --layer g"):
        assert words in done.output
    for to in ("a", "b"):
        done = there("publish", "r", "--layer", "g", "--to", to)
        assert done.code == 0, done.output
    folder = there.folder
    assert fingerprint(folder / "a") == fingerprint(folder / "b")

    rows = load_dataset(str(folder / "a"), "kto", split="train", cache_dir=str(folder / "cache"))
    assert rows.num_rows > 0
    for row in rows:
        assert row["label"] == ("print(42)" in row["completion"][0]["content"])
    pairs = load_dataset(str(folder / "a"), split="train", cache_dir=str(folder / "cache"))
    for row in pairs:
        assert "print(42)" in row["chosen"][0]["content"]
        assert "print(42)" not in row["rejected"][0]["content"]

    (layer,) = yaml.safe_load((folder / "a" / "run.yaml").read_text())["layers"]
    assert layer.startswith(f"g: verdicts of grader {GRADER_VERSION}, ")
    assert layer in (folder / "a" / "README.md").read_text()
    assert str(folder) not in (folder / "a" / "run.yaml").read_text()

    counted = json.loads(there("stats", "r", "--json", "--layer", "g").output)
    assert counted["total"]["pairs"] == pairs.num_rows
    plain = json.loads(there("stats", "r", "--json").output)
    assert plain["total"]["pairs"] > counted["total"]["pairs"]


def test_without_a_place_the_dataset_lies_beside_its_layer(there: Command) -> None:
    assert there("regrade", "r", "--name", "g").code == 0
    assert there("publish", "r", "--layer", "g").code == 0
    assert (there.folder / "r/layers/g/dataset/run.yaml").exists()
    assert not (there.folder / "r/dataset").exists()


def test_an_unknown_layer_is_told(there: Command) -> None:
    done = there("publish", "r", "--layer", "g")
    assert done.code == 2
    assert "unknown layer 'g'" in done.output


@pytest.mark.parametrize("columns", ["20", "200"])
def test_the_report_is_never_shortened(there: Command, columns: str) -> None:
    done = there("stats", "r", COLUMNS=columns)
    assert done.code == 0, done.output
    for words in ("interaction", "T5", "traj/ins", "Math", "length", "12 trees"):
        assert words in done.output


def test_the_report_is_one_json_line_where_asked(there: Command) -> None:
    lines = there("stats", "r", "--json").output.splitlines()
    assert len(lines) == 1
    record = json.loads(lines[0])
    assert (record["trees"], record["unfinished"]) == (12, 0)
    (row,) = record["datasets"]
    assert (row["task"], row["dataset"], row["tool"]) == ("Math", "math", True)
    assert sum(row["turns"]) == row["trajectories"]
