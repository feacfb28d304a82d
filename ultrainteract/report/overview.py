"""What many trees come to: a fold over their facts, in either direction and in parts.

Counts are exact. What needs more than counts is read off two samples of bounded size, so memory
does not grow with the number of trees. All plots and tables are drawn from an `Overview` alone.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypeAlias

from ultrainteract.report.facts import PairFacts, TreeFacts
from ultrainteract.report.likeness import KEY
from ultrainteract.report.sample import Sample
from ultrainteract.report.surface import Surface

Key: TypeAlias = tuple[str | int, ...]

CONTRASTS, LIKENESSES = 4096, 16384
"""Pairs that a classifier is tried on, and signatures that are compared with each other."""
STEPS_AN_OCTAVE = 4
"""Of the histograms of lengths: a bar is a fifth longer than the one before."""
GROWING = "growing"
_VARYING = re.compile(r"\b(?=\w*\d)\w{4,}\b")
_REASON = 80


@dataclass(frozen=True, slots=True)
class Contrast:
    """The looks of a pair's two sides; `problem` tells pairs that belong together."""

    problem: str
    chosen: Surface
    rejected: Surface


@dataclass(frozen=True, slots=True)
class Alike:
    """A signature and of which problem it is: trees of one problem are alike by design."""

    problem: str
    likeness: str


@dataclass
class Overview:
    """Grows by `add`, shrinks by `remove` of the same facts, and takes others in by `merge`.

    `counts` has one key for each thing counted: its name, then what it is counted by. A key
    whose count is 0 is not there.
    """

    counts: Counter[Key] = field(default_factory=Counter)
    contrasts: Sample[Contrast] = field(default_factory=lambda: Sample(CONTRASTS))
    alike: Sample[Alike] = field(default_factory=lambda: Sample(LIKENESSES))

    @classmethod
    def of(cls, facts: Iterable[TreeFacts]) -> "Overview":
        """Over all of them."""
        overview = cls()
        for one in facts:
            overview.add(one)
        return overview

    def add(self, facts: TreeFacts) -> None:
        """Take a tree in."""
        counts = self.counts
        for key, count in _counted(facts):
            counts[key] += count
        for place, contrast in _contrasts(facts):
            self.contrasts.add(place, contrast)
        for place, alike in _alike(facts):
            self.alike.add(place, alike)

    def remove(self, facts: TreeFacts) -> None:
        """Take a tree out that was added."""
        for key, count in _counted(facts):
            self.counts[key] -= count
            if not self.counts[key]:
                del self.counts[key]
        for place, contrast in _contrasts(facts):
            self.contrasts.remove(place, contrast)
        for place, alike in _alike(facts):
            self.alike.remove(place, alike)

    def merge(self, other: "Overview") -> None:
        """Take in the trees of another one; the two share none."""
        self.counts.update(other.counts)
        self.contrasts.merge(other.contrasts)
        self.alike.merge(other.alike)

    def total(self, *key: str | int) -> int:
        """The sum of the counts whose keys begin so."""
        size = len(key)
        return sum(count for one, count in self.counts.items() if one[:size] == key)

    def by(self, *key: str | int) -> Counter[str | int]:
        """The counts whose keys begin so, by the part that follows."""
        size, found = len(key), Counter[str | int]()
        for one, count in self.counts.items():
            if one[:size] == key and len(one) > size:
                found[one[size]] += count
        return found

    @property
    def trees(self) -> int:
        """Trees, growing ones too."""
        return self.total("trees")

    @property
    def pairs(self) -> int:
        """Published pairs."""
        return self.total("pairs")


def length_bar(characters: int) -> int:
    """The bar of the histogram that a length falls in."""
    return round(math.log2(max(1, characters)) * STEPS_AN_OCTAVE)


def _counted(facts: TreeFacts) -> Iterator[tuple[Key, int]]:
    yield ("trees", facts.stop or GROWING), 1
    yield from _of_dataset(facts)
    if facts.turns:
        yield ("turns", facts.turns), 1
    if facts.no_pair:
        yield ("no pair", "ended" if facts.ended else GROWING, facts.no_pair), 1
    for action in facts.actions:
        yield ("actions", action.turn, action.verdict), action.count
    for rule in facts.rules:
        yield ("rules", rule.rule, rule.verdict), rule.count
    for pair in facts.pairs:
        yield from _of_pair(pair)
    for asked in facts.models:
        yield from _filled(
            ("models", asked.model),
            calls=asked.calls,
            prompt=asked.prompt_tokens,
            completion=asked.completion_tokens,
            milliseconds=round(asked.seconds * 1000),
        )
    for lost in facts.lost:
        # A reason may hold numbers and names of its one request; there is no end of those.
        yield ("lost", _VARYING.sub("#", lost.reason)[:_REASON]), lost.samples
    yield from _filled(
        ("critiques",), drawn=facts.critiques, redrawn=facts.redrawn, masked=facts.masked
    )


def _of_dataset(facts: TreeFacts) -> Iterator[tuple[Key, int]]:
    yield from _filled(
        ("datasets", facts.dataset, facts.level),
        trees=1,
        pairs=len(facts.pairs),
        graded=facts.first_graded,
        correct=facts.first_correct,
    )


def _of_pair(pair: PairFacts) -> Iterator[tuple[Key, int]]:
    chosen, rejected = pair.chosen, pair.rejected
    yield ("pairs", pair.turn, pair.failure), 1
    yield ("chosen", length_bar(chosen.characters)), 1
    yield ("rejected", length_bar(rejected.characters)), 1
    for name, one, other in (
        ("length", chosen.characters, rejected.characters),
        ("lines", chosen.lines, rejected.lines),
        ("steps", chosen.steps, rejected.steps),
        ("code", chosen.code_share, rejected.code_share),
        ("digits", chosen.digit_share, rejected.digit_share),
    ):
        yield ("more", name, "chosen" if one > other else "rejected" if one < other else "equal"), 1
    yield ("endings", "chosen", chosen.ending.value), 1
    yield ("endings", "rejected", rejected.ending.value), 1


def _filled(key: Key, **counts: int) -> Iterator[tuple[Key, int]]:
    return (((*key, name), count) for name, count in counts.items() if count)


def _contrasts(facts: TreeFacts) -> Iterator[tuple[int, Contrast]]:
    for place, pair in enumerate(facts.pairs):
        # One lot for each pair: two of a tree are in the sample or out of it by themselves.
        lot = _lot(f"{facts.id} {place}".encode())
        yield lot, Contrast(facts.problem_id, pair.chosen, pair.rejected)


def _alike(facts: TreeFacts) -> Iterator[tuple[int, Alike]]:
    for likeness in dict.fromkeys(pair.likeness for pair in facts.pairs):
        yield _lot(bytes.fromhex(likeness[: 2 * KEY])), Alike(facts.problem_id, likeness)


def _lot(text: bytes) -> int:
    return int.from_bytes(blake2b(text, digest_size=8).digest())
