"""Counts say what lies in the trees, each thing once."""

from collections import Counter

import pytest

from tests.trees import CORRECT, INCORRECT, UNVERIFIED, action, answer, bare
from ultrainteract.report.stats import TreeStats, why_no_pair
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import (
    Critique,
    Judgement,
    Loss,
    NodeKind,
    Observation,
    Outcome,
    StopReason,
)


def malformed(tree: PreferenceTree, reason: str, outcome: Outcome | None = None) -> Node:
    return tree.add(NodeKind.MALFORMED, action("print(42)"), Observation(reason, outcome))


def two_turns() -> PreferenceTree:
    """A pair at turn 1 with a masked critique, a step and a timeout at turn 2."""
    tree = bare()
    right, wrong = answer(tree, CORRECT), answer(tree, INCORRECT)
    malformed(tree, "no code")
    malformed(tree, "SyntaxError: '(' was never closed", Outcome.SYNTAX)
    tree.losses.append(Loss(1, "a", 3, "HTTP 400: too long"))
    tree.close_turn(
        chosen=right,
        rejected=wrong,
        expanded=wrong,
        critique=Critique("Look again.", "c", redrawn=2, masked=3),
    )
    tree.add(NodeKind.STEP, action("print(42)"), Observation("found", Outcome.OK))
    slow = answer(tree, INCORRECT, observed=Observation("", Outcome.TIMEOUT))
    answer(tree, UNVERIFIED, observed=Observation())
    tree.losses.append(Loss(2, "b", 1, "HTTP 400: too long"))
    tree.close_turn(rejected=slow, expanded=slow, critique=Critique("And again.", "c"))
    tree.stop = StopReason.MAX_TURNS
    return tree


def test_a_tree_is_counted_by_its_parts() -> None:
    stats = TreeStats()
    stats.add(two_turns())
    assert (stats.trees, stats.pairs, stats.nodes) == (1, 1, 7)
    assert stats.turns == Counter({2: 1})
    assert stats.judgements == Counter(correct=1, incorrect=2, unverified=1)
    assert stats.correct == 1
    assert stats.kinds == Counter(answer=4, step=1, malformed=2)
    assert stats.stops == Counter(max_turns=1)
    assert stats.no_pair == Counter()


def test_a_syntax_error_is_a_malformed_reply_and_no_outcome() -> None:
    stats = TreeStats()
    stats.add(two_turns())
    assert stats.malformed == Counter({"no code": 1, "syntax error": 1})
    assert stats.outcomes == Counter(ok=3, timeout=1)


def test_losses_count_samples_and_critiques_their_leaks() -> None:
    stats = TreeStats()
    stats.add(two_turns())
    assert stats.lost == Counter({"HTTP 400: too long": 4})
    # `masked` counts critiques, `redrawn` drafts.
    assert (stats.critiques, stats.redrawn, stats.masked) == (2, 2, 1)


def test_trees_add_up_and_pass_through_unchanged() -> None:
    trees = [two_turns(), bare(), two_turns()]
    once, stats = TreeStats(), TreeStats()
    once.add(two_turns())
    assert list(stats.watch(iter(trees))) == trees
    assert (stats.trees, stats.pairs, stats.nodes) == (3, 2, 14)
    assert stats.turns == Counter({2: 2, 0: 1})
    assert stats.outcomes == once.outcomes + once.outcomes
    assert stats.no_pair == Counter({"every sample was lost": 1})


@pytest.mark.parametrize(
    ("judgements", "reason"),
    [
        ((), "every sample was lost"),
        ((CORRECT, UNVERIFIED), "no action was incorrect"),
        ((INCORRECT, UNVERIFIED), "no action was correct"),
        ((UNVERIFIED,), "no verdict could be reached"),
    ],
)
def test_a_tree_without_a_pair_has_one_reason(
    judgements: tuple[Judgement, ...], reason: str
) -> None:
    tree = bare()
    for judgement in judgements:
        answer(tree, judgement)
    stats = TreeStats()
    stats.add(tree)
    assert why_no_pair(tree) == reason
    assert stats.no_pair == Counter({reason: 1})


def test_replies_that_are_no_answers_are_a_reason() -> None:
    tree = bare()
    malformed(tree, "no code")
    assert why_no_pair(tree) == "no reply was an answer"


def test_correct_and_incorrect_in_different_turns_make_no_pair() -> None:
    tree = bare()
    wrong = answer(tree, INCORRECT)
    tree.close_turn(expanded=wrong)
    tree.close_turn(chosen=answer(tree, CORRECT))
    stats = TreeStats()
    stats.add(tree)
    assert stats.pairs == 0
    assert stats.no_pair == Counter({"correct and incorrect actions, never in one turn": 1})
