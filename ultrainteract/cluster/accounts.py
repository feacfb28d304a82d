"""What a run has spent by now: what its journal held when the command began, and what was counted
since. A worker that is lost takes what it had not told with it; the journal has that, too."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from ultrainteract.budget import (
    Bill,
    Prices,
    Spending,
    bill,
    limit_reached,
    meters,
    price_table,
    run_limits,
    together,
)
from ultrainteract.config import RunConfig
from ultrainteract.limits import BudgetConfig
from ultrainteract.report.snapshot import Count
from ultrainteract.types import Spent, Usage


@dataclass(frozen=True, slots=True)
class Accounts:
    """What was spent before, the prices, and the limits of the run."""

    before: Spending = field(default_factory=dict)
    prices: Prices = field(default_factory=dict)
    limits: BudgetConfig = field(default_factory=BudgetConfig)

    @classmethod
    def of(cls, config: RunConfig, before: Spending) -> Self:
        """Those of a configuration."""
        return cls(before, price_table(config), config.budget)

    @property
    def spent_up(self) -> str:
        """Which limit earlier commands have reached, in words; empty while all are open."""
        return limit_reached(self.bill(self.before), run_limits(self.limits))

    def spent(self, counts: Mapping[Count, int]) -> dict[str, Spent]:
        """By model, with what `counts` has of calls and tokens."""
        models = {*self.before, *(key[1] for key in counts if key[0] == "calls")}
        return {
            name: together([self.before.get(name, Spent()), _counted(name, counts)])
            for name in sorted(models)
        }

    def bill(self, spent: Spending) -> Bill:
        """The sum over models."""
        return bill(spent, self.prices)

    def budget(self, spent: Bill, seconds: float) -> tuple[str, ...]:
        """How much of each limit is spent, in words; the command has lasted `seconds`."""
        return tuple(map(str, meters(replace(spent, seconds=seconds), self.limits)))


def _counted(model: str, counts: Mapping[Count, int]) -> Spent:
    tokens = (counts.get(("tokens", model, kind), 0) for kind in ("prompt", "completion"))
    return Spent(counts.get(("calls", model), 0), Usage(*tokens))
