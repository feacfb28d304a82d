"""Under a layer every label is the later one, and nothing is left that rests on an old one."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.conftest import grow_tree as plant
from ultrainteract.grow import UNPARSED
from ultrainteract.layers.layer import Head, Layer, Tail
from ultrainteract.layers.overlay import Judged, overlay
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Judgement, NodeKind, StopReason, Verdict

CORRECT, INCORRECT, UNVERIFIED = Judgement.CORRECT, Judgement.INCORRECT, Judgement.UNVERIFIED

WORD = st.text("CIUSM", min_size=1, max_size=6)


def judged(*turns: str) -> PreferenceTree:
    """A tree whose verdicts know their claims: that of node n is `n`."""
    tree = plant(turns)
    tree.stop = StopReason.MAX_TURNS
    for place, node in enumerate(tree.nodes):
        if old := node.verdict:
            verdict = Judged(old.judgement, old.rule, old.grader, old.reason, key=str(place))
            tree.nodes[place] = replace(node, verdict=verdict)
    return tree


def layer_on(tree: PreferenceTree, later: dict[int, Judgement], rule: str = "new") -> Layer:
    verdicts = {
        (tree.instruction.id, str(node)): Verdict(judgement, rule, "9")
        for node, judgement in later.items()
    }
    tail = Tail(claims=9, changed=len(verdicts), programs=0, faults=0, trees=0)
    return Layer("x", Head(grader="9"), tail, verdicts, "0")


def under(tree: PreferenceTree, later: dict[int, Judgement]) -> PreferenceTree:
    return overlay(tree, layer_on(tree, later))


def turns_with_pairs(tree: PreferenceTree) -> list[int]:
    return [pair.turn for pair in tree.pairs()]


def test_a_tree_that_no_verdict_touches_is_the_same() -> None:
    tree, other = judged("CI", "CI"), judged("CI")
    layer = layer_on(other, {9: CORRECT})
    assert overlay(tree, layer) is tree


def test_a_chosen_action_that_is_wrong_takes_its_pair_alone() -> None:
    tree = under(judged("CI", "CI", "CI"), {2: INCORRECT})
    assert turns_with_pairs(tree) == [1, 3]
    assert (tree.turns[1].chosen, tree.turns[1].rejected) == (None, None)
    assert tree.depth == 3
    assert [node.judgement for node in tree.nodes] == [
        *(CORRECT, INCORRECT),
        *(INCORRECT, INCORRECT),
        *(CORRECT, INCORRECT),
    ]
    assert tree.nodes[2].verdict == Verdict(INCORRECT, "new", "9")


def test_a_rejected_action_that_is_right_takes_its_pair_and_what_follows() -> None:
    whole = judged("CI", "CI", "CI")
    tree = under(whole, {3: CORRECT})
    assert turns_with_pairs(tree) == [1]
    assert [node.id for node in tree.nodes] == [0, 1, 2, 3]
    assert tree.nodes[:3] == whole.nodes[:3]
    assert tree.turns[0] == whole.turns[0]
    last = tree.turns[1]
    assert (last.chosen, last.rejected, last.expanded, last.critique) == (2, None, None, None)
    assert tree.stop is StopReason.NOTHING_TO_EXPAND


def test_a_rejected_action_that_nobody_can_judge_does_so_too() -> None:
    tree = under(judged("CI", "CI"), {1: UNVERIFIED})
    assert turns_with_pairs(tree) == []
    assert tree.depth == 1


def test_no_new_pair_is_made() -> None:
    tree = under(judged("III", "UI"), {2: CORRECT, 3: CORRECT})
    assert turns_with_pairs(tree) == []
    assert [node.id for node in tree.with_verdict(CORRECT)] == [2, 3]
    assert tree.depth == 2


def test_a_pair_of_which_both_sides_turned_is_no_pair() -> None:
    tree = under(judged("CI"), {0: INCORRECT, 1: CORRECT})
    assert turns_with_pairs(tree) == []
    assert (tree.turns[0].chosen, tree.turns[0].rejected) == (None, None)


def test_each_pair_of_a_turn_falls_alone_and_keeps_its_name() -> None:
    def under_pairs(later: dict[int, Judgement]) -> list[tuple[int, int, bool]]:
        tree = under(judged("+CICICI"), later)
        return [(pair.chosen.id, pair.rejected.id, pair.further) for pair in tree.pairs()]

    first, second, third = (0, 1, False), (2, 3, True), (4, 5, True)
    assert under_pairs({}) == [first, second, third]
    assert under_pairs({0: INCORRECT}) == [second, third]
    assert under_pairs({3: UNVERIFIED}) == [first, third]
    assert under_pairs({4: INCORRECT, 5: CORRECT}) == [first, second]
    assert under_pairs({1: CORRECT}) == [second, third]


def test_a_program_that_cannot_be_parsed_becomes_malformed() -> None:
    whole = judged("CII")
    tree = overlay(whole, layer_on(whole, {2: UNVERIFIED}, rule=UNPARSED))
    assert tree.nodes[2].kind is NodeKind.MALFORMED
    assert tree.nodes[2].verdict is None
    assert turns_with_pairs(tree) == [1]


def test_a_verdict_that_was_no_claim_is_not_touched() -> None:
    tree = plant(["CI"])
    assert overlay(tree, layer_on(tree, {0: INCORRECT})) is tree


@settings(max_examples=150)
@given(
    turns=st.lists(WORD | WORD.map("+{}".format), min_size=1, max_size=5),
    later=st.dictionaries(st.integers(0, 29), st.sampled_from(list(Judgement)), max_size=8),
)
def test_nothing_that_is_left_rests_on_an_old_verdict(
    turns: list[str], later: dict[int, Judgement]
) -> None:
    whole = judged(*turns)
    later = {
        place: judgement
        for place, judgement in later.items()
        if place < len(whole.nodes) and whole.nodes[place].judgement not in (None, judgement)
    }
    tree = under(whole, later)
    for node in tree.nodes:
        assert node.judgement is later.get(node.id, whole.nodes[node.id].judgement)
        assert node.action == whole.nodes[node.id].action
    for pair in tree.pairs():
        assert (pair.chosen.judgement, pair.rejected.judgement) == (CORRECT, INCORRECT)
    assert {(pair.chosen.id, pair.rejected.id) for pair in tree.pairs()} <= {
        (pair.chosen.id, pair.rejected.id) for pair in whole.pairs()
    }
    for node in tree.nodes:
        # What a later action answered is what it answered when it was drawn.
        assert tree.history(node.turn) == whole.history(node.turn)
        assert not {one.id for one in tree.path(node)[:-1]} & later.keys()


def test_the_recorded_tree_is_left_as_it_is(tmp_path: Path) -> None:
    tree, same = judged("CI", "CI"), judged("CI", "CI")
    under(tree, {1: CORRECT, 2: INCORRECT})
    assert tree == same
