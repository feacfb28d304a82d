"""Tree -> rows: one pure function a view; `ROWS` names them all.

A row that would spoil training is not made: `Skipped` takes its place and says why, so that
whoever publishes can count it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ultrainteract.dataset.lineage import Origin, named, pair_id, placed, row_id
from ultrainteract.dataset.rows import (
    ChatMessage,
    Draw,
    KtoRow,
    NodeRow,
    OriginalPairRow,
    OriginalSftRow,
    PreferenceRow,
    Row,
    SftRow,
    Spoken,
    TrainedMessage,
    TrajectoryRow,
    fold,
)
from ultrainteract.tree import Node, Pair, PreferenceTree
from ultrainteract.types import Judgement, Message, digest

# Appendix B: only trees with N x N at most this. With N <= 3, its other two bounds (9 pairs, 3
# uses of an action) hold of themselves: N x N - N <= 6 pairs, N - 1 <= 2 uses.
MAX_SQUARE = 10


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row that is not published, and why."""

    reason: str


Rows = Iterator[Row | Skipped]


def preference(tree: PreferenceTree, origin: Origin) -> Rows:
    """The pairs of each turn, with the history both sides answer."""
    for pair in tree.pairs():
        yield _paired(tree, origin, pair, pair_id(tree, pair))


def reward(tree: PreferenceTree, origin: Origin) -> Rows:
    """`preference`, and single-turn pairs of a correct action with an incorrect one of another
    turn (arXiv 2404.02078, appendix B). Which action of a turn: by a hash of the run's seed."""
    yield from preference(tree, origin)
    if tree.depth**2 > MAX_SQUARE:
        return
    correct = _by_turn(tree.with_verdict(Judgement.CORRECT))
    incorrect = _by_turn(tree.with_verdict(Judgement.INCORRECT))
    for turn, good in sorted(correct.items()):
        for other, bad in sorted(incorrect.items()):
            if turn == other:
                continue
            lot = [origin.seed, tree.instruction.id, "reward", turn, other]
            chosen, rejected = _draw(good, [*lot, "chosen"]), _draw(bad, [*lot, "rejected"])
            pair = Pair(turn, tree.history(1), chosen, rejected)
            yield _paired(tree, origin, pair, row_id(tree, turn, chosen, rejected))


def sft(tree: PreferenceTree, origin: Origin) -> Rows:
    """Every correct action; of those of a turn that are equal after white-space folding, one."""
    for node in distinct_correct(tree):
        if isinstance(node, Skipped):
            yield node
            continue
        yield SftRow(
            **placed(tree, origin, node),
            prompt=_chat(tree.history(node.turn)),
            completion=_side(node),
        )


def kto(tree: PreferenceTree, origin: Origin) -> Rows:
    """Every action with a verdict, paired or not, but what a reviewer dropped."""
    for node in tree.nodes:
        if node.judgement not in {Judgement.CORRECT, Judgement.INCORRECT}:
            continue
        if node.id in tree.dropped:
            yield Skipped("dropped by a reviewer")
            continue
        if not fold(node.action.text):
            yield Skipped("empty action")
            continue
        yield KtoRow(
            **placed(tree, origin, node),
            prompt=_chat(tree.history(node.turn)),
            completion=_side(node),
            label=node.judgement is Judgement.CORRECT,
        )


def trajectories(tree: PreferenceTree, origin: Origin) -> Rows:
    """From the root to each correct action of `sft`; only that action is to be trained on."""
    for node in distinct_correct(tree):
        if isinstance(node, Skipped):
            yield node
            continue
        history = [
            TrainedMessage(role=message.role, content=message.content, train=False)
            for message in tree.history(node.turn)
        ]
        leaf = TrainedMessage(role="assistant", content=node.action.text, train=True)
        yield TrajectoryRow(**placed(tree, origin, node), messages=(*history, leaf))


