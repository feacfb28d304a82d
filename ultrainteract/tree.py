"""The preference tree: an append-only record of what was tried at each turn.

A node is an action with what the world made of it. Every turn hangs its nodes below the one
node that the turn before expanded, so the expanded nodes form the spine that later turns see
as history (arXiv 2404.02078, section 2). Pure data: nothing here asks a model or a sandbox.
"""

from collections.abc import Iterator, Sequence
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
    Spent,
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
class Match:
    """A correct and an incorrect action of one turn, as node ids."""

    chosen: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn decided, as node ids: its pair, and the node that the next turn continues.

    `further` are the pairs beside the first, where several reference solutions gave correct
    actions; a node is in one pair of a turn at most.
    """

    number: int
    chosen: int | None = None
    rejected: int | None = None
    expanded: int | None = None
    critique: Critique | None = None
    further: tuple[Match, ...] = ()

    @property
    def chose(self) -> tuple[int, ...]:
        """The chosen actions, the first pair's at the head."""
        first = () if self.chosen is None else (self.chosen,)
        return (*first, *(match.chosen for match in self.further))

    @property
    def turned_down(self) -> tuple[int, ...]:
        """The rejected actions, the first pair's at the head."""
        first = () if self.rejected is None else (self.rejected,)
        return (*first, *(match.rejected for match in self.further))


@dataclass(frozen=True, slots=True)
class Pair:
    """A correct and an incorrect action of one turn, with the history both answer. `further`
    tells the pairs of further reference solutions from the turn's first."""

    turn: int
    history: tuple[Message, ...]
    chosen: Node
    rejected: Node
    further: bool = False


@dataclass
class PreferenceTree:
    """Grows by `add` and `close_turn` alone; everything else reads."""

    instruction: Instruction
    nodes: list[Node] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    stop: StopReason | None = None
    spent: dict[str, Spent] = field(default_factory=dict)
    """What its model calls took, by model; also those of tests, filter and critic."""
    remark: str = ""
    """What there is to say of `stop`, in words."""
    dropped: frozenset[int] = frozenset()
    """Nodes that a reviewer keeps out of what is trained on."""

    @property
    def calls(self) -> int:
        """Model calls it took."""
        return sum(spent.calls for spent in self.spent.values())

    @property
    def depth(self) -> int:
        """Turns begun, 0 for a bare root."""
        return self.nodes[-1].turn if self.nodes else 0

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
        further: Sequence[Match] = (),
    ) -> None:
        """Record what the open turn decided; the next node belongs to the next turn.

        Raises ValueError for a node of another turn, a pair with the wrong verdicts, or a node
        in two pairs.
        """
        turn = Turn(
            len(self.turns) + 1,
            chosen=chosen.id if chosen else None,
            rejected=rejected.id if rejected else None,
            expanded=expanded.id if expanded else None,
            critique=critique,
            further=tuple(further),
        )
        self._check(turn)
        self.turns.append(turn)

    def _check(self, turn: Turn) -> None:
        paired = (*turn.chose, *turn.turned_down)
        for place in (*paired, *(() if turn.expanded is None else (turn.expanded,))):
            node = self.nodes[place]
            if node.turn != turn.number:
                raise ValueError(f"node {node.id} is of turn {node.turn}, not of {turn.number}")
        for place in turn.chose:
            if (judgement := self.nodes[place].judgement) is not Judgement.CORRECT:
                raise ValueError(f"chosen node {place} is {judgement}")
        for place in turn.turned_down:
            if (judgement := self.nodes[place].judgement) is not Judgement.INCORRECT:
                raise ValueError(f"rejected node {place} is {judgement}")
        if len(set(paired)) < len(paired):
            raise ValueError(f"a node of turn {turn.number} is in two pairs: {sorted(paired)}")

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
        """The pairs of each turn, its first at the head."""
        for turn in self.turns:
            if not turn.chose:
                continue
            history = self.history(turn.number)
            if turn.chosen is not None and turn.rejected is not None:
                sides = self.nodes[turn.chosen], self.nodes[turn.rejected]
                yield Pair(turn.number, history, *sides)
            for match in turn.further:
                sides = self.nodes[match.chosen], self.nodes[match.rejected]
                yield Pair(turn.number, history, *sides, further=True)

    def with_verdict(self, judgement: Judgement) -> Iterator[Node]:
        """Every node of that verdict, paired or not, but what is dropped."""
        return (
            node
            for node in self.nodes
            if node.judgement is judgement and node.id not in self.dropped
        )


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
