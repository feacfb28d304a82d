"""Whose row it is: ids, place in the tree, and the run it comes from.

An id is `<instruction>_<depth>_<turn>`, as in the originals. Where a view has several rows a
turn, the node follows (`..._<node>`), and both nodes for a pair beside a turn's first or across
turns, so that ids are unique in every view but `ultrainteract_sft`, which keeps the original's
three parts.
"""

from dataclasses import dataclass
from typing import TypedDict

from ultrainteract.dataset.rows import Metadata
from ultrainteract.tree import Node, Pair, PreferenceTree


@dataclass(frozen=True, slots=True)
class Origin:
    """What every row says of the run: hash of the prompts, and the run's seed."""

    prompts: str
    seed: int


def row_id(tree: PreferenceTree, turn: int, *nodes: Node) -> str:
    """`<instruction>_<depth>_<turn>`, then the nodes."""
    return "_".join(
        [tree.instruction.id, str(tree.depth), str(turn), *(str(node.id) for node in nodes)]
    )


def pair_id(tree: PreferenceTree, pair: Pair) -> str:
    """That of a pair within its turn: the turn's own for the first, with both nodes for others."""
    nodes = (pair.chosen, pair.rejected) if pair.further else ()
    return row_id(tree, pair.turn, *nodes)


class Named(TypedDict):
    """The identity of a row in the originals."""

    id: str
    parent_id: str
    task: str
    dataset: str


class Placed(Named):
    """The identity of a row of our own."""

    depth: int
    turn: int
    metadata: Metadata


def named(tree: PreferenceTree, turn: int, *nodes: Node) -> Named:
    """What a row of the originals says; its id is that of the turn, or of nodes in it."""
    instruction = tree.instruction
    return {
        "id": row_id(tree, turn, *nodes),
        "parent_id": instruction.id,
        "task": instruction.task.value,
        "dataset": instruction.dataset,
    }


def placed(tree: PreferenceTree, origin: Origin, *nodes: Node) -> Placed:
    """What a row of our own about `nodes` says; its turn is that of the first."""
    turn = nodes[0].turn
    return {
        **named(tree, turn, *nodes),
        "depth": tree.depth,
        "turn": turn,
        "metadata": Metadata(
            models=tuple(node.action.sampling.model for node in nodes),
            nodes=tuple(node.id for node in nodes),
            prompts=origin.prompts,
            seed=origin.seed,
            environment=tree.instruction.environment,
            grader=next((node.verdict.grader for node in nodes if node.verdict), ""),
            problem_id=tree.instruction.problem_id,
        ),
    }
