"""The columns of tables 1 and 7 mean what their docstrings say."""

import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from tests.dataset.conftest import grow_tree as plant
from ultrainteract.dataset.lineage import Origin
from ultrainteract.dataset.views import Skipped, preference, sft
from ultrainteract.report.cells import (
    DATASET_HEADS,
    TASK_HEADS,
    YIELD_HEADS,
    dataset_cells,
    spending_cells,
    task_cells,
)
from ultrainteract.report.tables import Report, RunTables, last_action
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Instruction, Spent, Task, Usage

SHAPES = (
    ["CI", "CI"],
    ["ICU", "SCI"],
    ["CcC"],
    ["IIM", "II", "CI"],
    ["C=", "CI"],
    ["e"],
    ["+CICIC"],
)


def grove(tokens: int = 0) -> list[PreferenceTree]:
    return [plant(shape, native_id=str(n), tokens=tokens) for n, shape in enumerate(SHAPES)]


def elsewhere(tree: PreferenceTree, instruction: Instruction) -> PreferenceTree:
    tree.instruction = instruction
    return tree


def report_on(trees: Sequence[PreferenceTree], max_turns: int) -> Report:
    tables = RunTables(max_turns)
    for tree in trees:
        tables.add(tree)
    return tables.report()


def test_pairs_and_correct_actions_are_the_rows_that_are_published() -> None:
    trees, origin = grove(), Origin("p", 0)
    total = report_on(trees, 5).total
    rows = [row for tree in trees for row in preference(tree, origin)]
    assert total.pairs == sum(not isinstance(row, Skipped) for row in rows) < len(rows)
    rows = [row for tree in trees for row in sft(tree, origin)]
    assert total.correct == sum(not isinstance(row, Skipped) for row in rows) < len(rows)


def test_with_interaction_each_tree_is_one_trajectory_of_as_many_turns() -> None:
    trees = [plant(["I"] * turns, native_id=str(turns)) for turns in (1, 2, 2, 3, 5)]
    total = report_on(trees, 5).total
    assert total.turns == (1, 2, 1, 0, 1)
    assert (total.instructions, total.trajectories, total.per_instruction) == (5, 5, 1.0)


def test_without_interaction_each_correct_action_is_one() -> None:
    report = report_on([plant(["CICU"]), plant(["II"], native_id="2")], max_turns=1)
    assert [row.interaction for row in report.tasks] == [False]
    assert report.total.turns == (2, 0, 0, 0, 0)
    assert report.total.per_instruction == 1.0


def test_a_problem_without_ground_truth_has_no_interaction() -> None:
    coding = replace(plant([]).instruction, task=Task.CODING)
    judged = elsewhere(plant(["CC"]), replace(coding, meta={"kind": "opinion"}))
    tested = elsewhere(plant(["CI"]), coding)
    rows = report_on([judged, tested], 5).tasks
    assert [(row.task, row.interaction, row.tool) for row in rows] == [
        ("Coding", False, None),
        ("Coding", True, None),
    ]


def test_mathematics_is_told_apart_by_its_tool() -> None:
    here = plant([]).instruction
    words = elsewhere(plant(["CI"]), replace(here, task=Task.MATH_COT, environment="math_cot"))
    rows = report_on([plant(["CI"]), words], 5).tasks
    assert [(row.task, row.tool) for row in rows] == [("Math", True), ("Math", False)]


def test_an_instruction_without_an_action_is_none() -> None:
    bare = plant([])
    report = report_on([bare], 5)
    assert report.tasks == ()
    assert (report.total.instructions, report.total.per_instruction) == (0, 0.0)
    assert report.total.tokens is None


def test_a_trajectory_ends_with_the_chosen_action_or_an_incorrect_one() -> None:
    assert last_action(plant(["I", "UIC"])).judgement == "correct"
    assert last_action(plant(["UMI"])).id == 2
    assert last_action(plant(["UM"])).id == 0


