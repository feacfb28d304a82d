"""Reads critiques once more for the answer, with the leak guard of this version.

A run's critiques passed the guard when they were drawn. A later guard knows more, and a record
may have been changed. Of many critiques a sample is read; code in them is not run.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

from ultrainteract.claims import OPINION, PROGRAM, kind_of
from ultrainteract.leak import find_leaks
from ultrainteract.report.sample import Sample
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Instruction, digest
from ultrainteract.verify.pool import Grader

MOST = 500


@dataclass(frozen=True, eq=False)
class _Said:
    instruction: Instruction
    critique: str


@dataclass(frozen=True, slots=True)
class Leaking:
    """So many of the critiques that were read again give the answer away."""

    read: int
    found: int


@dataclass
class Reread:
    """Grows by `add`; holds `MOST` critiques at most."""

    said: Sample[_Said] = field(default_factory=lambda: Sample(MOST))

    def add(self, tree: PreferenceTree) -> None:
        """Take in a tree's critiques."""
        one = tree.instruction
        # Neither programs nor opinions have an answer that a sentence could state.
        if kind_of(one) in {PROGRAM, OPINION}:
            return
        for number, text in _critiques(tree):
            key = int(digest(["reread", one.id, number])[:12], 16)
            self.said.add(key, _Said(one, text))

    def result(self) -> Leaking:
        """Read them."""
        return asyncio.run(self._read())

    async def _read(self) -> Leaking:
        grader, found = Grader(), 0
        try:
            for one in self.said:
                kind = kind_of(one.instruction)
                leaks = await find_leaks(one.critique, one.instruction, kind, grader.judge, None)
                found += bool(leaks)
        finally:
            await grader.close()
        return Leaking(len(self.said), found)


def _critiques(tree: PreferenceTree) -> Iterator[tuple[int, str]]:
    return (
        (turn.number, turn.critique.text)
        for turn in tree.turns
        if turn.critique and turn.critique.text
    )
