"""Trees made by hand, an action at a time."""

from ultrainteract.environment import instruct
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import (
    Action,
    Judgement,
    NodeKind,
    Observation,
    Outcome,
    Problem,
    Reference,
    Sampling,
    Verdict,
)

CORRECT, INCORRECT, UNVERIFIED = Judgement.CORRECT, Judgement.INCORRECT, Judgement.UNVERIFIED


def bare(
    statement: str = "What is 6 times 7?",
    number: int = 1,
    *,
    environment: str = "math_pot",
    level: str = "Level 5",
) -> PreferenceTree:
    """A tree without an action."""
    meta = {"level": level}
    problem = Problem("math", str(number), statement, Reference("42"), (environment,), meta)
    return PreferenceTree(instruct(problem, environment))


def action(text: str, guided: str = "") -> Action:
    """Of a model called `small`."""
    return Action(text, "", Sampling("small", 0, 0, "s", 0, 1.0, guided=guided))


def answer(
    tree: PreferenceTree,
    judgement: Judgement,
    text: str = "print(42)",
    *,
    observed: Observation | None = None,
    rule: str = "number",
    guided: str = "",
) -> Node:
    """An action that answers, and what was said of it."""
    seen = observed or Observation("", Outcome.OK)
    return tree.add(NodeKind.ANSWER, action(text, guided), seen, Verdict(judgement, rule, "g"))
