"""What a run came to, counted while its trees pass by."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Judgement, NodeKind


@dataclass
class TreeStats:
    """Counts over finished trees."""

    trees: int = 0
    pairs: int = 0
    nodes: int = 0
    turns: Counter[int] = field(default_factory=Counter)
    """Trees by their number of turns."""
    judgements: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    no_pair: Counter[str] = field(default_factory=Counter)
    """Trees without a pair, by reason."""
    lost: Counter[str] = field(default_factory=Counter)
    """Samples that never came, by reason."""
    outcomes: Counter[str] = field(default_factory=Counter)
    malformed: Counter[str] = field(default_factory=Counter)
    critiques: int = 0
    redrawn: int = 0
    masked: int = 0

    @property
    def correct(self) -> int:
        """Correct actions."""
        return self.judgements[Judgement.CORRECT]

    def watch(self, trees: Iterable[PreferenceTree]) -> Iterator[PreferenceTree]:
        """Pass trees through and count them."""
        for tree in trees:
            self.add(tree)
            yield tree

    def add(self, tree: PreferenceTree) -> None:
        """Count one tree."""
        pairs = sum(1 for _ in tree.pairs())
        self.trees += 1
        self.pairs += pairs
        self.nodes += len(tree.nodes)
        self.turns[len(tree.turns)] += 1
        self.stops[str(tree.stop)] += 1
        if not pairs:
            self.no_pair[why_no_pair(tree)] += 1
        for node in tree.nodes:
            self.kinds[node.kind] += 1
            if node.judgement:
                self.judgements[node.judgement] += 1
            if node.kind is NodeKind.MALFORMED:
                syntax = node.observation.outcome is not None
                self.malformed["syntax error" if syntax else node.observation.text] += 1
            elif node.observation.outcome:
                self.outcomes[node.observation.outcome] += 1
        for loss in tree.losses:
            self.lost[loss.reason] += loss.samples
        for critique in (turn.critique for turn in tree.turns):
            if critique:
                self.critiques += 1
                self.redrawn += critique.redrawn
                self.masked += critique.masked > 0


def why_no_pair(tree: PreferenceTree) -> str:
    """In words, for a tree without a pair."""
    seen = {node.judgement for node in tree.nodes}
    if Judgement.CORRECT in seen and Judgement.INCORRECT in seen:
        return "correct and incorrect actions, never in one turn"
    if Judgement.CORRECT in seen:
        return "no action was incorrect"
    if Judgement.INCORRECT in seen:
        return "no action was correct"
    if Judgement.UNVERIFIED in seen:
        return "no verdict could be reached"
    if not tree.nodes:
        return "every sample was lost"
    return "no reply was an answer"
