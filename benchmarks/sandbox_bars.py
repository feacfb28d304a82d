"""What a measurement has to reach, and what a part of the benchmark gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """`value` is to be at most (or, with `least`, at least) `limit`."""

    name: str
    value: float
    limit: float
    least: bool = False

    @property
    def met(self) -> bool:
        """Whether the measurement reaches it."""
        return self.value >= self.limit if self.least else self.value <= self.limit

    def said(self) -> str:
        """In one line."""
        sign, word = (">=", "met") if self.least else ("<=", "met")
        return (
            f"{self.name}: {self.value:g} {sign} {self.limit:g}: {word if self.met else 'MISSED'}"
        )


@dataclass(frozen=True)
class Part:
    """Figures under their names in the JSON line, rows for people, and bars."""

    figures: Mapping[str, object]
    columns: tuple[str, ...] = ("figure", "value")
    rows: Sequence[tuple[str, ...]] = ()
    bars: tuple[Bar, ...] = ()
