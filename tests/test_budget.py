"""Sums, prices and limits; what a tree spends does not depend on the order of its replies."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ultrainteract.budget import (
    Bill,
    Metered,
    Price,
    Terms,
    Till,
    bill,
    limit_reached,
    loosened,
    meters,
    price_table,
)
from ultrainteract.config_file import parse_config
from ultrainteract.limits import LimitsConfig
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.types import Claim, ExecResult, Message, Spent, Usage, Verdict

REQUEST = Request("a", (Message("user", "?"),), 1, 0, 1.0, 1.0, 9)
amounts = st.none() | st.integers(1, 10**9)


class Replies:
    """Effects whose replies arrive in the order of `delays`."""

    def __init__(self, delays: Sequence[int], seconds: Sequence[float]) -> None:
        self.delays, self.seconds = delays, seconds

    async def sample(self, request: Request) -> Reply:
        for _ in range(self.delays[request.seed % len(self.delays)]):
            await asyncio.sleep(0)
        usage = Usage(request.seed, 2 * request.seed)
        return Reply((Choice("", "stop"),), usage, self.seconds[request.seed % len(self.seconds)])

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        raise AssertionError("nothing is run here")

    async def judge(self, claim: Claim) -> Verdict:
        raise AssertionError("nothing is judged here")


def test_money_is_that_of_each_model_for_a_million_tokens() -> None:
    spending = {
        "dear": Spent(2, Usage(1_000_000, 500_000), 3.0),
        "free": Spent(1, Usage(7, 7), 1.0),
        "gone": Spent(1, Usage(1, 1), 1.0),
    }
    prices = {"dear": Price(2.0, 8.0), "free": Price(0, 0)}
    assert bill(spending, prices) == Bill(calls=4, tokens=1_500_016, money=6.0, seconds=5.0)


def test_prices_are_those_of_the_configuration() -> None:
    models = {"a": {"model": "x", "serve": {"price_in": 1, "price_out": 2}}, "c": {"model": "y"}}
    config = parse_config({"models": models, "roles": {"actors": ["a"], "critic": "c"}}, "test")
    assert price_table(config) == {"a": Price(1, 2), "c": Price(0, 0)}


@given(spent=st.integers(0, 10**9), limit=st.integers(1, 10**9))
def test_a_limit_is_reached_when_nothing_is_left(spent: int, limit: int) -> None:
    (meter,) = meters(Bill(tokens=spent), LimitsConfig(tokens=limit))
    assert meter.reached == (meter.left == 0) == (spent >= limit)
    assert bool(limit_reached(Bill(tokens=spent), LimitsConfig(tokens=limit))) == meter.reached


@given(calls=st.integers(0, 10**9), money=st.floats(0, 1e9))
def test_without_limits_nothing_is_ever_reached(calls: int, money: float) -> None:
    assert limit_reached(Bill(calls, calls, money, money), LimitsConfig()) == ""


@pytest.mark.parametrize(
    ("spent", "limits", "words"),
    [
        (Bill(tokens=12_345), {"tokens": 10_000}, "budget.tokens: 12,345 of 10,000 spent"),
        (Bill(money=20.5), {"money": 20}, "budget.money: 20.50 of 20 spent"),
        (Bill(calls=7), {"tokens": 1, "calls": 7}, "budget.calls: 7 of 7 spent"),
        (Bill(seconds=61.25), {"seconds": 60}, "budget.seconds: 61.25 of 60 spent"),
    ],
)
def test_a_reached_limit_says_which_how_much_and_how_to_go_on(
    spent: Bill, limits: dict[str, float], words: str
) -> None:
    said = limit_reached(spent, LimitsConfig.model_validate(limits))
    assert said.startswith(words)
    assert "Raise it and give the same command to go on" in said


@given(st.tuples(amounts, amounts, amounts), st.tuples(amounts, amounts, amounts))
def test_limits_are_raised_where_one_lets_more_through(
    before: tuple[int | None, ...], now: tuple[int | None, ...]
) -> None:
    names = ("tokens", "money", "calls")
    old, new = (
        Terms(LimitsConfig(**dict(zip(names, one, strict=True))), {}) for one in (before, now)
    )
    more = [(b or 10**10) < (n or 10**10) for b, n in zip(before, now, strict=True)]
    assert loosened(old, new) == any(more)


@example(calls=[(42, 33), (99, 93), (88, 91)])  # whose costs, one added to the other, miss 0.9
@given(calls=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=20))
def test_a_till_reaches_its_limit_when_the_whole_bill_does(calls: list[tuple[int, int]]) -> None:
    limits = LimitsConfig(tokens=500, calls=12, money=0.9)
    prices = {"a": Price(1000, 3000)}
    till = Till(limits, prices, {"a": Spent(1, Usage(5, 5))})
    for number, (prompt, completion) in enumerate(calls, 1):
        till.pay("a", Usage(prompt, completion))
        done = [Usage(5, 5), *(Usage(*call) for call in calls[:number])]
        whole = {"a": Spent(len(done), sum(done, Usage()))}
        assert bool(till.reached) == bool(limit_reached(bill(whole, prices), limits))


@given(
    delays=st.lists(st.integers(0, 5), min_size=1, max_size=6),
    seconds=st.lists(st.floats(0, 1e6), min_size=1, max_size=6),
    twice=st.integers(0, 5),
)
def test_what_a_tree_spends_is_each_request_once_in_any_order(
    delays: list[int], seconds: list[float], twice: int
) -> None:
    requests = [replace(REQUEST, seed=seed) for seed in (*range(6), twice)]

    async def spend(delays: list[int]) -> dict[str, Spent]:
        metered = Metered(Replies(delays, seconds))
        await asyncio.gather(*map(metered.sample, requests))
        return metered.spending()

    spent, again = (asyncio.run(spend(order))["a"] for order in (delays, delays[::-1]))
    assert (spent.calls, spent.usage) == (6, Usage(15, 30))
    assert (again, again.seconds) == (spent, spent.seconds)
