"""The facts of a tree say what lies in it, and no text of it."""

import pytest

from tests.trees import CORRECT, INCORRECT, answer, bare
from ultrainteract.report.facts import Actions, Decided, TreeFacts, facts_of, failure_of
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import (
    Critique,
    Loss,
    Observation,
    Outcome,
    Spent,
    StopReason,
    Usage,
)


def grown() -> PreferenceTree:
    tree = bare()
    right = answer(tree, CORRECT, "Step 1: multiply.\nThe answer is 42")
    wrong = answer(tree, INCORRECT, "Step 1: add.\n```python\nprint(13)\n```")
    answer(tree, CORRECT, "it was told", guided="rationale")
    tree.close_turn(
        chosen=right, rejected=wrong, expanded=wrong, critique=Critique("Look.", "big", 2, 1)
    )
    same = answer(tree, CORRECT, "42  "), answer(tree, INCORRECT, "42")
    tree.close_turn(chosen=same[0], rejected=same[1], expanded=same[1])
    tree.losses += [Loss(1, "small", 3, "too long"), Loss(2, "small", 1, "too long")]
    tree.spent = {"small": Spent(4, Usage(10, 20), 1.5)}
    tree.stop = StopReason.MAX_TURNS
    return tree


def test_a_tree_is_told_in_numbers() -> None:
    facts = facts_of(grown())
    assert (facts.dataset, facts.level, facts.turns, facts.stop) == (
        "math",
        "Level 5",
        2,
        "max_turns",
    )
    assert Actions(1, "correct", 2) in facts.actions
    assert facts.rules == (Decided("number", "correct", 3), Decided("number", "incorrect", 2))
    assert (facts.critiques, facts.redrawn, facts.masked) == (1, 2, 1)
    assert [(one.reason, one.samples) for one in facts.lost] == [("too long", 4)]
    assert [(one.model, one.calls, one.completion_tokens) for one in facts.models] == [
        ("small", 4, 20)
    ]


def test_only_what_is_published_counts_as_a_pair() -> None:
    (pair,) = facts_of(grown()).pairs
    assert (pair.turn, pair.failure) == (1, "wrong answer")
    assert (pair.chosen.ending, pair.rejected.ending) == ("an answer line", "code")
    assert (pair.chosen.steps, pair.chosen.digits) == (1, 3)
    alone = bare()
    right, wrong = answer(alone, CORRECT, "42"), answer(alone, INCORRECT, "42 ")
    alone.close_turn(chosen=right, rejected=wrong, expanded=wrong)
    assert facts_of(alone).no_pair == "equal or empty sides"


def test_a_pass_rate_is_that_of_answers_without_help() -> None:
    facts = facts_of(grown())
    assert (facts.first_correct, facts.first_graded) == (1, 2)


def test_facts_come_back_from_json_without_a_word_of_the_tree() -> None:
    facts = facts_of(grown())
    text = facts.to_json()
    assert TreeFacts.from_json(text) == facts
    assert "multiply" not in text
    assert "Look." not in text


@pytest.mark.parametrize(
    ("outcome", "output", "rule", "failure"),
    [
        (Outcome.EXCEPTION, "Traceback\nNameError: x", "number", "NameError"),
        (Outcome.EXCEPTION, "Traceback\nMyOwnError: x", "number", "another exception"),
        (Outcome.TIMEOUT, "", "number", "timeout"),
        (Outcome.OK, "", "empty", "no answer"),
        (Outcome.OK, "", "tests:answer", "a test failed"),
        (None, "", "tests:timeout", "in a test: timeout"),
        (None, "", "string", "wrong answer"),
    ],
)
def test_a_failure_has_a_name_of_a_fixed_list(
    outcome: Outcome | None, output: str, rule: str, failure: str
) -> None:
    observed = Observation(output, outcome)
    node = answer(bare(), INCORRECT, "x", observed=observed, rule=rule)
    assert failure_of(node) == failure