def trees(tree: PreferenceTree, origin: Origin) -> Rows:
    """Every node, graded or not, in order of arrival."""
    turns = {turn.number: turn for turn in tree.turns}
    for node in tree.nodes:
        turn, drawn, verdict = turns.get(node.turn), node.action.sampling, node.verdict
        expanded = turn is not None and turn.expanded == node.id
        critique = turn.critique if turn and expanded else None
        outcome = node.observation.outcome
        yield NodeRow(
            **placed(tree, origin, node),
            instruction=tree.instruction.prompt,
            reference=tree.instruction.reference.answer,
            node=node.id,
            parent=node.parent,
            kind=node.kind.value,
            is_chosen=turn is not None and node.id in turn.chose,
            is_rejected=turn is not None and node.id in turn.turned_down,
            is_expanded=expanded,
            action=node.action.text,
            code=node.action.code,
            output=node.observation.text,
            outcome=outcome.value if outcome else None,
            verdict=verdict.judgement.value if verdict else None,
            rule=verdict.rule if verdict else None,
            reason=verdict.reason if verdict else None,
            critique=critique.text if critique else None,
            critic=critique.model if critique else None,
            model=drawn.model,
            sampling=Draw(
                rung=drawn.rung,
                draw=drawn.draw,
                schema=drawn.schema,
                seed=drawn.seed,
                temperature=drawn.temperature,
                guided=drawn.guided,
                finish_reason=drawn.finish_reason,
            ),
            tokens=drawn.completion_tokens,
        )


def ultrainteract_pair(tree: PreferenceTree, _: Origin) -> Rows:
    """The pairs of `preference`, in the original's columns."""
    for pair in tree.pairs():
        reason = unsound(pair)
        if reason:
            yield Skipped(reason)
            continue
        yield OriginalPairRow(
            **{**named(tree, pair.turn), "id": pair_id(tree, pair)},
            trajectory=tuple(
                Spoken(speaker=_speaker(message), value=message.content) for message in pair.history
            ),
            chosen=pair.chosen.action.text,
            rejected=pair.rejected.action.text,
        )


def ultrainteract_sft(tree: PreferenceTree, _: Origin) -> Rows:
    """The actions of `sft` in the original's columns; the history's messages become one text,
    an empty line between them."""
    for node in distinct_correct(tree):
        if isinstance(node, Skipped):
            yield node
            continue
        yield OriginalSftRow(
            **named(tree, node.turn),
            instruction="\n\n".join(message.content for message in tree.history(node.turn)),
            response=node.action.text,
        )


ROWS: Mapping[str, Callable[[PreferenceTree, Origin], Rows]] = {
    builder.__name__: builder
    for builder in (
        preference,
        sft,
        kto,
        reward,
        trajectories,
        trees,
        ultrainteract_pair,
        ultrainteract_sft,
    )
}


def _paired(tree: PreferenceTree, origin: Origin, pair: Pair, name: str) -> Row | Skipped:
    reason = unsound(pair)
    if reason:
        return Skipped(reason)
    place = placed(tree, origin, pair.chosen, pair.rejected)
    place["id"] = name
    return PreferenceRow(
        **place,
        prompt=_chat(pair.history),
        chosen=_side(pair.chosen),
        rejected=_side(pair.rejected),
    )


def unsound(pair: Pair) -> str:
    """Why a pair is not published; empty for one that is."""
    chosen, rejected = fold(pair.chosen.action.text), fold(pair.rejected.action.text)
    if not chosen or not rejected:
        return "empty side"
    return "equal sides" if chosen == rejected else ""


def distinct_correct(tree: PreferenceTree) -> Iterator[Node | Skipped]:
    """The correct actions that `sft` publishes, in order of arrival."""
    seen: set[tuple[int, str]] = set()
    for node in tree.with_verdict(Judgement.CORRECT):
        text = fold(node.action.text)
        if not text:
            yield Skipped("empty action")
        elif (node.turn, text) in seen:
            yield Skipped("equal action of the same turn")
        else:
            seen.add((node.turn, text))
            yield node


def _by_turn(nodes: Iterable[Node]) -> dict[int, list[Node]]:
    turns: dict[int, list[Node]] = {}
    for node in nodes:
        turns.setdefault(node.turn, []).append(node)
    return turns


def _draw(nodes: list[Node], lot: list[object]) -> Node:
    return nodes[int(digest(lot)[:12], 16) % len(nodes)]


def _speaker(message: Message) -> Literal["user", "assistant"]:
    return "assistant" if message.role == "assistant" else "user"


def _chat(history: tuple[Message, ...]) -> tuple[ChatMessage, ...]:
    return tuple(ChatMessage(role=message.role, content=message.content) for message in history)


def _side(node: Node) -> tuple[ChatMessage]:
    return (ChatMessage(role="assistant", content=node.action.text),)
