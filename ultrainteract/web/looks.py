"""A tree as its pages show it: turns with their pairs, what stands beside them, and marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ultrainteract.catalogue.entry import failure_of, title, verdict_of
from ultrainteract.catalogue.opened import Call, Opened
from ultrainteract.layers.marks import Mark, Target, fits
from ultrainteract.tree import Node, Turn
from ultrainteract.types import Instruction, Loss
from ultrainteract.web.asked import Asked
from ultrainteract.web.markup.difference import Sides, sides
from ultrainteract.web.markup.text import formula, plain_code, rich
from ultrainteract.web.shown import ShownRun

# Verdicts and kinds, each with a sign that tells it without its colour.
SIGNS = {"correct": "✓", "incorrect": "✗", "unverified": "?", "step": "→", "malformed": "!"}
# Letters beyond which a text is shown on demand, and those that are shown of it at once.
_LONG, _BEGINNING = 2000, 800


@dataclass(frozen=True, slots=True)
class PairLook:
    """A pair, its name in addresses, and where its texts differ."""

    turn: int
    chosen: Node
    rejected: Node
    sides: Sides

    @property
    def name(self) -> str:
        """`CHOSEN-REJECTED`."""
        return f"{self.chosen.id}-{self.rejected.id}"


@dataclass(frozen=True, slots=True)
class TurnLook:
    """A column: what a turn drew and decided. `decided` is None while it is open."""

    number: int
    nodes: Sequence[Node]
    pairs: Sequence[PairLook]
    others: Sequence[Node]
    decided: Turn | None
    calls: Sequence[Call]
    losses: Sequence[Loss]

    @property
    def expanded(self) -> Node | None:
        """The action that the next turn goes on from, where it is in no pair."""
        place = self.decided.expanded if self.decided else None
        return next((node for node in self.others if node.id == place), None)

    def counts(self) -> Mapping[str, int]:
        """Actions by verdict, in the order of the signs."""
        verdicts = [verdict_of(node) for node in self.nodes]
        return {name: verdicts.count(name) for name in SIGNS if name in verdicts}


@dataclass(frozen=True, slots=True)
class Look:
    """Everything that the pages of a tree show."""

    run: ShownRun
    opened: Opened
    asked: Asked
    turns: Sequence[TurnLook]
    marks: Mapping[Target, Mark]
    before: str = ""
    after: str = ""
    sealed: str = ""
    signs: Mapping[str, str] = field(default_factory=lambda: SIGNS)

    rich = staticmethod(rich)
    formula = staticmethod(formula)
    code = staticmethod(plain_code)
    verdict = staticmethod(verdict_of)
    failure = staticmethod(failure_of)

    @property
    def base(self) -> str:
        """What the run's addresses begin with."""
        return self.run.base

    @property
    def instruction(self) -> Instruction:
        """The root."""
        return self.opened.tree.instruction

    @property
    def title(self) -> str:
        """The beginning of the statement."""
        return title(self.instruction)

    @property
    def place(self) -> str:
        """The tree's address."""
        return f"{self.base}/trees/{self.instruction.id}"

    @property
    def pairs(self) -> Sequence[PairLook]:
        """Those of every turn."""
        return [pair for turn in self.turns for pair in turn.pairs]

    def mark(self, *nodes: int) -> Mark | None:
        """What a reviewer said of a node or a pair."""
        return self.marks.get(nodes)

    def beginning(self, text: str) -> str:
        """The beginning of a text that is shown on demand; empty for any other."""
        return text[:_BEGINNING] if len(text) > _LONG else ""

    def before_turn(self, turn: int) -> Sequence[Node]:
        """The actions that are history to a turn: those that were expanded."""
        return self.opened.tree.spine()[: turn - 1]

    def critique(self, node: Node) -> object:
        """What the critic said of an action; None where it said nothing."""
        turn = next((one for one in self.opened.tree.turns if one.expanded == node.id), None)
        return turn.critique if turn else None

    def roles(self, node: Node) -> Sequence[str]:
        """What became of an action."""
        turn = next((one for one in self.opened.tree.turns if one.number == node.turn), None)
        if turn is None:
            return []
        said = (
            ("chosen", node.id in turn.chose and bool(turn.turned_down)),
            ("rejected", node.id in turn.turned_down),
            ("expanded", node.id == turn.expanded),
        )
        return [word for word, holds in said if holds]


def look_at(
    run: ShownRun, opened: Opened, asked: Asked, beside: tuple[str, str] = ("", "")
) -> Look:
    """What there is to see of a tree; `beside` are those before and after it in its list."""
    tree = opened.tree
    marks = run.marks().of(tree.instruction.id)
    holding = {target: mark for target, mark in marks.items() if fits(tree, mark)}
    last = max((tree.depth, *(call.turn for call in opened.calls)), default=0)
    turns = [_turn(opened, number) for number in range(1, last + 1)]
    return Look(run, opened, asked, turns, holding, *beside, run.sealed)


def beside(run: ShownRun, tree: str, asked: Asked) -> tuple[str, str]:
    """The trees before and after one in the list it was opened from, by id, or empty."""
    entry = run.catalogue.entry(tree)
    if entry is None:
        return "", ""
    return run.catalogue.beside(asked.search, entry, asked.among(run), asked.order)


def _turn(opened: Opened, number: int) -> TurnLook:
    tree = opened.tree
    nodes = [node for node in tree.nodes if node.turn == number]
    pairs = [
        PairLook(
            number,
            pair.chosen,
            pair.rejected,
            sides(pair.chosen.action.text, pair.rejected.action.text),
        )
        for pair in tree.pairs()
        if pair.turn == number
    ]
    paired = {node.id for pair in pairs for node in (pair.chosen, pair.rejected)}
    return TurnLook(
        number,
        nodes,
        pairs,
        [node for node in nodes if node.id not in paired],
        next((turn for turn in tree.turns if turn.number == number), None),
        [call for call in opened.calls if call.turn == number],
        [loss for loss in tree.losses if loss.turn == number],
    )
