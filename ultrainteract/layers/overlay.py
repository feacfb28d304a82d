"""A tree under later verdicts: what was recorded stays, what is published follows the layer.

A tree grew by its first verdicts, so a layer re-labels and leaves out, and never makes up what
would have grown. See `overlay` for what exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ultrainteract.grow import UNPARSED
from ultrainteract.layers.layer import Layer
from ultrainteract.tree import Node, PreferenceTree, Turn
from ultrainteract.types import Judgement, NodeKind, StopReason, Verdict


@dataclass(frozen=True, slots=True)
class Judged(Verdict):
    """A verdict that knows the journal's key of its claim."""

    key: str = ""


def overlay(tree: PreferenceTree, layer: Layer) -> PreferenceTree:
    """The tree to publish under a layer, which is a whole second judgement: one at a time.

    - An action whose verdict changed is re-labelled, with the later rule and grader: it gains or
      loses its place in `sft`, `kto`, `trajectories`, and in the pairs of `reward` that are drawn
      across turns. Its observation stays as it was seen. A program that the later grader cannot
      parse becomes malformed, as when it grows.
    - A pair is dropped when its chosen action is correct no longer or its rejected one incorrect
      no longer. No other pair takes its place.
    - A tree ends with a turn whose expanded action changed: the later turns answer a history that
      calls a right action wrong. Their actions are in no view, and the tree's depth, which is
      part of the rows' ids, is that of what is left.
    - What no layer changes: a judge model's opinions, code that failed in the notebook, a program
      that could not be parsed, and whether a filter model found the problem too easy.

    The tree itself comes back where nothing changed.
    """
    later = {node.id: verdict for node in tree.nodes if (verdict := _later(tree, node, layer))}
    if not later:
        return tree
    last = next((turn.number for turn in tree.turns if turn.expanded in later), None)
    nodes = [
        _relabelled(node, later[node.id]) if node.id in later else node
        for node in tree.nodes
        if last is None or node.turn <= last
    ]
    return replace(
        tree,
        nodes=nodes,
        turns=[_decided(turn, nodes, last) for turn in tree.turns[:last]],
        losses=[loss for loss in tree.losses if last is None or loss.turn <= last],
        stop=tree.stop if last is None else StopReason.NOTHING_TO_EXPAND,
    )


def _later(tree: PreferenceTree, node: Node, layer: Layer) -> Verdict | None:
    if isinstance(node.verdict, Judged):
        return layer.verdicts.get((tree.instruction.id, node.verdict.key))
    return None


def _relabelled(node: Node, verdict: Verdict) -> Node:
    if verdict.rule == UNPARSED:
        return replace(node, kind=NodeKind.MALFORMED, verdict=None)
    return replace(node, verdict=verdict)


def _decided(turn: Turn, nodes: Sequence[Node], last: int | None) -> Turn:
    """A turn's pairs as far as they hold; nothing is expanded where the tree ends."""

    def right(place: int) -> bool:
        return nodes[place].judgement is Judgement.CORRECT

    def wrong(place: int) -> bool:
        return nodes[place].judgement is Judgement.INCORRECT

    chosen = turn.chosen if turn.chosen is not None and right(turn.chosen) else None
    holds = chosen is not None and turn.rejected is not None and wrong(turn.rejected)
    decided = replace(
        turn,
        chosen=chosen,
        rejected=turn.rejected if holds else None,
        further=tuple(one for one in turn.further if right(one.chosen) and wrong(one.rejected)),
    )
    return replace(decided, expanded=None, critique=None) if turn.number == last else decided
