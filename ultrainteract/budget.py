"""What model calls cost and how much may still be spent: prices, sums and limits, nothing else.

A tree is held to its limits by its own record alone (`Metered`), so that a replay ends where the
live tree did; a run by what all of its trees have recorded.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from ultrainteract.config import RunConfig
from ultrainteract.limits import UNLIMITED, BudgetConfig, LimitsConfig
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.types import Claim, ExecResult, Spent, Usage, Verdict

# By the name that the configuration gives a model.
Spending: TypeAlias = Mapping[str, Spent]


@dataclass(frozen=True, slots=True)
class Price:
    """Money for a million prompt tokens, and for a million completion tokens."""

    prompt: float
    completion: float

    def below(self, other: "Price") -> bool:
        """Whether any token costs less."""
        return self.prompt < other.prompt or self.completion < other.completion

    def of(self, usage: Usage) -> float:
        """Money for so many tokens."""
        money = usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        return money / 1e6


Prices: TypeAlias = Mapping[str, Price]


@dataclass(frozen=True, slots=True)
class Bill:
    """Spending in the units of limits, over all models."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0


def price_table(config: RunConfig) -> dict[str, Price]:
    """The prices of the configuration's models."""
    serves = {name: model.serve for name, model in config.models.items()}
    return {name: Price(serve.price_in, serve.price_out) for name, serve in serves.items()}


def together(parts: Collection[Spent]) -> Spent:
    """The sum, whatever the order."""
    return Spent(
        calls=sum(one.calls for one in parts),
        usage=sum((one.usage for one in parts), Usage()),
        seconds=math.fsum(one.seconds for one in parts),
    )


def bill(spending: Spending, prices: Prices) -> Bill:
    """What was spent, in all. A model without a price, such as one that a reconfigured run names
    no longer, costs nothing."""
    whole = together(spending.values())
    costs = (prices[name].of(spent.usage) for name, spent in spending.items() if name in prices)
    return Bill(whole.calls, whole.tokens, math.fsum(costs), whole.seconds)


@dataclass(frozen=True, slots=True)
class Meter:
    """One limit of `section` and how much of it is spent. `key` is its name in `section`."""

    section: str
    key: str
    spent: float
    limit: float

    @property
    def left(self) -> float:
        """What may still be spent, 0 once the limit is reached."""
        return max(0.0, self.limit - self.spent)

    @property
    def reached(self) -> bool:
        """Whether nothing may be spent any more."""
        return self.spent >= self.limit

    def __str__(self) -> str:
        return f"{self.section}.{self.key}: {amount(self.spent)} of {amount(self.limit)} spent"


def meters(spent: Bill, limits: LimitsConfig, section: str = "budget") -> Iterator[Meter]:
    """A meter for each limit that is set."""
    for key in ("tokens", "money", "calls", "seconds"):
        limit = getattr(limits, key)
        if limit is not None:
            yield Meter(section, key, getattr(spent, key), limit)


def limit_reached(spent: Bill, limits: LimitsConfig, section: str = "budget") -> str:
    """The first limit that is reached, in words that say how to go on; empty while all are open."""
    meter = next((one for one in meters(spent, limits, section) if one.reached), None)
    return f"{meter}. Raise it and give the same command to go on" if meter else ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds a tree to its limits: these, and the prices that `money` is counted in."""

    limits: LimitsConfig
    prices: dict[str, Price]


def tree_terms(config: RunConfig) -> Terms:
    """Those of a configuration."""
    return Terms(config.budget.tree, price_table(config))


def loosened(before: Terms, now: Terms) -> bool:
    """Whether a limit was raised or taken away, or a price fell that money is counted in."""
    for key in LimitsConfig.model_fields:
        old, new = getattr(before.limits, key), getattr(now.limits, key)
        if old is not None and (new is None or new > old):
            return True
    if now.limits.money is None:
        return False
    known = before.prices
    return any(price.below(known.get(name, price)) for name, price in now.prices.items())


def amount(value: float) -> str:
    """A quantity as a person reads it: thousands apart, cents only where there are any."""
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def run_limits(budget: BudgetConfig) -> LimitsConfig:
    """Limits on what a run records; its time is that of a command and no part of the record."""
    return LimitsConfig(tokens=budget.tokens, money=budget.money, calls=budget.calls)


class Till:
    """What a run has spent, against its limits. Grows by `pay`."""

    def __init__(self, limits: LimitsConfig, prices: Prices, spent: Spending) -> None:
        self._limits, self._prices = limits, prices
        self._spent = dict(spent)

    def pay(self, model: str, usage: Usage) -> None:
        """One more call."""
        before = self._spent.get(model, Spent())
        self._spent[model] = replace(before, calls=before.calls + 1, usage=before.usage + usage)

    @property
    def reached(self) -> str:
        """Which limit is reached, in words; empty while all are open."""
        return limit_reached(bill(self._spent, self._prices), self._limits)


class _Effects(Protocol):
    async def sample(self, request: Request) -> Reply: ...

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult: ...

    async def judge(self, claim: Claim) -> Verdict: ...


@dataclass
class Metered:
    """Effects that count what a tree spends, each distinct request once, as the journal does.

    Sums do not depend on the order in which replies arrive.
    """

    effects: _Effects
    _asked: dict[Request, Spent] = field(default_factory=dict)

    async def sample(self, request: Request) -> Reply:
        """Ask a model, and count."""
        reply = await self.effects.sample(request)
        self._asked[request] = Spent(1, reply.usage, reply.seconds)
        return reply

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Run code; costs nothing."""
        return await self.effects.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        """Ask a grader; costs nothing."""
        return await self.effects.judge(claim)

    def exceeds(self, config: RunConfig) -> bool:
        """Whether a limit of `budget.tree` is reached: then the tree asks no more."""
        limits = config.budget.tree
        if limits == UNLIMITED:
            return False
        return bool(limit_reached(bill(self.spending(), price_table(config)), limits))

    def spending(self) -> dict[str, Spent]:
        """So far, by model."""
        by_model: dict[str, list[Spent]] = {}
        for request, spent in self._asked.items():
            by_model.setdefault(request.model, []).append(spent)
        return {name: together(by_model[name]) for name in sorted(by_model)}
