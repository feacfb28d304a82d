"""Leaves pairs out of an export until a bias is gone; what is left is unchanged and in order.

Balancing drops, for pairs whose sides differ in one way, as many as differ the other way around
are fewer: what the feature says of a pair then says nothing of which side was chosen. Which pairs
go is drawn by a hash of their id. Rows are read several times and never held; a signature of a
few bytes a pair is.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from ultrainteract.errors import unknown
from ultrainteract.leak import MASK
from ultrainteract.report.likeness import KEY, SIZE, near_duplicates, signature
from ultrainteract.report.surface import Ending, Surface, surface_of
from ultrainteract.select.decontaminate import overlapping
from ultrainteract.select.record import read_benchmarks
from ultrainteract.types import Problem, Reference, digest

Record: TypeAlias = Mapping[str, object]
Rows: TypeAlias = Callable[[], Iterator[Record]]
Cell: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]

_MOST_STEPS, _SHARES = 6, 10
_ENDINGS = {ending: place for place, ending in enumerate(Ending)}
BALANCES: Mapping[str, tuple[Callable[[Surface], float], Callable[[Surface], float]]] = {
    "length": (lambda side: side.characters.bit_length(), lambda side: side.characters),
    "lines": (lambda side: side.lines.bit_length(), lambda side: side.lines),
    "steps": (lambda side: min(side.steps, _MOST_STEPS), lambda side: side.steps),
    "code": (lambda side: int(side.code_share * _SHARES), lambda side: side.code_share),
    "digits": (lambda side: int(side.digit_share * 2 * _SHARES), lambda side: side.digit_share),
    "ending": (lambda side: _ENDINGS[side.ending], lambda side: _ENDINGS[side.ending]),
}
"""What pairs may be balanced by: a side's class, and its value, which tells sides of a class."""
NEAR_DUPLICATES, MASKED = "near-duplicates", "masked-critiques"
DROPS = (NEAR_DUPLICATES, MASKED)
"""`NEAR_DUPLICATES`: pairs whose problem and chosen action are nearly those of an earlier pair of
another problem. `MASKED`: pairs that answer a critique with a blotted-out answer."""


@dataclass(frozen=True)
class Repair:
    """What to balance, what to drop, and the test sets (as `select.decontaminate` names them) that
    no pair's problem may overlap with; `kept` counts pairs by split as (kept, of)."""

    balance: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    kept: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        """Raises `UnknownName`."""
        for names, known in ((self.balance, BALANCES), (self.drop, DROPS)):
            for name in names:
                if name not in known:
                    raise unknown("repair", name, known)

    def __bool__(self) -> bool:
        return bool(self.balance or self.drop or self.against)

    def __call__(self, rows: Rows, split: str) -> Iterator[Record]:
        """The pairs of a split that stay; `rows` reads the view `preference` from the start.

        Raises `SeedError` for a test set that cannot be read.
        """
        stays = self._undropped(rows)
        chosen = _Balanced.of(_taken(rows(), stays), self.balance) if self.balance else None
        kept = 0
        for row in _taken(rows(), stays):
            if chosen is None or chosen.takes(row):
                kept += 1
                yield row
        self.kept[split] = kept, len(stays)

    def _undropped(self, rows: Rows) -> NDArray[np.bool_]:
        if NEAR_DUPLICATES in self.drop:
            stays = ~_repeats(rows)
        else:
            stays = np.ones(sum(1 for _ in rows()), bool)
        if MASKED in self.drop:
            blotted = [any(MASK in text for text in _texts(row["prompt"])[1:]) for row in rows()]
            stays &= ~np.array(blotted, bool)
        if self.against:
            why_not = overlapping(read_benchmarks(self.against))
            known = [why_not(problem) is not None for problem in _problems(rows)]
            stays &= ~np.array(known, bool)
        return stays


@dataclass
class _Balanced:
    """How many pairs of each cell and direction are left to see, and to take."""

    features: tuple[str, ...]
    ahead: Counter[Cell]
    wanted: Counter[Cell]

    @classmethod
    def of(cls, rows: Iterator[Record], features: tuple[str, ...]) -> "_Balanced":
        ahead = Counter(cell for row in rows if (cell := _cell(row, features)))
        wanted = Counter({cell: min(ahead[cell], ahead[cell[::-1]]) for cell in ahead})
        return cls(features, ahead, wanted)

    def takes(self, row: Record) -> bool:
        """Exactly `wanted` of those `ahead`, each as likely as any other."""
        cell = _cell(row, self.features)
        if cell is None:
            return True
        lot = int(digest(["balance", str(row["id"])])[:12], 16) / 16**12
        taken = lot * self.ahead[cell] < self.wanted[cell]
        self.ahead[cell] -= 1
        self.wanted[cell] -= taken
        return taken


def _cell(row: Record, features: tuple[str, ...]) -> Cell | None:
    """The classes of the chosen and the rejected side; None where nothing tells them. Of sides of
    one class the lesser one is moved half a class down, so that these two balance as well."""
    chosen, rejected = (surface_of(_texts(row[side])[0]) for side in ("chosen", "rejected"))
    one, other = ([BALANCES[name][0](side) for name in features] for side in (chosen, rejected))
    for place, name in enumerate(features):
        value = BALANCES[name][1]
        if one[place] == other[place] and value(chosen) != value(rejected):
            (other if value(chosen) > value(rejected) else one)[place] -= 0.5
    return None if one == other else (tuple(one), tuple(other))


def _repeats(rows: Rows) -> NDArray[np.bool_]:
    """Near-duplicates of an earlier row."""
    held, groups, known = bytearray(), [], dict[str, int]()
    for row, problem in zip(rows(), _problems(rows), strict=True):
        held += signature(problem.statement, *_texts(row["chosen"]))
        groups.append(known.setdefault(_of(row)["problem_id"], len(known)))
    signatures = np.frombuffer(bytes(held), np.uint8).reshape(-1, KEY + SIZE)
    return near_duplicates(signatures, np.array(groups, np.int64))


def _problems(rows: Rows) -> Iterator[Problem]:
    """That of each row, as far as its prompt tells it: the lines that all prompts of an environment
    open with say nothing of a problem, unless there is but one."""
    opening: dict[str, str] = {}
    for row in rows():
        name, prompt = _of(row)["environment"], _texts(row["prompt"])[0]
        opening[name] = _opening(opening.get(name, prompt), prompt)
    for row in rows():
        name, prompt = _of(row)["environment"], _texts(row["prompt"])[0]
        alone = prompt == opening[name]
        statement = prompt if alone else prompt[opening[name].rfind("\n") + 1 :]
        identity = str(row["dataset"]), str(row["parent_id"])
        yield Problem(*identity, statement, Reference(""), (name,))


def _taken(rows: Iterator[Record], stays: NDArray[np.bool_]) -> Iterator[Record]:
    return (row for row, stay in zip(rows, stays, strict=True) if stay)


def _of(row: Record) -> Mapping[str, str]:
    return cast("Mapping[str, str]", row["metadata"])


def _texts(messages: object) -> Sequence[str]:
    return [message["content"] for message in cast("Sequence[Mapping[str, str]]", messages)]


def _opening(one: str, other: str) -> str:
    pairs = enumerate(zip(one, other, strict=False))
    end = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    return one[:end]
