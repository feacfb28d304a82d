"""What spending brings: pairs by calls and by tokens."""

from collections.abc import Collection
from dataclasses import dataclass

from ultrainteract.types import Spent


@dataclass(frozen=True, slots=True)
class Yield:
    """`pairs` that came of so many model calls and tokens, prompts included."""

    pairs: int
    calls: int
    tokens: int

    @classmethod
    def of(cls, pairs: int, spent: Collection[Spent]) -> "Yield":
        """Of what each model was asked."""
        return cls(pairs, sum(one.calls for one in spent), sum(one.tokens for one in spent))

    @property
    def by_calls(self) -> float | None:
        """Pairs for 1,000 calls; None without a call."""
        return 1e3 * self.pairs / self.calls if self.calls else None

    @property
    def by_tokens(self) -> float | None:
        """Pairs for a million tokens; None where no endpoint counted."""
        return 1e6 * self.pairs / self.tokens if self.tokens else None
