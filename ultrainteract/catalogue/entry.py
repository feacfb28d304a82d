"""A tree as the catalogue lists it: what a row shows, what holds of it, and its words."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ultrainteract.catalogue.opened import Opened
from ultrainteract.catalogue.search import Held
from ultrainteract.report.facts import TreeFacts, facts_of
from ultrainteract.report.facts import failure_of as why_wrong
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import Instruction, Judgement, NodeKind, Outcome

# Letters of a statement that a row shows.
_TITLE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """`position` is the instruction's place in the journal, `effects` how many were read, `tokens`
    those of all its calls; `changed` is larger the later it was seen to change."""

    position: int
    id: str
    dataset: str
    environment: str
    title: str
    state: str
    effects: int
    turns: int
    pairs: int
    nodes: int
    correct: int
    incorrect: int
    tokens: int
    changed: int


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry with what it is found by."""

    entry: Entry
    held: Held
    body: str
    facts: TreeFacts


def index(position: int, opened: Opened, changed: int) -> Indexed:
    """What the catalogue keeps of a tree that was seen to change at the look of that number."""
    tree = opened.tree
    one, judged = tree.instruction, Counter(node.judgement for node in tree.nodes)
    entry = Entry(
        position=position,
        id=one.id,
        dataset=one.dataset,
        environment=one.environment,
        title=title(one),
        state=opened.state,
        effects=opened.effects,
        turns=tree.depth,
        pairs=sum(len(turn.chose) for turn in tree.turns if turn.turned_down),
        nodes=len(tree.nodes),
        correct=judged[Judgement.CORRECT],
        incorrect=judged[Judgement.INCORRECT],
        tokens=sum(one.tokens for one in tree.spent.values()),
        changed=changed,
    )
    whole = {"dataset": one.dataset, "environment": one.environment, "state": opened.state}
    held = Held(whole, [_held(node) for node in tree.nodes])
    return Indexed(entry, held, "\n".join(_words(tree)), facts_of(tree))


def title(instruction: Instruction) -> str:
    """The beginning of a problem's statement, on one line."""
    return " ".join(instruction.statement[: 2 * _TITLE].split())[:_TITLE]


def verdict_of(node: Node) -> str:
    """The judgement; of what was not judged, what it is."""
    return str(node.judgement or node.kind)


def failure_of(node: Node) -> str:
    """What kind of failure an action is, in a word or two; empty for one that is none."""
    outcome = node.observation.outcome
    if node.kind is NodeKind.MALFORMED:
        return "syntax" if outcome is Outcome.SYNTAX else "malformed"
    if node.judgement is Judgement.UNVERIFIED and node.verdict:
        return node.verdict.rule
    if node.judgement is not Judgement.INCORRECT:
        return ""
    return why_wrong(node)


def _held(node: Node) -> Mapping[str, str]:
    return {
        "turn": str(node.turn),
        "verdict": verdict_of(node),
        "model": node.action.sampling.model,
        "failure": failure_of(node),
    }


def _words(tree: PreferenceTree) -> Iterator[str]:
    """The statement, then what was said and seen in each turn, in order."""
    yield tree.instruction.statement
    yield tree.instruction.reference.answer
    for node in tree.nodes:
        yield node.action.text
        yield node.observation.text
    yield from (turn.critique.text for turn in tree.turns if turn.critique)
