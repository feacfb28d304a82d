"""The report of a run in the form of the paper's tables 1 and 7 (arXiv 2404.02078).

Trees are counted as they pass; none is kept. What is published is what counts: a pair that no
view shows is none, and equal actions of one turn are one. The rows say what each column means.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ultrainteract.claims import OPINION, kind_of
from ultrainteract.dataset.views import Skipped, distinct_correct, unsound
from ultrainteract.environment import load_environment
from ultrainteract.report.lengths import Length, Lengths
from ultrainteract.report.yields import Yield
from ultrainteract.tree import Node, PreferenceTree, Turn
from ultrainteract.types import Judgement, Task

TURNS = 5
_FAMILIES = {
    Task.MATH_POT: "Math",
    Task.MATH_COT: "Math",
    Task.CODING: "Coding",
    Task.LOGIC: "Logic",
}


@dataclass(frozen=True, slots=True)
class Counts:
    """What both tables count.

    `instructions`: trees with an action; a tree that was never begun (too easy, without tests,
    every sample lost) is none. `turns[n - 1]` (T1..T5): trajectories of n turns. With
    interaction a tree has one trajectory: the expanded actions, then the last turn's chosen
    action, or its first incorrect one, or its first. Without, each correct action is one.
    `pairs` are those of the view `preference`, `correct` the actions of `sft`.

    `tokens` a trajectory, prompt, actions, outputs and critiques included, is approximate: an
    action has the completion tokens that the endpoint counted (of several samples of one request
    each its share by length, before it is cut to what is published); every other text has its
    characters, at the run's mean of characters a token of actions. None where no endpoint
    counted. `action_tokens` are the recorded ones alone, of the trajectories whose actions all
    have them; `characters` are of the whole published text. All three are means.

    `calls` and `spent` are the model calls and their tokens, by all roles; those of trees that were
    never begun are in the whole run's row alone.
    """

    instructions: int
    turns: tuple[int, ...]
    tokens: float | None
    action_tokens: float | None
    characters: float | None
    pairs: int
    correct: int
    calls: int = 0
    spent: int = 0

    @property
    def brought(self) -> Yield:
        """What the spending brought."""
        return Yield(self.pairs, self.calls, self.spent)

    @property
    def trajectories(self) -> int:
        """In all."""
        return sum(self.turns)

    @property
    def per_instruction(self) -> float:
        """Trajectories an instruction."""
        return self.trajectories / self.instructions if self.instructions else 0.0


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A row of table 1.

    `interaction`: a model may see feedback and go on, which neither a run of one turn nor a
    problem without ground truth allows. `tool`: the environment offers one; None for coding,
    where the answer is code.
    """

    task: str
    interaction: bool
    tool: bool | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class DatasetRow:
    """A row of table 7; its prompts are `counts.instructions`, its length `counts.tokens`."""

    task: str
    dataset: str
    tool: bool | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """Both tables, rows in order of first sight, and the whole run."""

    tasks: tuple[TaskRow, ...]
    datasets: tuple[DatasetRow, ...]
    total: Counts


@dataclass
class _Sum:
    instructions: int = 0
    turns: list[int] = field(default_factory=lambda: [0] * TURNS)
    lengths: Lengths = field(default_factory=Lengths)
    pairs: int = 0
    correct: int = 0
    calls: int = 0
    spent: int = 0

    def pay(self, calls: int, tokens: int) -> None:
        self.calls += calls
        self.spent += tokens

    def counts(self, rate: float | None) -> Counts:
        return Counts(
            instructions=self.instructions,
            turns=tuple(self.turns),
            tokens=self.lengths.tokens(rate),
            action_tokens=self.lengths.action_tokens(),
            characters=self.lengths.characters(),
            pairs=self.pairs,
            correct=self.correct,
            calls=self.calls,
            spent=self.spent,
        )


class RunTables:
    """Grows by `add`. `max_turns` is the configuration's: one turn is no interaction."""

    def __init__(self, max_turns: int) -> None:
        self._max_turns = max_turns
        self._tasks: dict[tuple[str, bool, bool | None], _Sum] = {}
        self._datasets: dict[tuple[str, str, bool | None], _Sum] = {}
        self._total = _Sum()

    def add(self, tree: PreferenceTree) -> None:
        """Count one tree."""
        took = tree.calls, sum(one.tokens for one in tree.spent.values())
        self._total.pay(*took)
        if not tree.nodes:
            return
        instruction = tree.instruction
        task, tool = _FAMILIES[instruction.task], _tool(tree)
        interaction = self._max_turns > 1 and kind_of(instruction) != OPINION
        correct = [node for node in distinct_correct(tree) if not isinstance(node, Skipped)]
        pairs = sum(not unsound(pair) for pair in tree.pairs())
        leaves = [last_action(tree)] if interaction else correct
        lengths = [(leaf.turn, _length(tree, leaf)) for leaf in leaves]
        self._total.lengths.observe(tree.nodes)
        rows = (
            self._tasks.setdefault((task, interaction, tool), _Sum()),
            self._datasets.setdefault((task, instruction.dataset, tool), _Sum()),
        )
        for row in rows:
            row.pay(*took)
        for one in (*rows, self._total):
            one.instructions += 1
            one.pairs += pairs
            one.correct += len(correct)
            for turn, length in lengths:
                one.turns[turn - 1] += 1
                one.lengths.add(length)

    def watch(self, trees: Iterable[PreferenceTree]) -> Iterator[PreferenceTree]:
        """Pass trees through and count them."""
        for tree in trees:
            self.add(tree)
            yield tree

    def report(self) -> Report:
        """What was counted so far."""
        rate = self._total.lengths.rate()
        return Report(
            tasks=tuple(TaskRow(*key, one.counts(rate)) for key, one in self._tasks.items()),
            datasets=tuple(
                DatasetRow(*key, one.counts(rate)) for key, one in self._datasets.items()
            ),
            total=self._total.counts(rate),
        )


def last_action(tree: PreferenceTree) -> Node:
    """The action that ends a tree's trajectory. The tree has at least one."""
    nodes = [node for node in tree.nodes if node.turn == tree.depth]
    turn = next((one for one in tree.turns if one.number == tree.depth), Turn(tree.depth))
    decided = turn.chose[0] if turn.chose else turn.expanded
    if decided is not None:
        return tree.nodes[decided]
    return next((one for one in nodes if one.judgement is Judgement.INCORRECT), nodes[0])


def _length(tree: PreferenceTree, leaf: Node) -> Length:
    told: Sequence[str] = [
        message.content for message in tree.history(leaf.turn) if message.role != "assistant"
    ]
    return Length.of([*tree.spine()[: leaf.turn - 1], leaf], told)


def _tool(tree: PreferenceTree) -> bool | None:
    if tree.instruction.task is Task.CODING:
        return None
    return bool(load_environment(tree.instruction.environment).tools)
