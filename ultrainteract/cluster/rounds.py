"""What driver and workers tell each other."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from ultrainteract.config import RunConfig
from ultrainteract.report.snapshot import Count
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Judgement


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker needs to know; the same for all workers of a run."""

    config: RunConfig
    endpoints: dict[str, tuple[str, ...]]
    """Base URLs by model name."""
    plugins: tuple[str, ...]
    uses_code: bool
    logs: str


class TreeReport(NamedTuple):
    """How growing one tree went. `stop` is empty when it did not end: then `trouble` says why,
    `fatal` that no other tree would fare better, `unfit` that none would on this node, `drained`
    that the run was asked to stop or, with `limit`, has spent its budget. `diverged` counts
    executions that were repeated and gave another result than recorded, `seconds` last from the
    tree's begin, or its replay's, to its end."""

    tree: str
    stop: str = ""
    turns: int = 0
    pairs: int = 0
    correct: int = 0
    nodes: int = 0
    lost: int = 0
    diverged: int = 0
    seconds: float = 0.0
    trouble: str = ""
    fatal: bool = False
    unfit: bool = False
    drained: bool = False
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """What a worker has to say: trees that it grew or gave up, how many more it would take, what
    the user should hear, what was counted since its last round, and what is under way. `unfit`
    says why it can grow no tree there: it begins nothing any more."""

    reports: tuple[TreeReport, ...] = ()
    wants: int = 0
    notices: tuple[str, ...] = ()
    counts: Mapping[Count, int] = field(default_factory=dict)
    gauges: Mapping[Count, float] = field(default_factory=dict)
    unfit: str = ""


def report(tree: PreferenceTree, diverged: int, seconds: float) -> TreeReport:
    """What there is to say of a tree that was grown to its end."""
    return TreeReport(
        tree.instruction.id,
        stop=str(tree.stop),
        turns=len(tree.turns),
        pairs=sum(1 for _ in tree.pairs()),
        correct=sum(1 for _ in tree.with_verdict(Judgement.CORRECT)),
        nodes=len(tree.nodes),
        lost=sum(loss.samples for loss in tree.losses),
        diverged=diverged,
        seconds=round(seconds, 3),
    )


def count(one: TreeReport, counts: Counter[Count]) -> None:
    """Add a tree that ended, or failed, to the counts of `report.snapshot.METRICS`."""
    if one.stop:
        counts["trees", one.stop] += 1
        counts["turns",] += one.turns
        counts["pairs",] += one.pairs
    elif not one.drained:
        counts["trees_failed",] += 1
