"""Removes problems that overlap with test sets, and says with which item and by what text.

Linear in the data: runs of eight words are looked up in a table of hashes, and what is found is
compared word by word. A substring is looked for where the item's rarest run occurs, which is
shorter for short items. An item also counts where the whole problem equals it, which is all that
the shortest are compared by.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ultrainteract.select.benchmarks import Benchmark, Item, Rule
from ultrainteract.select.selection import Reason, Selection, WhyNot, sift
from ultrainteract.select.signature import signatures
from ultrainteract.select.words import N, folded, grams, shared, words
from ultrainteract.types import Problem

EXCERPT = 300
# Inner words of a quoted item: shorter ones stand in any text.
SHORTEST = 3


def decontaminate(problems: Iterable[Problem], benchmarks: Sequence[Benchmark]) -> Selection:
    """The problems that overlap with no benchmark of their environments.

    Compared are statements; of problems that a judge model gates also the reference response,
    by its signatures. Each removal names the first overlap found.
    """
    return sift(problems, overlapping(benchmarks))


def overlapping(benchmarks: Sequence[Benchmark]) -> WhyNot:
    """What `decontaminate` has against a problem."""
    indexes = [_Index.of(benchmarks, names) for names in {one.environments for one in benchmarks}]
    indexes.sort(key=lambda index: index.environments)

    def why_not(problem: Problem) -> Reason | None:
        ours = words(problem.statement)
        for index in indexes:
            if not index.environments or set(index.environments) & set(problem.environments):
                reason = next(index.overlaps(problem, ours), None)
                if reason:
                    return reason
        return None

    return why_not


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item and where it is from."""

    benchmark: str
    item: Item

    def reason(self, rule: str, text: str) -> Reason:
        said = f"{rule} overlap with {self.item.id} of {self.benchmark}"
        return Reason(str(rule), said, self.benchmark, self.item.id, text[:EXCERPT])


@dataclass(slots=True)
class _Index:
    """The items of all benchmarks for the same environments, by what is looked up."""

    environments: tuple[str, ...]
    runs: dict[int, _Entry] = field(default_factory=dict)
    anchors: dict[int, dict[int, list[_Entry]]] = field(default_factory=dict)
    whole: dict[str, _Entry] = field(default_factory=dict)
    signed: dict[str, _Entry] = field(default_factory=dict)

    @classmethod
    def of(cls, benchmarks: Sequence[Benchmark], environments: tuple[str, ...]) -> "_Index":
        """Their index."""
        index = cls(environments)
        mine = [one for one in benchmarks if one.environments == environments]
        quoted = []
        for benchmark in mine:
            for item in benchmark.items:
                entry = _Entry(benchmark.name, item)
                for signature in item.signatures:
                    index.signed.setdefault(signature, entry)
                if benchmark.rule is Rule.SUBSTRING:
                    quoted.append(entry)
                else:
                    index._add(entry)
        index._anchor(quoted)
        return index

    def overlaps(self, problem: Problem, ours: list[str]) -> Iterator[Reason]:
        """All overlaps, by rule."""
        whole = " ".join(ours)
        if entry := self.whole.get(whole):
            yield entry.reason("whole", whole)
        yield from self._runs(ours)
        for size, anchors in self.anchors.items():
            if not anchors.keys().isdisjoint(grams(ours, size)):
                yield from _quoted(problem.statement, grams(ours, size), anchors)
        if self.signed:
            yield from self._signed(problem)

    def _add(self, entry: _Entry) -> None:
        theirs = words(entry.item.text)
        self.whole.setdefault(" ".join(theirs), entry)
        for run in grams(theirs):
            self.runs.setdefault(run, entry)

    def _anchor(self, entries: Sequence[_Entry]) -> None:
        # The first and the last word may be cut where the item stands in another text.
        inner = [words(entry.item.text)[1:-1] for entry in entries]
        runs = [list(grams(theirs, min(N, len(theirs)))) for theirs in inner]
        counts = Counter(run for mine in runs for run in set(mine))
        for entry, theirs, mine in zip(entries, inner, runs, strict=True):
            self.whole.setdefault(" ".join(words(entry.item.text)), entry)
            if len(theirs) >= SHORTEST:
                sized = self.anchors.setdefault(min(N, len(theirs)), {})
                sized.setdefault(min(mine, key=counts.__getitem__), []).append(entry)

    def _runs(self, ours: list[str]) -> Iterator[Reason]:
        if self.runs.keys().isdisjoint(grams(ours)):
            return
        for at, run in enumerate(grams(ours)):
            # Different runs may share a hash: the words decide.
            if (entry := self.runs.get(run)) and (text := shared(ours, words(entry.item.text), at)):
                yield entry.reason(Rule.EIGHT_GRAM, text)

    def _signed(self, problem: Problem) -> Iterator[Reason]:
        judged = problem.meta.get("gate") == "judge"
        texts = (problem.statement, problem.reference.answer if judged else "")
        for text in texts:
            for signature in signatures(text):
                if entry := self.signed.get(signature):
                    yield entry.reason("signature", signature)


def _quoted(
    statement: str, runs: Iterable[int], anchors: Mapping[int, Sequence[_Entry]]
) -> Iterator[Reason]:
    text = folded(statement)
    for run in runs:
        for entry in anchors.get(run, ()):
            if (quote := folded(entry.item.text)) in text:
                yield entry.reason(Rule.SUBSTRING, quote)
