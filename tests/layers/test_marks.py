"""Reviewers' marks: how they are kept, and what a dataset is under them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import Command
from ultrainteract.cli.layered import Layers, publish_layered
from ultrainteract.dataset.lineage import Origin
from ultrainteract.dataset.views import ROWS, Skipped
from ultrainteract.errors import RunFolderError
from ultrainteract.layers.marks import (
    FILE,
    Decision,
    Mark,
    Marks,
    actions_digest,
    add,
    reviewed,
)
from ultrainteract.layers.recall import finished_trees
from ultrainteract.run_folder import read_run
from ultrainteract.tree import Pair, PreferenceTree

ORIGIN = Origin("p", 0)


@pytest.fixture
def trees(run: Path) -> Iterator[list[PreferenceTree]]:
    journal, config = read_run(run)
    yield list(finished_trees(journal, config, []))
    journal.close()


def marked(tree: PreferenceTree, *nodes: int, decision: Decision, note: str = "") -> Mark:
    actions = actions_digest(*(tree.nodes[node] for node in nodes))
    return Mark(
        tree=tree.instruction.id, nodes=nodes, decision=decision, note=note, actions=actions
    )


def under(tree: PreferenceTree, folder: Path, *marks: Mark) -> PreferenceTree:
    for one in marks:
        add(folder, one)
    return reviewed(tree, Marks.read(folder))


def a_pair(trees: list[PreferenceTree]) -> tuple[PreferenceTree, Pair]:
    """One whose rejected action is the history of a later turn."""
    for tree in trees:
        for pair in tree.pairs():
            if pair.turn < len(tree.turns) and tree.turns[pair.turn - 1].expanded is not None:
                return tree, pair
    raise AssertionError("no tree has a pair before its last turn")


def rows(tree: PreferenceTree, view: str) -> list[str]:
    return [row.id for row in ROWS[view](tree, ORIGIN) if not isinstance(row, Skipped)]


def test_the_last_line_on_a_target_holds_and_nothing_written_is_changed(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    tree = trees[0]
    add(tmp_path, marked(tree, 0, decision=Decision.DROP))
    first = (tmp_path / FILE).read_bytes()
    add(tmp_path, marked(tree, 0, decision=Decision.KEEP, note="right after all"))
    assert (tmp_path / FILE).read_bytes().startswith(first)
    (mark,) = Marks.read(tmp_path).of(tree.instruction.id).values()
    assert (mark.decision, mark.note) == (Decision.KEEP, "right after all")
    add(tmp_path, marked(tree, 0, decision=Decision.NONE))
    assert not Marks.read(tmp_path).of(tree.instruction.id)


def test_a_line_that_was_cut_off_is_no_mark_and_swallows_no_other(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    tree = trees[0]
    add(tmp_path, marked(tree, 0, decision=Decision.DROP))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"tree":"ab')
    assert len(Marks.read(tmp_path).of(tree.instruction.id)) == 1
    add(tmp_path, marked(tree, 1, decision=Decision.DROP))
    assert len(Marks.read(tmp_path).of(tree.instruction.id)) == 2


def test_a_damaged_line_is_said(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{}\n")
    with pytest.raises(RunFolderError, match="no mark"):
        Marks.read(tmp_path)


def test_a_dropped_pair_is_in_no_view_of_pairs_and_its_actions_stay(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    tree, pair = a_pair(trees)
    sides = pair.chosen.id, pair.rejected.id
    left = under(tree, tmp_path, marked(tree, *sides, decision=Decision.DROP))
    for view in ("preference", "ultrainteract_pair"):
        assert len(rows(left, view)) == len(rows(tree, view)) - 1
    for view in ("sft", "kto", "trajectories"):
        assert rows(left, view) == rows(tree, view)
    assert left.history(len(tree.turns)) == tree.history(len(tree.turns))


@pytest.mark.parametrize("side", ["chosen", "rejected"])
def test_a_dropped_action_is_trained_on_nowhere_and_stays_history(
    trees: list[PreferenceTree], tmp_path: Path, side: str
) -> None:
    tree, pair = a_pair(trees)
    node = pair.chosen if side == "chosen" else pair.rejected
    left = under(tree, tmp_path, marked(tree, node.id, decision=Decision.DROP))
    for view in ("preference", "reward", "sft", "kto", "trajectories"):
        for row in ROWS[view](left, ORIGIN):
            if not isinstance(row, Skipped):
                assert node.id not in row.model_dump()["metadata"]["nodes"], view
    assert len(rows(left, "trees")) == len(tree.nodes)
    assert left.history(len(tree.turns)) == tree.history(len(tree.turns))
    assert any(row == Skipped("dropped by a reviewer") for row in ROWS["kto"](left, ORIGIN))


def test_an_equal_action_does_not_take_the_place_of_a_dropped_one(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    for tree in trees:
        for node in tree.nodes:
            twins = {
                one.id
                for one in tree.nodes
                if (one.turn, one.action.text) == (node.turn, node.action.text)
            }
            if len(twins) > 1:
                left = under(tree, tmp_path, marked(tree, node.id, decision=Decision.DROP))
                assert left.dropped >= twins
                kept = max(twins - {node.id})
                left = under(tree, tmp_path, marked(tree, kept, decision=Decision.KEEP))
                assert left.dropped == twins - {kept}
                return
    raise AssertionError("no turn has equal actions")


def test_a_pair_that_is_kept_outlives_a_drop_of_its_action(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    tree, pair = a_pair(trees)
    drop = marked(tree, pair.chosen.id, decision=Decision.DROP)
    keep = marked(tree, pair.chosen.id, pair.rejected.id, decision=Decision.KEEP)
    left = under(tree, tmp_path, drop, keep)
    assert rows(left, "preference") == rows(tree, "preference")


def test_a_mark_on_another_action_than_the_one_looked_at_is_passed_over(
    trees: list[PreferenceTree], tmp_path: Path
) -> None:
    tree, pair = a_pair(trees)
    stale = marked(tree, pair.chosen.id, decision=Decision.DROP).model_copy(
        update={"actions": "0" * 40}
    )
    assert under(tree, tmp_path, stale) is tree


def test_notes_alone_change_nothing(trees: list[PreferenceTree], tmp_path: Path) -> None:
    tree, _ = a_pair(trees)
    note = marked(tree, 0, decision=Decision.NONE, note="look at the third step")
    assert under(tree, tmp_path, note) is tree
    assert not Marks.read(tmp_path).decide


def test_export_and_publish_leave_out_what_was_dropped(run: Path, command: Command) -> None:
    shutil.copytree(run, command.folder / "r")
    nothing = command("publish", "r")
    assert nothing.code == 2
    assert "reviewers dropped nothing" in nothing.output
    journal, config = read_run(run)
    tree, pair = a_pair(list(finished_trees(journal, config, [])))
    journal.close()
    add(
        command.folder / "r", marked(tree, pair.chosen.id, pair.rejected.id, decision=Decision.DROP)
    )
    done = command("publish", "r", "--to", "marked")
    assert done.code == 0, done.output
    (layer,) = yaml.safe_load((command.folder / "marked" / "run.yaml").read_text())["layers"]
    assert layer.startswith("reviewers' marks: 1 dropped, 0 kept, sha256:")
    publish_layered(run, Layers(), command.folder / "r" / "dataset")
    exports = {}
    for name, words in {"with": [], "without": ["--no-marks"]}.items():
        done = command("export", "r", "--format", "torchtune", "--to", name, *words)
        assert done.code == 0, done.output
        assert (layer in done.output) == (name == "with")
        exports[name] = (command.folder / name / "preference_train.jsonl").read_text().splitlines()
    gone = set(exports["without"]) - set(exports["with"])
    assert len(exports["without"]) == len(exports["with"]) + 1
    (row,) = map(json.loads, gone)
    assert row["chosen"][-1]["content"] == pair.chosen.action.text
    assert row["rejected"][-1]["content"] == pair.rejected.action.text
