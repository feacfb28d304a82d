"""Properties of the rows that trees give."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.dataset.lineage import Origin
from ultrainteract.dataset.rows import (
    KtoRow,
    NodeRow,
    OriginalPairRow,
    OriginalSftRow,
    PreferenceRow,
    Row,
    SftRow,
    TrajectoryRow,
    fold,
)
from ultrainteract.dataset.schema import VIEWS, validate
from ultrainteract.dataset.views import ROWS, Skipped
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Judgement, Message

Plant = Callable[..., PreferenceTree]
ORIGIN = Origin("0123456789abcdef", 3)
WORD = st.text("CcI=eUSM", min_size=1, max_size=6)
WORDS = st.lists(WORD | WORD.map("+{}".format), min_size=1, max_size=5)


def rows(name: str, tree: PreferenceTree, origin: Origin = ORIGIN) -> list[Row]:
    return [row for row in ROWS[name](tree, origin) if not isinstance(row, Skipped)]


def skipped(name: str, tree: PreferenceTree) -> list[str]:
    return [row.reason for row in ROWS[name](tree, ORIGIN) if isinstance(row, Skipped)]


def test_every_view_has_its_rows() -> None:
    assert list(ROWS) == list(VIEWS)


@given(words=WORDS)
def test_every_row_is_one_its_schema_accepts(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    for name, view in VIEWS.items():
        for row in rows(name, tree):
            assert isinstance(row, view.row)
            assert validate(name, row.model_dump(by_alias=True)) == row


@given(words=WORDS)
def test_ids_are_unique_but_in_the_original_sft_view(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    for name in VIEWS:
        ids = [row.id for row in rows(name, tree)]
        assert name == "ultrainteract_sft" or len(ids) == len(set(ids))
        assert all(row.parent_id == tree.instruction.id for row in rows(name, tree))
        assert all(row.startswith(f"{tree.instruction.id}_{tree.depth}_") for row in ids)


@given(words=WORDS)
def test_a_pair_is_a_turns_correct_and_incorrect_action_after_one_history(
    plant: Plant, words: list[str]
) -> None:
    tree = plant(words)
    published = rows("preference", tree)
    for row in published:
        assert isinstance(row, PreferenceRow)
        chosen, rejected = (tree.nodes[node] for node in row.metadata.nodes)
        assert chosen.judgement is Judgement.CORRECT
        assert rejected.judgement is Judgement.INCORRECT
        assert chosen.turn == rejected.turn == row.turn
        assert row.chosen[0].content == chosen.action.text
        assert row.rejected[0].content == rejected.action.text
        said = [(message.role, message.content) for message in row.prompt]
        assert said == [(message.role, message.content) for message in tree.history(row.turn)]
    assert len(published) + len(skipped("preference", tree)) == len(list(tree.pairs()))


@given(words=WORDS)
def test_sft_has_each_distinct_correct_action_once_a_turn(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    correct = {(node.turn, fold(node.action.text)) for node in tree.with_verdict(Judgement.CORRECT)}
    published = [row for row in rows("sft", tree) if isinstance(row, SftRow)]
    assert Counter((row.turn, fold(row.completion[0].content)) for row in published) == Counter(
        correct
    )


@given(words=WORDS)
def test_kto_labels_every_verified_action(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    labels = {
        row.metadata.nodes[0]: row.label for row in rows("kto", tree) if isinstance(row, KtoRow)
    }
    assert labels == {
        node.id: node.judgement is Judgement.CORRECT
        for node in tree.nodes
        if node.judgement in {Judgement.CORRECT, Judgement.INCORRECT} and node.action.text.strip()
    }


@given(words=WORDS)
def test_a_trajectory_shows_wrong_actions_and_trains_on_the_correct_leaf(
    plant: Plant, words: list[str]
) -> None:
    tree = plant(words)
    for row in rows("trajectories", tree):
        assert isinstance(row, TrajectoryRow)
        node = tree.nodes[row.metadata.nodes[0]]
        assert [message.content for message in row.messages if message.train] == [node.action.text]
        assert node.judgement is Judgement.CORRECT
        before = [message.content for message in row.messages if message.role == "assistant"][:-1]
        assert before == [step.action.text for step in tree.path(node)[:-1]]


@given(words=WORDS)
def test_trees_has_one_row_a_node(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    published = [row for row in rows("trees", tree) if isinstance(row, NodeRow)]
    assert [row.node for row in published] == [node.id for node in tree.nodes]
    assert [row.parent for row in published] == [node.parent for node in tree.nodes]
    paired = list(tree.pairs())
    for mark, nodes in (
        ("is_chosen", {pair.chosen.id for pair in paired} | {t.chosen for t in tree.turns}),
        ("is_rejected", {pair.rejected.id for pair in paired} | {t.rejected for t in tree.turns}),
        ("is_expanded", {turn.expanded for turn in tree.turns}),
    ):
        assert {row.node for row in published if getattr(row, mark)} == nodes - {None}


@given(words=WORDS, seed=st.integers(0, 9))
def test_reward_keeps_the_bounds_of_appendix_b(plant: Plant, words: list[str], seed: int) -> None:
    tree, origin = plant(words), Origin("p", seed)
    published = [row for row in rows("reward", tree, origin) if isinstance(row, PreferenceRow)]
    pairs = rows("preference", tree, origin)
    assert published[: len(pairs)] == pairs
    across = published[len(pairs) :]
    assert across == [] or tree.depth**2 <= 10
    assert len(across) <= 9
    assert (
        max(Counter(node for row in across for node in row.metadata.nodes).values(), default=0) <= 3
    )
    for row in across:
        chosen, rejected = (tree.nodes[node] for node in row.metadata.nodes)
        assert chosen.judgement is Judgement.CORRECT
        assert rejected.judgement is Judgement.INCORRECT
        assert chosen.turn != rejected.turn
        assert [message.content for message in row.prompt] == [tree.instruction.prompt]


def test_a_tree_of_three_full_turns_gives_six_pairs_across_turns(plant: Plant) -> None:
    tree = plant(["CI", "CI", "CI"])
    assert len(rows("preference", tree)) == 3
    assert len(rows("reward", tree)) == 3 + 6


def test_every_pair_of_a_turn_is_published_once_under_a_name_of_its_own(plant: Plant) -> None:
    tree = plant(["+CICICII", "CI"])
    start = f"{tree.instruction.id}_2"
    names = [f"{start}_1", f"{start}_1_2_3", f"{start}_1_4_5", f"{start}_2"]
    for name in ("preference", "ultrainteract_pair"):
        assert [row.id for row in rows(name, tree)] == names
    reward = rows("reward", tree)
    assert [row.id for row in reward[:4]] == names
    assert len({row.id for row in reward}) == len(reward) == 4 + 2


def test_a_tree_of_four_turns_gives_none_across_turns(plant: Plant) -> None:
    assert len(rows("reward", plant(["CI"] * 4))) == 4


def test_the_actions_drawn_across_turns_hang_on_the_seed_alone(plant: Plant) -> None:
    tree = plant(["CCCCIIII", "CCCCIIII"])
    drawn = [
        [row.id for row in rows("reward", tree, Origin("p", seed))] for seed in (0, 0, 1, 2, 3)
    ]
    assert drawn[0] == drawn[1]
    assert len({tuple(ids) for ids in drawn}) > 1


def test_unverified_steps_and_malformed_replies_reach_no_side(plant: Plant) -> None:
    tree = plant(["USMCI", "USMCI"])
    for name in ("preference", "sft", "kto", "reward", "trajectories"):
        for row in rows(name, tree):
            dumped = row.model_dump()
            sides = [dumped.get(side, ()) for side in ("chosen", "rejected", "completion")]
            text = str(sides)
            assert not any(f"think {letter}" in text for letter in "USM")


def test_a_turn_with_an_equal_or_an_empty_side_gives_no_pair_and_says_why(plant: Plant) -> None:
    equal, empty = plant(["C=", "CI"]), plant(["Ce", "CI"])
    for name in ("preference", "ultrainteract_pair"):
        assert skipped(name, equal) == ["equal sides"]
        assert skipped(name, empty) == ["empty side"]
        assert len(rows(name, equal)) == len(rows(name, empty)) == 1
    assert skipped("kto", empty) == ["empty action"]


def test_equal_correct_actions_of_a_turn_are_published_once(plant: Plant) -> None:
    tree = plant(["CcccI"])
    assert len(rows("sft", tree)) == len(rows("ultrainteract_sft", tree)) == 1
    assert skipped("sft", tree) == ["equal action of the same turn"] * 3
    assert len(rows("kto", tree)) == 5


def test_all_correct_gives_sft_rows_and_no_pair(plant: Plant) -> None:
    tree = plant(["CCC"])
    assert rows("preference", tree) == []
    assert len(rows("sft", tree)) == 3


def test_an_observation_and_its_critique_are_one_user_message(plant: Plant) -> None:
    row = rows("preference", plant(["CI", "CI"]))[1]
    assert isinstance(row, PreferenceRow)
    assert [message.role for message in row.prompt] == ["user", "assistant", "user"]
    assert row.prompt[2].content == (
        "Out: I11\nYour answer is wrong.\nThe error of turn 1 is in step 1."
    )


@given(words=WORDS)
def test_the_original_pair_format_tells_the_same_history(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    published = rows("ultrainteract_pair", tree)
    for row, pair in zip(published, rows("preference", tree), strict=True):
        assert isinstance(row, OriginalPairRow)
        assert isinstance(pair, PreferenceRow)
        told = [Message(said.speaker, said.value) for said in row.trajectory]
        assert told == [*tree.history(pair.turn)]
        assert (row.chosen, row.rejected) == (pair.chosen[0].content, pair.rejected[0].content)
        assert row.id == pair.id


@given(words=WORDS)
def test_the_original_sft_format_flattens_the_history(plant: Plant, words: list[str]) -> None:
    tree = plant(words)
    for row, ours in zip(rows("ultrainteract_sft", tree), rows("sft", tree), strict=True):
        assert isinstance(row, OriginalSftRow)
        assert isinstance(ours, SftRow)
        assert row.response == ours.completion[0].content
        assert row.instruction.split("\n\n")[0] == tree.instruction.prompt
        assert row.instruction.endswith(ours.prompt[-1].content)
        assert row.id == "_".join(ours.id.split("_")[:3])


def test_half_a_surrogate_pair_becomes_a_replacement_character(plant: Plant) -> None:
    tree = plant(["CI"], native_id="\ud800")
    row = rows("preference", tree)[0]
    assert isinstance(row, PreferenceRow)
    assert row.prompt[0].content.endswith("What is \ufffd?")


@pytest.mark.parametrize("name", [name for name in VIEWS if not name.startswith("ultrainteract")])
def test_rows_say_where_they_come_from(plant: Plant, name: str) -> None:
    tree = plant(["CI", "CI"])
    for row in rows(name, tree):
        metadata = row.model_dump()["metadata"]
        assert metadata["prompts"] == ORIGIN.prompts
        assert metadata["seed"] == ORIGIN.seed
        assert metadata["environment"] == "math_pot"
        assert metadata["grader"] == "grader-1"
        assert metadata["problem_id"] == tree.instruction.problem_id
        models = [tree.nodes[node].action.sampling.model for node in metadata["nodes"]]
        assert list(metadata["models"]) == models
