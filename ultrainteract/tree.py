"""The preference tree: an append-only record of what was tried at each turn.

A node is an action with what the world made of it. Every turn hangs its nodes below the one
node that the turn before expanded, so the expanded nodes form the spine that later turns see
as history (arXiv 2404.02078, section 2). Pure data: nothing here asks a model or a sandbox.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ultrainteract.types import (
    Action,
    Critique,
    Instruction,
    Judgement,
    Loss,
    Message,
    NodeKind,
    Observation,
    StopReason,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Node:
    """One action. `id` counts from 0 in order of arrival; `parent` is the expanded node above
    it, None at turn 1; `verdict` is None for a step and for a malformed reply."""

    id: int
    parent: int | None
    turn: int
    kind: NodeKind
    action: Action
    observation: Observation
    verdict: Verdict | None = None

    @property
    def judgement(self) -> Judgement | None:
        """The verdict's judgement; None where nothing was judged."""
        return self.verdict.judgement if self.verdict else None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn decided, as node ids: the pair, and the node that the next turn continues."""

    number: int
    chosen: int | None = None
    rejected: int | None = None
    expanded: int | None = None
    critique: Critique | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """A correct and an incorrect action of one turn, with the history both answer."""

    turn: int
    history: tuple[Message, ...]
    chosen: Node
    rejected: Node


@dataclass
class PreferenceTree:
    """Grows by `add` and `close_turn` alone; everything else reads."""

    instruction: Instruction
    nodes: list[Node] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    stop: StopReason | None = None
    remark: str = ""
    """What there is to say of `stop`, in words."""

    @property
    def depth(self) -> int:
        """Turns begun, 0 for a bare root."""
        return max((node.turn for node in self.nodes), default=0)

    @property
    def tip(self) -> Node | None:
        """The node the next turn continues; None before the first expansion."""
        expanded = self.turns[-1].expanded if self.turns else None
        return None if expanded is None else self.nodes[expanded]

    def add(
        self,
        kind: NodeKind,
        action: Action,
        observation: Observation,
        verdict: Verdict | None = None,
    ) -> Node:
        """Append a node to the turn that is open."""
        tip = self.tip
        node = Node(
            id=len(self.nodes),
            parent=tip.id if tip else None,
            turn=len(self.turns) + 1,
            kind=kind,
            action=action,
            observation=observation,
            verdict=verdict,
        )
        self.nodes.append(node)
        return node

    def close_turn(
        self,
        *,
        chosen: Node | None = None,
        rejected: Node | None = None,
        expanded: Node | None = None,
        critique: Critique | None = None,
    ) -> None:
        """Record what the open turn decided; the next node belongs to the next turn.

        Raises ValueError for a node of another turn or a pair with the wrong verdicts.
        """
        number = len(self.turns) + 1
        for node in (chosen, rejected, expanded):
            if node and node.turn != number:
                raise ValueError(f"node {node.id} is of turn {node.turn}, not of {number}")
        if chosen and chosen.judgement is not Judgement.CORRECT:
            raise ValueError(f"chosen node {chosen.id} is {chosen.judgement}")
        if rejected and rejected.judgement is not Judgement.INCORRECT:
            raise ValueError(f"rejected node {rejected.id} is {rejected.judgement}")
        self.turns.append(
            Turn(
                number,
                chosen=chosen.id if chosen else None,
                rejected=rejected.id if rejected else None,
                expanded=expanded.id if expanded else None,
                critique=critique,
            )
        )

    def spine(self) -> tuple[Node, ...]:
        """The expanded nodes, first turn first."""
        return tuple(self.nodes[turn.expanded] for turn in self.turns if turn.expanded is not None)

    def path(self, node: Node) -> tuple[Node, ...]:
        """From the first turn to `node`, both included."""
        steps = [node]
        while steps[-1].parent is not None:
            steps.append(self.nodes[steps[-1].parent])
        return tuple(reversed(steps))

    def history(self, turn: int) -> tuple[Message, ...]:
        """What a model sees at `turn` (1-based): the prompt, then each expanded action with its
        observation and critique as one user turn. Ends with a user message."""
        messages = [Message("user", self.instruction.prompt)]
        for node, closed in zip(self.spine()[: turn - 1], self.turns, strict=False):
            messages.append(Message("assistant", node.action.text))
            messages.append(Message("user", feedback(node, closed.critique)))
        return tuple(messages)

    def pairs(self) -> Iterator[Pair]:
        """The pair of each turn that has one."""
        for turn in self.turns:
            if turn.chosen is not None and turn.rejected is not None:
                yield Pair(
                    turn.number,
                    self.history(turn.number),
                    self.nodes[turn.chosen],
                    self.nodes[turn.rejected],
                )

    def with_verdict(self, judgement: Judgement) -> Iterator[Node]:
        """Every node of that verdict, paired or not."""
        return (node for node in self.nodes if node.judgement is judgement)


def feedback(node: Node, critique: Critique | None) -> str:
    """The user turn after an action: `Out: ...`, the verdict in words, the critique."""
    lines = []
    if node.action.code:
        lines.append(f"Out: {node.observation.text}".rstrip())
    match node.judgement:
        case Judgement.CORRECT:
            lines.append("Your answer is correct.")
        case Judgement.INCORRECT:
            lines.append("Your answer is wrong.")
        case Judgement.UNVERIFIED | None:
            pass
    if critique and critique.text:
        lines.append(critique.text)
    return "\n".join(lines)
