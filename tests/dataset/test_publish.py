"""A published folder loads offline, says what it is, and is the same however it was made."""

import dataclasses
import json
import re
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from datasets import load_dataset, load_dataset_builder
from huggingface_hub import DatasetCard

from ultrainteract.dataset.about import About
from ultrainteract.dataset.publish import publish, split_of
from ultrainteract.dataset.schema import VIEWS
from ultrainteract.dataset.tally import SkipCount, VerdictCount
from ultrainteract.errors import JournalFault, RunFolderError
from ultrainteract.tree import PreferenceTree

Plant = Callable[..., PreferenceTree]


def grove(plant: Plant, count: int = 6) -> list[PreferenceTree]:
    shapes = (["CI", "CI"], ["ICU", "SCI"], ["CcC"], ["IIM", "II", "CI"], ["C=", "CI"])
    return [
        plant(shapes[place % len(shapes)], native_id=str(place), tokens=10 + place)
        for place in range(count)
    ]


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", list(VIEWS))
def test_every_config_loads_with_its_features(
    plant: Plant, about: About, tmp_path: Path, name: str
) -> None:
    published = publish(grove(plant), tmp_path / "out", about)
    loaded = load_dataset(str(tmp_path / "out"), name)
    assert list(loaded) == ["train"]
    assert loaded["train"].features == VIEWS[name].features
    assert loaded["train"].column_names == list(VIEWS[name].features)
    assert len(loaded["train"]) == published.rows[name]["train"] > 0


def test_preference_is_the_default(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grove(plant), tmp_path / "out", about)
    assert load_dataset_builder(str(tmp_path / "out")).config.name == "preference"


def test_without_a_pair_the_other_views_load(plant: Plant, about: About, tmp_path: Path) -> None:
    published = publish([plant(["CCC"])], tmp_path / "out", about, test_fraction=1e-9)
    assert published.rows["preference"] == {"train": 0, "test": 0}
    assert load_dataset_builder(str(tmp_path / "out")).config.name == "sft"
    for name in ("sft", "kto", "trajectories", "trees", "ultrainteract_sft"):
        loaded = load_dataset(str(tmp_path / "out"), name)
        assert {split: len(rows) for split, rows in loaded.items()} == {"train": 3}
    with pytest.raises(ValueError, match="'preference' not found"):
        load_dataset(str(tmp_path / "out"), "preference")


def test_without_a_tree_there_is_a_card_that_says_so(about: About, tmp_path: Path) -> None:
    publish([], tmp_path / "out", about)
    assert sorted(contents(tmp_path / "out")) == ["README.md", "run.yaml"]
    assert "0 trees" in (tmp_path / "out" / "README.md").read_text()


