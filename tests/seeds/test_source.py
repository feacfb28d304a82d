"""Which source is taken, and that an earlier run's is found again."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest

from ultrainteract.errors import SeedError
from ultrainteract.seeds import Provenance, Question, Row, load, load_seed, seed
from ultrainteract.types import adapter


def sample() -> Path:
    path = load_seed("gsm8k").sample
    assert path
    return path


def test_file_in_native_shape_gives_the_same_problems_as_the_bundled_one(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in sample().read_text(encoding="utf-8").splitlines()]
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(rows))
    assert load("gsm8k", source=copy).problems == load("gsm8k", source="sample").problems


def test_provenance_survives_json_and_names_no_folder(tmp_path: Path) -> None:
    copy = Path(shutil.copy(sample(), tmp_path / "copy.jsonl"))
    for source in (copy, "sample"):
        made = load("gsm8k", source=source).provenance
        there_and_back = adapter(Provenance).validate_json(adapter(Provenance).dump_json(made))
        assert there_and_back == made
        assert "/" not in str(dataclasses.astuple(made))


def test_sample_asked_for_needs_no_notice() -> None:
    made = load("math", source="sample").provenance
    assert (made.kind, made.notice, made.licence) == ("sample", "", "apache-2.0")


def test_the_sample_of_a_dataset_without_a_hub_is_loudly_no_dataset() -> None:
    usual = load("tabmwp").provenance
    assert usual.kind == "sample"
    assert "NOT the dataset" in usual.notice
    assert "--source problems_train.json" in usual.notice
    assert not load("tabmwp", source="sample").provenance.notice


def test_recorded_sample_is_taken_without_asking_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ultrainteract.seeds.source.fetch", None)
    first = load("math", source="sample")
    assert load("math", recorded=first.provenance) == first


def test_recorded_file_is_known_by_its_content(tmp_path: Path) -> None:
    copy = Path(shutil.copy(sample(), tmp_path / "a.jsonl"))
    first = load("gsm8k", source=copy)
    moved = copy.rename(tmp_path / "b.jsonl")
    assert load("gsm8k", source=moved, recorded=first.provenance).problems == first.problems
    with moved.open("a", encoding="utf-8") as stream:
        stream.write("\n")
    with pytest.raises(SeedError, match=r"the run began with file a\.jsonl .*now there is file b"):
        load("gsm8k", source=moved, recorded=first.provenance)


def test_another_source_than_the_recorded_one_is_refused(tmp_path: Path) -> None:
    copy = Path(shutil.copy(sample(), tmp_path / "a.jsonl"))
    first = load("gsm8k", source="sample").provenance
    with pytest.raises(SeedError, match=r"pass --source with the former, or begin a new run"):
        load("gsm8k", source=copy, recorded=first)


def test_seed_without_a_source_says_what_to_pass() -> None:
    @seed("bare", environments="math_pot")
    def bare(row: Row) -> Question:
        return Question(row.text("q"), answer=row.text("a"))

    with pytest.raises(SeedError, match="'bare' names no source of rows; pass --source FILE"):
        load("bare")
    with pytest.raises(SeedError, match="'bare' has no hub; pass --source FILE"):
        load("bare", source="hub")


def test_missing_file_is_a_seed_error(tmp_path: Path) -> None:
    with pytest.raises(SeedError, match=r"'math': .*absent\.jsonl"):
        load("math", source=tmp_path / "absent.jsonl")


def test_a_missing_file_lists_what_is_beside_it(tmp_path: Path) -> None:
    (tmp_path / "there.jsonl").touch()
    with pytest.raises(SeedError, match=r"no such file; in .* there is: there\.jsonl"):
        load("gsm8k", source=tmp_path / "missing.jsonl")


def test_a_folder_or_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    with pytest.raises(SeedError, match=r"it is a folder; in .* there is: in\.jsonl"):
        load("gsm8k", source=tmp_path)
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(SeedError, match="neither a file nor a folder"):
        load("gsm8k", source=tmp_path / "pipe.jsonl")
