"""When spending more on a problem is unlikely to bring pairs, by the tree's own record alone.

Both rules are off unless a configuration asks for them: they save calls and leave out pairs of
the easiest and the hardest problems, which the paper's procedure keeps (arXiv 2404.02078,
appendix A).
"""

from collections.abc import Sequence

from ultrainteract.config import RunConfig
from ultrainteract.tree import Node
from ultrainteract.types import Judgement


def all_correct(config: RunConfig, nodes: Sequence[Node]) -> bool:
    """Whether `sampling.all_correct_after` judged actions of a turn came and none was incorrect.

    Where other models write the incorrect actions, theirs alone count.
    """
    enough, others = config.sampling.all_correct_after, config.roles.rejected
    judged = [
        node.judgement for node in nodes if not others or node.action.sampling.model in others
    ]
    if enough is None or Judgement.INCORRECT in judged:
        return False
    return judged.count(Judgement.CORRECT) >= enough


def never_correct(config: RunConfig, nodes: Sequence[Node]) -> bool:
    """Whether the last `tree.never_correct_after` turns of a tree have no correct action.

    A turn of steps alone was no attempt and counts neither way.
    """
    enough = config.tree.never_correct_after
    turns: dict[int, set[Judgement]] = {}
    for node in nodes:
        if node.judgement is not None:
            turns.setdefault(node.turn, set()).add(node.judgement)
    if enough is None or len(turns) < enough:
        return False
    return all(Judgement.CORRECT not in turns[number] for number in sorted(turns)[-enough:])
