"""Which actions of a turn become its pairs.

A turn has one pair. Where the guided rung gave correct actions for several reference solutions,
each of them gets a pair (arXiv 2404.02078, section 2: "more correct actions to cover all of
them, and more incorrect ones to pair with").
"""

import random
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ultrainteract.environment import Guide
from ultrainteract.tree import Match, Node
from ultrainteract.types import Judgement


@dataclass(frozen=True, slots=True)
class Pairing:
    """The first pair, of which each side may stand alone, and those of further references."""

    chosen: Node | None
    rejected: Node | None
    further: tuple[Match, ...] = ()


def covered(guides: Sequence[Guide], nodes: Sequence[Node]) -> dict[str, list[Node]]:
    """The correct actions that a reference solution guided, by reference."""
    covers = {guide.name: guide.covers for guide in guides if guide.covers}
    found: dict[str, list[Node]] = {}
    for node in _of(nodes, Judgement.CORRECT):
        if (cover := covers.get(node.action.sampling.guided)) is not None:
            found.setdefault(cover, []).append(node)
    return found


def incorrect(nodes: Sequence[Node], models: Collection[str]) -> list[Node]:
    """The incorrect actions of different text that `models` wrote."""
    ours = (node for node in _of(nodes, Judgement.INCORRECT) if _author(node) in models)
    return _distinct(ours, set())


def pair_up(
    nodes: Sequence[Node], guides: Sequence[Guide], others: Collection[str], rng: random.Random
) -> Pairing:
    """The pairs of a turn, by lot. An incorrect action is one of `others` while there is one.

    No action is in two pairs, and no two pairs of a turn share the text of a side. The first pair's
    chosen action is of the ladder and its rejected one, where no other model gave one, of the
    lowest rung that was wrong: a lot among several rungs would depend on how many samples of each
    were drawn before the turn had what it needs.
    """
    correct, wrong = _of(nodes, Judgement.CORRECT), _of(nodes, Judgement.INCORRECT)
    theirs = [node for node in wrong if _author(node) in others]
    laddered = [node for node in correct if _rung(node) >= 0]
    lowest = [node for node in wrong if _rung(node) == min(map(_rung, wrong))]
    chosen = rng.choice(laddered) if laddered else None
    rejected = rng.choice(theirs or lowest) if wrong else None
    if chosen is None or rejected is None:
        return Pairing(chosen, rejected)
    right_texts, wrong_texts = {chosen.action.text}, {rejected.action.text}
    further: list[Match] = []
    for group in covered(guides, nodes).values():
        if chosen in group:
            continue
        rights = _distinct(group, right_texts)
        wrongs = _distinct(theirs, wrong_texts) or _distinct(wrong, wrong_texts)
        if rights and wrongs:
            right, other = rng.choice(rights), rng.choice(wrongs)
            right_texts.add(right.action.text)
            wrong_texts.add(other.action.text)
            further.append(Match(right.id, other.id))
    return Pairing(chosen, rejected, tuple(further))


def _of(nodes: Sequence[Node], judgement: Judgement) -> list[Node]:
    return [node for node in nodes if node.judgement is judgement]


def _author(node: Node) -> str:
    return node.action.sampling.model


def _rung(node: Node) -> int:
    return node.action.sampling.rung


def _distinct(nodes: Iterable[Node], taken: Collection[str]) -> list[Node]:
    """The first of each text that is not `taken`."""
    by_text: dict[str, Node] = {}
    for node in nodes:
        by_text.setdefault(node.action.text, node)
    return [node for text, node in by_text.items() if text not in taken]
