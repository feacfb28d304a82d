"""A forecast holds what is known, is wider where less is, and says when a limit will not do."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.budget import Price
from ultrainteract.forecast import Forecast, Pace, Tried, foresee, total
from ultrainteract.limits import LimitsConfig
from ultrainteract.types import Spent, Usage

PRICES = {"a": Price(1000, 2000)}


def tried(pairs: int, calls: int, prompt: int = 0, completion: int = 0) -> Tried:
    return Tried(pairs, {"a": Spent(calls, Usage(prompt, completion))})


def forecast(*pilot: Tried, problems: int, pace: Pace | None = None, lanes: int = 1) -> Forecast:
    return foresee(pilot, problems, 2 * problems, PRICES, pace, lanes)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(0, 500))
def test_a_range_holds_what_is_known_and_its_own_middle(sample: list[float], left: int) -> None:
    found = total(sample, len(sample) + left)
    assert found.low <= found.mid * (1 + 1e-9)
    assert found.mid <= found.high * (1 + 1e-9)
    assert found.low >= math.fsum(sample) * (1 - 1e-9)
    if not left:
        assert found.low == found.mid == found.high


def test_nine_of_ten_ranges_hold_the_truth() -> None:
    rng = random.Random(4)
    held = 0
    for _ in range(1000):
        # Trees of a few turns: many short, some five times as long.
        whole = [rng.choice((4, 8, 8, 12, 20)) + rng.random() for _ in range(200)]
        found = total(rng.sample(whole, 8), 200)
        held += found.low <= sum(whole) <= found.high
    assert 0.85 < held / 1000 < 0.95


def test_one_problem_gives_no_upper_end() -> None:
    found = total([3.0], 10)
    assert (found.low, found.mid, found.high) == (3.0, 30.0, math.inf)
    assert not list(forecast(tried(1, 3), problems=10).exceeds(LimitsConfig(calls=30)))
    assert list(forecast(tried(1, 3), problems=10).exceeds(LimitsConfig(calls=29)))


def test_sums_are_of_all_problems_by_model_and_in_money() -> None:
    pilot = [tried(2, 10, 300, 100), tried(0, 30, 900, 300)]
    found = forecast(*pilot, problems=100)
    assert (found.calls.mid, found.pairs.mid) == (2000, 100)
    prompt, completion = found.tokens["a"]
    assert (prompt.mid, completion.mid) == (60_000, 20_000)
    assert found.money.mid == pytest.approx(100)
    assert found.seconds is None


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"calls": 30}, {"calls": True}),
        ({"calls": 41}, {"calls": False}),
        ({"calls": 1000}, {}),
        ({"tokens": 99, "calls": 1000}, {"tokens": True}),
        ({"seconds": 1000}, {}),
    ],
)
def test_a_limit_that_will_not_do_is_told_from_one_that_may_not(
    limits: dict[str, int], said: dict[str, bool]
) -> None:
    found = forecast(tried(1, 3, 8, 2), tried(1, 5, 8, 2), problems=10)
    told = {one.key: surely for one, surely in found.exceeds(LimitsConfig(**limits))}
    assert told == said


def test_time_is_of_what_is_left_and_shorter_where_more_trees_go_at_once() -> None:
    pilot = [tried(1, 10), tried(1, 10)]
    alone = forecast(*pilot, problems=20, pace=Pace(20, 40.0, 2), lanes=2)
    wide = forecast(*pilot, problems=20, pace=Pace(20, 40.0, 2), lanes=8)
    assert alone.seconds
    assert wide.seconds
    assert alone.seconds.mid == 180 * 2.0
    assert wide.seconds.mid == alone.seconds.mid / 4
    assert wide.seconds.high == alone.seconds.high
