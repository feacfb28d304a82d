"""Counts taken while rows pass: what was published, what was skipped, how long it is.

Lengths are kept as a histogram, so memory does not grow with the number of rows.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.dataset.rows import ChatMessage, KtoRow, PreferenceRow, Row, SftRow
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import NodeKind

PERCENTILES = (50, 90, 95, 99, 100)


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """Actions of a task and a turn with one verdict; `step` and `malformed` have none."""

    task: str
    turn: int
    verdict: str
    actions: int


@dataclass(frozen=True, slots=True)
class SkipCount:
    """Rows left out of a view for one reason."""

    view: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True)
class Length:
    """Percentiles of a length over `count` texts: `values[i]` belongs to `PERCENTILES[i]`.

    `part` is `prompt`, `whole` (the prompt with its longer answer: what a trainer's max_length
    must hold) or `action`. Characters are counted in the published text, tokens by the endpoint
    that sampled the action, before it was cut to what is published.
    """

    view: str
    part: str
    unit: str
    count: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Published:
    """What was written. `rows` by view, then split; `skipped` rows are not among them."""

    folder: Path
    trees: int
    nodes: int
    rows: Mapping[str, Mapping[str, int]]
    verdicts: tuple[VerdictCount, ...]
    skipped: tuple[SkipCount, ...]
    lengths: tuple[Length, ...]
    characters_per_token: float | None


@dataclass
class Tally:
    """Grows by `tree`, `row` and `skip`."""

    trees: int = 0
    nodes: int = 0
    samples: dict[str, Row] = field(default_factory=dict)
    _verdicts: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    _skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lengths: dict[tuple[str, str, str], Counter[int]] = field(default_factory=dict)
    _counted: Counter[str] = field(default_factory=Counter)

    def tree(self, tree: PreferenceTree) -> None:
        """Count a tree's actions by verdict, and their tokens where the endpoint told them."""
        self.trees += 1
        self.nodes += len(tree.nodes)
        for node in tree.nodes:
            self._verdicts[tree.instruction.task.value, node.turn, verdict_name(node)] += 1
            tokens = node.action.sampling.completion_tokens
            if tokens:
                self._measure("trees", "action", "tokens", tokens)
                self._counted.update(tokens=tokens, characters=len(node.action.text))

    def row(self, view: str, row: Row) -> None:
        """Measure a row that trainers read, and keep the first of each view."""
        self.samples.setdefault(view, row)
        if isinstance(row, PreferenceRow):
            longest = max(_characters(row.chosen), _characters(row.rejected))
        elif isinstance(row, SftRow | KtoRow):
            longest = _characters(row.completion)
        else:
            return
        prompt = _characters(row.prompt)
        self._measure(view, "prompt", "characters", prompt)
        self._measure(view, "whole", "characters", prompt + longest)

    def skip(self, view: str, reason: str) -> None:
        """Count a row that is not published."""
        self._skipped[view, reason] += 1

    def published(self, folder: Path, rows: Mapping[str, Mapping[str, int]]) -> Published:
        """The sum of it, sorted."""
        return Published(
            folder=folder,
            trees=self.trees,
            nodes=self.nodes,
            rows=rows,
            verdicts=tuple(VerdictCount(*key, n) for key, n in sorted(self._verdicts.items())),
            skipped=tuple(SkipCount(*key, n) for key, n in sorted(self._skipped.items())),
            lengths=tuple(
                Length(*key, histogram.total(), percentiles(histogram))
                for key, histogram in sorted(self._lengths.items())
            ),
            characters_per_token=(
                self._counted["characters"] / self._counted["tokens"]
                if self._counted["tokens"]
                else None
            ),
        )

    def _measure(self, view: str, part: str, unit: str, length: int) -> None:
        self._lengths.setdefault((view, part, unit), Counter())[length] += 1


def verdict_name(node: Node) -> str:
    """The verdict of a node; for one without, what it is."""
    if node.judgement is not None:
        return node.judgement.value
    return NodeKind.MALFORMED.value if node.kind is NodeKind.MALFORMED else NodeKind.STEP.value


def percentiles(histogram: Counter[int]) -> tuple[int, ...]:
    """Nearest-rank `PERCENTILES` of a histogram with at least one entry."""
    total, values = histogram.total(), []
    ordered = sorted(histogram.items())
    for percent in PERCENTILES:
        rank, seen = -(-total * percent // 100), 0
        for value, count in ordered:
            seen += count
            if seen >= rank:
                values.append(value)
                break
    return tuple(values)


def _characters(messages: tuple[ChatMessage, ...]) -> int:
    return sum(len(message.content) for message in messages)
