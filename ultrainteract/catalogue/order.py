"""Orders of a list, and places in them: a page goes on from a place, whatever came since.

A place holds the value that its row had, so that a list that grows skips nothing and repeats
nothing but what changed. Rows of one value stand in the order of the instructions.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

_PLACE = re.compile(r"(?:(?P<value>[0-9]{1,18})-)?(?P<position>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """Of a row: its position and, in an order of its own, the value that it is ordered by."""

    position: int
    value: int | None = None

    @classmethod
    def of(cls, text: str) -> Self | None:
        """What `str` wrote; None for anything else."""
        if not (found := _PLACE.fullmatch(text)):
            return None
        return cls(int(found["position"]), int(found["value"]) if found["value"] else None)

    def __str__(self) -> str:
        """`VALUE-POSITION`, or the position alone."""
        return str(self.position) if self.value is None else f"{self.value}-{self.position}"


@dataclass(frozen=True, slots=True)
class Order:
    """By a number of the catalogue's rows, the largest first where `falling`; by the order of the
    instructions where `column` is empty."""

    name: str
    words: str
    column: str = ""
    falling: bool = True

    @property
    def key(self) -> str:
        """What rises along the list: an expression of SQL, which an index has as it stands here."""
        return f"-{self.column}" if self.falling else self.column

    def beyond(self, place: Place, at: str, *, forward: bool) -> tuple[str, tuple[int, ...]]:
        """The condition that a row stands after a place, or before it, and its arguments; `at` is
        the column of positions."""
        than = ">" if forward else "<"
        if not self.column:
            return f"{at} {than} ?", (place.position,)
        value = (-1 if self.falling else 1) * (place.value or 0)
        # The first part leads into the index, the second past the rows of the same value.
        said = f"{self.key} {than}= ? AND ({self.key} {than} ? OR {at} {than} ?)"
        return said, (value, value, place.position)

    def by(self, at: str, *, forward: bool) -> str:
        """What comes after ORDER BY."""
        way = "ASC" if forward else "DESC"
        return f"{self.key} {way}, {at} {way}" if self.column else f"{at} {way}"


ORDERS: Mapping[str, Order] = {
    one.name: one
    for one in (
        Order("", "problem order"),
        Order("changed", "last changed first", "changed"),
        Order("pairs", "most pairs first", "pairs"),
        Order("fewest-pairs", "fewest pairs first", "pairs", falling=False),
        Order("turns", "most turns first", "turns"),
        Order("fewest-turns", "fewest turns first", "turns", falling=False),
        Order("nodes", "most actions first", "nodes"),
        Order("tokens", "most tokens first", "tokens"),
        Order("fewest-tokens", "fewest tokens first", "tokens", falling=False),
    )
}
"""By name; that of the list as it is has none."""


def indexes() -> Iterator[str]:
    """The statements that make an order as quick as a page."""
    for one in ORDERS.values():
        if one.column:
            name = one.name.replace("-", "_")
            yield f"CREATE INDEX IF NOT EXISTS tree_by_{name} ON tree ({one.key});"
