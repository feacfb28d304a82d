"""Exports have the shape that each trainer documents, and lose nothing."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ultrainteract.dataset.about import About
from ultrainteract.dataset.export import FORMATS, export, records
from ultrainteract.dataset.publish import publish
from ultrainteract.errors import UnknownName, UserError
from ultrainteract.tree import PreferenceTree

Plant = Callable[..., PreferenceTree]


@pytest.fixture
def folder(plant: Plant, about: About, tmp_path: Path) -> Path:
    trees = [plant(["CI", "UCI"], native_id=str(place)) for place in range(8)]
    publish(trees, tmp_path / "out", about, test_fraction=0.4)
    return tmp_path / "out"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_llamafactory_gets_its_sharegpt_preferences(folder: Path, tmp_path: Path) -> None:
    files = export(folder, "llamafactory", tmp_path / "lf")
    info = json.loads((tmp_path / "lf" / "dataset_info.json").read_text())
    entry = info["ultrainteract_preference_train"]
    assert entry["ranking"] is True
    assert entry["formatting"] == "sharegpt"
    assert entry["columns"] == {
        "messages": "conversations",
        "chosen": "chosen",
        "rejected": "rejected",
    }
    assert {tmp_path / "lf" / one["file_name"] for one in info.values()} < set(files)
    for row in lines(tmp_path / "lf" / entry["file_name"]):
        said = row["conversations"]
        assert isinstance(said, list)
        speakers = [message["from"] for message in said]
        assert len(speakers) % 2 == 1
        assert speakers == (["human", "gpt"] * 3)[: len(speakers)]
        chosen, rejected = row["chosen"], row["rejected"]
        assert isinstance(chosen, dict)
        assert isinstance(rejected, dict)
        assert chosen["from"] == rejected["from"] == "gpt"
        assert chosen["value"] != rejected["value"]


def test_llamafactory_gets_labels_and_flat_sft(folder: Path, tmp_path: Path) -> None:
    export(folder, "llamafactory", tmp_path / "lf")
    labelled = lines(tmp_path / "lf" / "ultrainteract_kto_train.jsonl")
    assert {row["kto_tag"] for row in labelled} == {True, False}
    for row in labelled:
        assert isinstance(row["conversations"], list)
        assert row["conversations"][-1]["from"] == "gpt"
        assert len(row["conversations"]) % 2 == 0
    flat = lines(tmp_path / "lf" / "ultrainteract_sft_train.jsonl")
    assert len(flat) == len(list(records(folder, "sft", "train")))
    assert all(set(row) == {"instruction", "input", "output"} for row in flat)


def test_torchtune_gets_two_whole_conversations(folder: Path, tmp_path: Path) -> None:
    export(folder, "torchtune", tmp_path / "tt")
    rows = lines(tmp_path / "tt" / "preference_train.jsonl")
    assert len(rows) == len(list(records(folder, "preference", "train"))) > 0
    for row in rows:
        chosen, rejected = row["chosen"], row["rejected"]
        assert isinstance(chosen, list)
        assert isinstance(rejected, list)
        assert chosen[:-1] == rejected[:-1]
        assert chosen[-1] != rejected[-1]
        assert chosen[-1]["role"] == rejected[-1]["role"] == "assistant"
        assert chosen[-2]["role"] == "user"


def test_nemo_rl_gets_ranked_completions(folder: Path, tmp_path: Path) -> None:
    export(folder, "nemo_rl", tmp_path / "nemo")
    rows = lines(tmp_path / "nemo" / "preference_train.jsonl")
    published = list(records(folder, "preference", "train"))
    for row, pair in zip(rows, published, strict=True):
        assert row == {
            "context": pair["prompt"],
            "completions": [
                {"rank": 0, "completion": pair["chosen"]},
                {"rank": 1, "completion": pair["rejected"]},
            ],
        }


def test_verl_gets_one_row_an_instruction_with_its_ground_truth(
    folder: Path, tmp_path: Path
) -> None:
    train, test = sorted(export(folder, "verl_rl", tmp_path / "verl"), reverse=True)
    rows: list[Mapping[str, object]] = pq.read_table(train).to_pylist()
    assert len(rows) + pq.read_metadata(test).num_rows == 8
    assert rows[0]["data_source"] == "math"
    assert rows[0]["ability"] == "math"
    assert rows[0]["reward_model"] == {"style": "rule", "ground_truth": "42"}
    prompt = rows[0]["prompt"]
    assert isinstance(prompt, list)
    assert [message["role"] for message in prompt] == ["user"]
    assert [row["extra_info"]["index"] for row in rows] == list(range(len(rows)))  # type: ignore[index]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_an_export_is_the_same_twice_and_leaves_no_half_file(
    folder: Path, tmp_path: Path, name: str
) -> None:
    first = export(folder, name, tmp_path / "a")
    second = export(folder, name, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(path for path in (tmp_path / "a").iterdir()) == sorted(first)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_dataset_without_a_pair_is_exported_too(
    plant: Plant, about: About, tmp_path: Path, name: str
) -> None:
    publish([plant(["CC"])], tmp_path / "bare", about)
    assert all(path.exists() for path in export(tmp_path / "bare", name, tmp_path / "x"))


def test_an_unknown_format_names_the_known_ones(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean 'torchtune'"):
        export(folder, "torchtunes", tmp_path / "x")


def test_a_folder_without_a_dataset_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no published dataset in"):
        export(tmp_path, "nemo_rl", tmp_path / "x")


def test_a_target_that_cannot_be_written_is_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot export to"):
        export(folder, "nemo_rl", tmp_path / "file")


def test_a_damaged_dataset_says_how_to_get_it_anew(folder: Path, tmp_path: Path) -> None:
    path = next((folder / "preference").glob("train-*.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UserError, match=r"cannot read .*publishes it anew.*Arrow"):
        export(folder, "nemo_rl", tmp_path / "x")


@pytest.mark.parametrize("inside", ["", "trees", "new/one", "../out"])
def test_an_export_into_the_dataset_is_refused(folder: Path, inside: str) -> None:
    before = sorted(folder.rglob("*"))
    with pytest.raises(UserError, match="lies in the published dataset"):
        export(folder, "verl_rl", folder / inside)
    assert sorted(folder.rglob("*")) == before
