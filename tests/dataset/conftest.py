"""Hand-built trees, and an `About` to publish them with."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import datasets

from ultrainteract.dataset.about import About, ModelUsed, Source
from ultrainteract.tree import Match, Node, PreferenceTree
from ultrainteract.types import (
    Action,
    Critique,
    Instruction,
    Judgement,
    NodeKind,
    Observation,
    Outcome,
    Problem,
    Reference,
    Sampling,
    Task,
    Verdict,
    digest,
)

_VERDICTS = {
    "C": Judgement.CORRECT,
    "c": Judgement.CORRECT,
    "I": Judgement.INCORRECT,
    "=": Judgement.INCORRECT,
    "e": Judgement.INCORRECT,
    "U": Judgement.UNVERIFIED,
}
_KINDS = {"S": NodeKind.STEP, "M": NodeKind.MALFORMED}


def grow_tree(turns: Sequence[str], *, native_id: str = "1", tokens: int = 0) -> PreferenceTree:
    """Grows a tree from one word a turn, one letter a node.

    C correct, c correct with the text of a C that opens the turn, up to white space; I incorrect,
    = incorrect with that text, e incorrect and empty, U unverified, S step, M malformed. A turn
    whose word opens with + pairs its further correct and incorrect actions too, in their order.
    """
    problem = Problem("math", native_id, f"What is {native_id}?", Reference("42"), ("math_pot",))
    tree = PreferenceTree(
        Instruction(
            id=digest(["math", native_id, "math_pot"])[:16],
            problem_id=problem.id,
            dataset="math",
            environment="math_pot",
            task=Task.MATH_POT,
            statement=problem.statement,
            prompt=f"Tool available:\n[1] Python interpreter\nWhat is {native_id}?",
            reference=problem.reference,
        )
    )
    for number, word in enumerate(turns, start=1):
        letters = enumerate(word.removeprefix("+"))
        nodes = [_add(tree, number, place, letter, tokens) for place, letter in letters]
        wrong = _first(nodes, Judgement.INCORRECT)
        expanded = wrong or next((node for node in nodes if node.kind is NodeKind.STEP), None)
        critique = Critique(f"The error of turn {number} is in step 1.", "big") if wrong else None
        tree.close_turn(
            chosen=_first(nodes, Judgement.CORRECT),
            rejected=wrong,
            expanded=expanded,
            critique=critique,
            further=_further(nodes) if word.startswith("+") else (),
        )
        if expanded is None:
            break
    return tree


def _add(tree: PreferenceTree, turn: int, place: int, letter: str, tokens: int) -> Node:
    name = f"{letter}{turn}{place}"
    texts = {
        "c": f"Step 1: same {turn}.\n\n```python\nprint('same')\n```",
        "=": f"Step 1:   same {turn}.\n```python\nprint('same')\n```\n",
        "e": " \n",
    }
    text = texts.get(letter, f"Step 1: think {name}.\n```python\nprint('{name}')\n```")
    if letter == "C" and place == 0:
        text = f"Step 1: same {turn}.\n```python\nprint('same')\n```"
    verdict = None
    if letter in _VERDICTS:
        verdict = Verdict(_VERDICTS[letter], "exact", "grader-1", "told so")
    return tree.add(
        _KINDS.get(letter, NodeKind.ANSWER),
        Action(
            text,
            f"print('{name}')",
            Sampling(
                "small" if place % 2 == 0 else "other",
                0,
                place,
                "cot",
                7,
                1.0,
                completion_tokens=tokens,
            ),
        ),
        Observation(name, Outcome.OK),
        verdict,
    )


def _further(nodes: Sequence[Node]) -> tuple[Match, ...]:
    correct, wrong = (
        [node.id for node in nodes if node.judgement is judgement]
        for judgement in (Judgement.CORRECT, Judgement.INCORRECT)
    )
    return tuple(map(Match, correct[1:], wrong[1:]))


def _first(nodes: Sequence[Node], judgement: Judgement) -> Node | None:
    return next((node for node in nodes if node.judgement is judgement), None)


@pytest.fixture(scope="session")
def plant() -> Callable[..., PreferenceTree]:
    return grow_tree


@pytest.fixture(scope="session")
def about() -> About:
    return About(
        config={"seed": 3, "tree": {"max_turns": 5}},
        sources=(
            Source("EleutherAI/hendrycks_math", "hub", "mit", "abc123"),
            Source("gsm8k", "sample", "apache-2.0", notice="the hub could not be reached"),
        ),
        models=(
            ModelUsed("small", ("actor", "rejected"), "r1", "apache-2.0"),
            ModelUsed("big", ("critic",)),
        ),
        prompts="0123456789abcdef",
        image="sha256:feed",
        grader="grader-1",
        seed=3,
        self_critique=False,
        decontamination="8-grams against the test sets.",
        version="0.1.0",
        licences=("mit", "apache-2.0"),
    )


@pytest.fixture(autouse=True)
def dataset_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `load_dataset` converts stays in the test's own folder."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