def test_the_two_tables_and_the_total_agree() -> None:
    other = replace(plant([]).instruction, dataset="gsm8k")
    trees = [*grove(7), elsewhere(plant(["CI"]), other)]
    report = report_on(trees, 5)
    for rows in (report.tasks, report.datasets):
        for name in ("instructions", "pairs", "correct", "trajectories"):
            values = [getattr(row.counts, name) for row in rows]
            assert sum(values) == getattr(report.total, name)
    assert [row.dataset for row in report.datasets] == ["math", "gsm8k"]


def test_recorded_tokens_count_as_they_are_and_other_text_by_its_characters() -> None:
    tree = plant(["I", "CI"], tokens=10)
    total = report_on([tree], 5).total
    rate = sum(len(node.action.text) for node in tree.nodes) / (10 * len(tree.nodes))
    told = sum(len(one.content) for one in tree.history(2) if one.role == "user")
    assert total.action_tokens == 20
    assert total.tokens == pytest.approx(20 + told / rate)
    path = [tree.nodes[0], last_action(tree)]
    assert total.characters == told + sum(len(node.action.text) for node in path)


def test_an_action_that_was_not_counted_is_estimated() -> None:
    known, unknown = plant(["I"], tokens=10), plant(["I"], native_id="2")
    total = report_on([known, unknown], 5).total
    assert total.action_tokens == 10
    twice = report_on([known, plant(["I"], native_id="3", tokens=10)], 5).total
    assert total.tokens == pytest.approx(twice.tokens)


def test_without_any_count_there_are_no_tokens_but_characters() -> None:
    total = report_on(grove(), 5).total
    assert (total.tokens, total.action_tokens) == (None, None)
    assert total.characters
    assert task_cells(report_on(grove(), 5))[-1][TASK_HEADS.index("tokens")] == "-"


def test_trees_are_let_go_of_as_they_pass() -> None:
    alive: list[weakref.ref[PreferenceTree]] = []

    def stream() -> Iterator[PreferenceTree]:
        for place in range(30):
            assert sum(ref() is not None for ref in alive) <= 1
            tree = plant(["CI", "CI"], native_id=str(place))
            alive.append(weakref.ref(tree))
            yield tree
            del tree

    tables = RunTables(5)
    passing = tables.watch(stream())
    while next(passing, None):
        pass
    assert tables.report().total.pairs == 60


def test_every_row_of_cells_fits_its_heads() -> None:
    report = report_on(grove(3), 5)
    assert {len(row) for row in task_cells(report)} == {len(TASK_HEADS)}
    assert {len(row) for row in dataset_cells(report)} == {len(DATASET_HEADS)}
    total = dict(zip(TASK_HEADS, task_cells(report)[-1], strict=True))
    assert (total["task"], total["instructions"], total["traj/ins"]) == ("total", "7", "1.0")


def test_calls_and_tokens_are_of_all_roles_and_of_trees_that_were_never_begun() -> None:
    begun, bare = plant(["CI", "CI"]), plant([], native_id="2")
    begun.spent = {"a": Spent(3, Usage(100, 300)), "c": Spent(1, Usage(50, 50))}
    bare.spent = {"a": Spent(4, Usage(200, 300))}
    report = report_on([begun, bare], 5)
    for counts in (report.tasks[0].counts, report.datasets[0].counts):
        assert (counts.pairs, counts.calls, counts.spent) == (2, 4, 500)
    total = report.total
    assert (total.calls, total.spent, total.pairs) == (8, 1000, 2)
    assert (total.brought.by_calls, total.brought.by_tokens) == (250.0, 2000.0)
    assert spending_cells(report)[-1] == ("total", "", "8", "1,000", "250.0", "2,000.0")
    assert {len(row) for row in spending_cells(report)} == {len(YIELD_HEADS)}


def test_where_nothing_was_counted_there_is_no_yield() -> None:
    cells = spending_cells(report_on([plant(["CI"])], 5))
    assert cells[-1][-2:] == ("-", "-")