def test_the_original_pair_rows_come_back_as_the_history(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    trees = grove(plant)
    publish(trees, tmp_path / "out", about)
    loaded = load_dataset(str(tmp_path / "out"), "ultrainteract_pair", split="train")
    by_id = {tree.instruction.id: tree for tree in trees}
    assert len(loaded) > 0
    for row in loaded:
        turn = int(row["id"].split("_")[2])
        history = by_id[row["parent_id"]].history(turn)
        assert [(said["from"], said["value"]) for said in row["trajectory"]] == [
            (message.role, message.content) for message in history
        ]


def test_publishing_twice_gives_the_same_bytes(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grove(plant), tmp_path / "a" / "x", about, test_fraction=0.3)
    publish(grove(plant), tmp_path / "b" / "y", about, test_fraction=0.3)
    publish(grove(plant), tmp_path / "b" / "y", about, test_fraction=0.3)
    assert contents(tmp_path / "a" / "x") == contents(tmp_path / "b" / "y")
    assert [path.name for path in (tmp_path / "b").iterdir()] == ["y"]


def test_no_file_names_the_place_it_was_written_to(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grove(plant), tmp_path / "out", about)
    for data in contents(tmp_path / "out").values():
        assert str(tmp_path).encode() not in data


def test_no_problem_is_on_both_sides_of_a_split(plant: Plant, about: About, tmp_path: Path) -> None:
    published = publish(grove(plant, 40), tmp_path / "out", about, test_fraction=0.25)
    loaded = load_dataset(str(tmp_path / "out"), "trees")
    problems = {
        split: {row["problem_id"] for row in rows["metadata"]} for split, rows in loaded.items()
    }
    assert problems["train"]
    assert problems["test"]
    assert not problems["train"] & problems["test"]
    assert published.rows["trees"] == {split: len(rows) for split, rows in loaded.items()}


def test_the_split_of_a_problem_grows_with_the_fraction() -> None:
    names = [str(number) for number in range(400)]
    small = {name for name in names if split_of(name, 0.1) == "test"}
    large = {name for name in names if split_of(name, 0.4) == "test"}
    assert small < large
    assert 100 < len(large) < 220
    assert not any(split_of(name, 0.0) == "test" for name in names)


def test_shards_are_named_by_their_count_and_keep_the_order(
    plant: Plant, about: About, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ultrainteract.dataset.shards.ROW_GROUP", 4)
    trees = grove(plant, 12)
    publish(trees, tmp_path / "out", about, shard_bytes=1)
    names = sorted(path.name for path in (tmp_path / "out" / "trees").iterdir())
    count = len(names)
    assert count > 2
    assert names == [f"train-{number:05d}-of-{count:05d}.parquet" for number in range(count)]
    loaded = load_dataset(str(tmp_path / "out"), "trees", split="train")
    assert loaded["parent_id"][:] == [tree.instruction.id for tree in trees for _ in tree.nodes]


def test_trees_are_let_go_of_as_they_pass(plant: Plant, about: About, tmp_path: Path) -> None:
    alive: list[weakref.ref[PreferenceTree]] = []

    def stream() -> Iterator[PreferenceTree]:
        for place in range(30):
            assert sum(ref() is not None for ref in alive) <= 1
            tree = plant(["CI"], native_id=str(place))
            alive.append(weakref.ref(tree))
            yield tree
            del tree

    assert publish(stream(), tmp_path / "out", about).trees == 30


def test_what_stops_the_trees_leaves_the_old_dataset(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grove(plant), tmp_path / "out", about)
    before = contents(tmp_path / "out")

    def broken() -> Iterator[PreferenceTree]:
        yield plant(["CI"])
        raise JournalFault("the journal is gone")

    with pytest.raises(JournalFault):
        publish(broken(), tmp_path / "out", about)
    assert contents(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_reader_meets_the_old_dataset_or_the_new_one_and_never_none(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    out, gaps, done = tmp_path / "out", [], threading.Event()
    # Without a pair nothing is drawn, which would take most of the time.
    trees = [plant(["U"])]
    publish(trees, out, about)

    def read() -> None:
        while not done.is_set():
            if not (out / "run.yaml").exists():
                gaps.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(5):
        publish(trees, out, about)
    done.set()
    reader.join()
    assert not gaps


def test_what_a_killed_run_left_beside_is_replaced(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    for left in (".out.new", ".out.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "half").write_text("x")
    publish(grove(plant), tmp_path / "out", about)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_folder_with_something_else_is_not_replaced(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(RunFolderError, match=r"thesis\.tex"):
        publish(grove(plant), tmp_path / "out", about)
    assert (tmp_path / "out" / "thesis.tex").read_text() == "years of work"


def test_a_place_that_cannot_be_written_is_named(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot publish to"):
        publish(grove(plant), tmp_path / "file" / "out", about)


def test_pairs_with_equal_sides_are_skipped_and_counted(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    published = publish([plant(["C=", "CI"])], tmp_path / "out", about)
    assert published.rows["preference"] == {"train": 1}
    assert SkipCount("preference", "equal sides", 1) in published.skipped
    assert SkipCount("ultrainteract_pair", "equal sides", 1) in published.skipped


def test_verdicts_are_counted_by_task_and_turn(plant: Plant, about: About, tmp_path: Path) -> None:
    published = publish([plant(["CIIM", "USC"])], tmp_path / "out", about)
    assert published.verdicts == (
        VerdictCount("Math_PoT", 1, "correct", 1),
        VerdictCount("Math_PoT", 1, "incorrect", 2),
        VerdictCount("Math_PoT", 1, "malformed", 1),
        VerdictCount("Math_PoT", 2, "correct", 1),
        VerdictCount("Math_PoT", 2, "step", 1),
        VerdictCount("Math_PoT", 2, "unverified", 1),
    )


def test_lengths_are_percentiles_of_what_a_trainer_must_hold(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    published = publish(grove(plant), tmp_path / "out", about)
    lengths = {(one.view, one.part): one for one in published.lengths}
    rows = load_dataset(str(tmp_path / "out"), "preference", split="train")
    sizes = sorted(
        sum(len(message["content"]) for message in row["prompt"])
        + max(len(row["chosen"][0]["content"]), len(row["rejected"][0]["content"]))
        for row in rows
    )
    whole = lengths["preference", "whole"]
    assert (whole.unit, whole.count) == ("characters", len(sizes))
    assert whole.values[0] == sizes[-(-len(sizes) // 2) - 1]
    assert whole.values[-1] == sizes[-1]
    actions = lengths["trees", "action"]
    assert (actions.unit, actions.values[-1]) == ("tokens", 15)
    assert published.characters_per_token is not None


def test_without_token_counts_lengths_are_in_characters_and_the_card_says_so(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    published = publish([plant(["CI"])], tmp_path / "out", about)
    assert {one.unit for one in published.lengths} == {"characters"}
    assert "counted no tokens" in (tmp_path / "out" / "README.md").read_text()


def test_the_front_matter_is_what_the_hub_reads(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grove(plant), tmp_path / "out", about, test_fraction=0.5)
    data = DatasetCard.load(tmp_path / "out" / "README.md").data.to_dict()
    assert data["language"] == ["en"]
    assert data["license"] == ["mit", "apache-2.0"]
    assert data["tags"] == ["synthetic", "preference", "dpo", "reasoning", "ultrainteract"]
    assert data["annotations_creators"] == data["language_creators"] == ["machine-generated"]
    assert data["task_categories"] == ["text-generation"]
    assert data["size_categories"] == ["n<1K"]
    assert data["source_datasets"] == ["EleutherAI/hendrycks_math", "original"]
    assert data["pretty_name"]
    assert [config["config_name"] for config in data["configs"]] == list(VIEWS)
    assert [config["config_name"] for config in data["configs"] if config.get("default")] == [
        "preference"
    ]
    assert data["configs"][0]["data_files"] == [
        {"split": "train", "path": "preference/train-*"},
        {"split": "test", "path": "preference/test-*"},
    ]
    assert {info["config_name"] for info in data["dataset_info"]} == set(VIEWS)


def test_a_licence_nobody_named_is_unknown(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grove(plant), tmp_path / "out", dataclasses.replace(about, licences=()))
    assert DatasetCard.load(tmp_path / "out" / "README.md").data.license == "unknown"


def test_the_card_says_how_it_was_made(plant: Plant, about: About, tmp_path: Path) -> None:
    loud = dataclasses.replace(about, self_critique=True, limits=("The grader errs in 1 of 99.",))
    publish([*grove(plant), plant(["C="], native_id="s")], tmp_path / "out", loud)
    card = (tmp_path / "out" / "README.md").read_text()
    for said in (
        "sha256:feed",
        "grader-1",
        about.prompts,
        "| small | r1 | actor, rejected | apache-2.0 |",
        "| big | not named | critic | not named |",
        "8-grams against the test sets.",
        "**Sample data.** The problems of `gsm8k`",
        "the hub could not be reached",
        "**Self-critique.**",
        "The grader errs in 1 of 99.",
        "| preference | equal sides | 2 |",
        "| Math_PoT | 1 |",
        "2404.02078",
    ):
        assert said in card
    samples = [json.loads(block) for block in re.findall(r"````json\n(.*?)\n````", card, re.DOTALL)]
    assert [list(sample) for sample in samples] == [list(view.features) for view in VIEWS.values()]


def test_the_card_has_the_report_of_the_run(plant: Plant, about: About, tmp_path: Path) -> None:
    named = plant(["CI"], native_id="9")
    named.instruction = dataclasses.replace(named.instruction, dataset="a|b")
    published = publish([*grove(plant), named], tmp_path / "out", about)
    card = (tmp_path / "out" / "README.md").read_text()
    pairs, correct = (sum(published.rows[view].values()) for view in ("preference", "sft"))
    (total,) = re.findall(
        r"^\| total \|  \|  \| 7 \|(?: \d+ \|){5} \d+ \| 1\.0 \|.*", card, re.MULTILINE
    )
    assert total.endswith(f"| {pairs} | {correct} |")
    assert re.search(r"^\| Math \| a\\\|b \| yes \| 1 \| 1 \| 1 \| \d+ \|$", card, re.MULTILINE)


def test_a_card_of_one_turn_has_no_interaction(plant: Plant, about: About, tmp_path: Path) -> None:
    one = dataclasses.replace(about, config={"tree": {"max_turns": 1}})
    publish([plant(["CI"])], tmp_path / "out", one)
    assert "| Math | no | yes | 1 | 1 |" in (tmp_path / "out" / "README.md").read_text()


def test_a_card_without_a_stand_in_has_no_warning(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grove(plant), tmp_path / "out", dataclasses.replace(about, sources=about.sources[:1]))
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Sample data" not in card
    assert "Self-critique" not in card


def test_a_notice_does_not_break_the_cards_tables(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    source = dataclasses.replace(about.sources[0], notice="cite us |\n\n| and them")
    publish(grove(plant), tmp_path / "out", dataclasses.replace(about, sources=(source,)))
    card = (tmp_path / "out" / "README.md").read_text()
    assert r"| abc123 | mit | cite us \| \| and them |" in card


def test_run_yaml_is_what_reproduces_the_dataset(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    layered = dataclasses.replace(about, layers=("grader-2",))
    publish(grove(plant), tmp_path / "out", layered, test_fraction=0.25)
    data = yaml.safe_load((tmp_path / "out" / "run.yaml").read_text())
    assert data["config"] == about.config
    assert data["test_fraction"] == 0.25
    assert data["layers"] == ["grader-2"]
    assert data["sources"][0]["revision"] == "abc123"
    assert data["models"][0]["roles"] == ["actor", "rejected"]
    assert {"seed", "prompts", "image", "grader", "version", "self_critique"} <= set(data)


def test_the_cards_load_snippet_runs(plant: Plant, about: About, tmp_path: Path) -> None:
    published = publish(grove(plant), tmp_path / "out", about)
    card = (tmp_path / "out" / "README.md").read_text()
    snippet = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    names: dict[str, list[object]] = {}
    exec(snippet.replace("path/to/dataset", str(tmp_path / "out")), names)
    assert len(names["rows"]) == published.rows["preference"]["train"]


def test_the_parquet_schema_carries_the_features(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grove(plant), tmp_path / "out", about)
    for name, view in VIEWS.items():
        path = tmp_path / "out" / name / "train-00000-of-00001.parquet"
        schema: pa.Schema = pa.parquet.read_schema(path)
        assert schema.equals(view.features.arrow_schema)
