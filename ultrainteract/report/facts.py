"""What one tree adds to an overview, as a small record: JSON in, JSON out.

Everything that the overview, its plots and the quality of pairs are drawn from is in here, and no
text of the tree is. Pairs are those that are published.
"""

import builtins
import re
from collections import Counter
from dataclasses import dataclass, field

from ultrainteract.dataset.tally import verdict_name
from ultrainteract.dataset.views import unsound
from ultrainteract.report.likeness import signature
from ultrainteract.report.stats import why_no_pair
from ultrainteract.report.surface import Surface, surface_of
from ultrainteract.tree import Node, Pair, PreferenceTree
from ultrainteract.types import Instruction, Judgement, Outcome, adapter

# What seed datasets call the difficulty of a problem in `meta`, and how it reads.
_LEVELS = {"level": "", "difficulty": "", "grade": "grade ", "numglue_type": "type "}
_RAISED = re.compile(r"^(\w+)(?::|$)", re.MULTILINE)
_EXCEPTIONS = frozenset(
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
)


@dataclass(frozen=True, slots=True)
class Actions:
    """So many actions of a turn with a verdict; `step` and `malformed` have none."""

    turn: int
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class Decided:
    """So many verdicts of one kind by a grader's rule."""

    rule: str
    verdict: str
    count: int


@dataclass(frozen=True, slots=True)
class PairFacts:
    """A published pair: how its sides look, and why the rejected one failed. `likeness` is the
    signature of the problem with the chosen action, in hexadecimal."""

    turn: int
    chosen: Surface
    rejected: Surface
    failure: str
    likeness: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model was asked for a tree. Seconds, which no two runs share, make no difference."""

    model: str
    calls: int
    prompt_tokens: int
    completion_tokens: int
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """Samples that never came, for a reason."""

    reason: str
    samples: int


@dataclass(frozen=True, slots=True)
class TreeFacts:
    """One tree. `stop` is empty while it grows. `first_correct` of `first_graded` answers of the
    first turn are right, those that were shown a solution left out: the model's pass rate.
    `no_pair` says why a tree without a published pair has none."""

    id: str
    problem_id: str
    dataset: str
    environment: str
    task: str
    level: str
    stop: str
    turns: int
    actions: tuple[Actions, ...]
    first_graded: int
    first_correct: int
    rules: tuple[Decided, ...]
    pairs: tuple[PairFacts, ...]
    no_pair: str
    models: tuple[Asked, ...]
    lost: tuple[Lost, ...]
    critiques: int
    redrawn: int
    """Drafts of critiques that leaked the answer and were drawn again."""
    masked: int
    """Critiques of which every draft leaked, and that were masked."""

    @property
    def ended(self) -> bool:
        """The tree is grown."""
        return bool(self.stop)

    def to_json(self) -> str:
        """One line."""
        return adapter(TreeFacts).dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "TreeFacts":
        """What `to_json` wrote. Raises `pydantic.ValidationError`."""
        return adapter(TreeFacts).validate_json(text)


def facts_of(tree: PreferenceTree) -> TreeFacts:
    """The facts of a tree, grown or growing."""
    one = tree.instruction
    actions = Counter((node.turn, verdict_name(node)) for node in tree.nodes)
    rules = Counter(
        (node.verdict.rule, node.verdict.judgement.value) for node in tree.nodes if node.verdict
    )
    first = [node.judgement for node in tree.nodes if node.turn == 1 and _unaided(node)]
    pairs = tuple(_pair(one, pair) for pair in tree.pairs() if not unsound(pair))
    critiques = [turn.critique for turn in tree.turns if turn.critique]
    lost: Counter[str] = Counter()
    for loss in tree.losses:
        lost[loss.reason] += loss.samples
    return TreeFacts(
        id=one.id,
        problem_id=one.problem_id,
        dataset=one.dataset,
        environment=one.environment,
        task=one.task.value,
        level=level_of(one),
        stop=tree.stop.value if tree.stop else "",
        turns=tree.depth,
        actions=tuple(Actions(*key, count) for key, count in sorted(actions.items())),
        first_graded=len(first) - first.count(Judgement.UNVERIFIED),
        first_correct=first.count(Judgement.CORRECT),
        rules=tuple(Decided(*key, count) for key, count in sorted(rules.items())),
        pairs=pairs,
        no_pair="" if pairs else _why_none(tree),
        models=tuple(
            Asked(
                name,
                spent.calls,
                spent.usage.prompt_tokens,
                spent.usage.completion_tokens,
                spent.seconds,
            )
            for name, spent in sorted(tree.spent.items())
        ),
        lost=tuple(Lost(reason, samples) for reason, samples in sorted(lost.items())),
        critiques=len(critiques),
        redrawn=sum(critique.redrawn for critique in critiques),
        masked=sum(critique.masked > 0 for critique in critiques),
    )


def level_of(instruction: Instruction) -> str:
    """How hard the problem is, in the words of its seed dataset; empty where that does not say."""
    for key, word in _LEVELS.items():
        if told := instruction.meta.get(key):
            return f"{word}{told}"
    return ""


def failure_of(node: Node) -> str:
    """Why an incorrect action failed, in few words of a fixed list."""
    outcome, rule = node.observation.outcome, node.verdict.rule if node.verdict else ""
    if outcome is Outcome.EXCEPTION:
        # Any program may define errors of its own, under any name.
        raised = [name for name in _RAISED.findall(node.observation.text) if name in _EXCEPTIONS]
        return raised[-1] if raised else "another exception"
    if outcome not in {None, Outcome.OK}:
        return str(outcome).replace("_", " ")
    if rule == "empty":
        return "no answer"
    if rule.startswith("tests:"):
        reason = rule.removeprefix("tests:").replace("_", " ")
        return "a test failed" if reason == "answer" else f"in a test: {reason}"
    return "wrong answer"


def _unaided(node: Node) -> bool:
    return node.judgement is not None and not node.action.sampling.guided


def _why_none(tree: PreferenceTree) -> str:
    return "equal or empty sides" if any(tree.pairs()) else why_no_pair(tree)


def _pair(instruction: Instruction, pair: Pair) -> PairFacts:
    chosen = pair.chosen.action.text
    return PairFacts(
        turn=pair.turn,
        chosen=surface_of(chosen),
        rejected=surface_of(pair.rejected.action.text),
        failure=failure_of(pair.rejected),
        likeness=signature(instruction.statement, chosen).hex(),
    )
