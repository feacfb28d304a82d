"""The comparison of waves with fixed samples: its test sees a bias, and finds none in waves."""

import argparse
import asyncio
import random
from collections import Counter

import pytest

from benchmarks.waves import COST, Kind, P, grow, misses, p_value


def drawn(chances: list[float], rng: random.Random) -> list[Counter[Kind]]:
    return [
        Counter((kind,) for kind in rng.choices(range(3), chances, k=rng.randrange(6)))
        for _ in range(300)
    ]


def test_equal_distributions_are_called_different_about_as_often_as_the_level_says() -> None:
    rng = random.Random(1)
    values = [p_value(drawn([3, 2, 1], rng), drawn([3, 2, 1], rng), seed) for seed in range(60)]
    assert 0 <= sum(p < 0.1 for p in values) <= 13
    assert 0.35 < sum(values) / len(values) < 0.65


def test_another_mix_and_another_number_are_both_seen() -> None:
    rng = random.Random(2)
    ours = drawn([3, 2, 1], rng)
    assert p_value(ours, drawn([2, 2, 2], rng), 0) < P
    assert p_value(ours, [one + one for one in drawn([3, 2, 1], rng)], 0) < P


def test_a_dear_side_a_difference_and_a_blind_control_are_all_missed_bars() -> None:
    assert not list(misses(COST, {"chosen": P, "shortest correct": P / 2}))
    words = " ".join(misses(COST + 0.1, {"chosen": P / 2, "shortest correct": P}))
    for said in ("more than", "chosen differs", "the test is blind"):
        assert said in words


@pytest.mark.parametrize("ladder", ["two actors", "other models"])
def test_waves_give_the_pairs_of_fixed_samples_for_fewer_tokens(ladder: str) -> None:
    options = argparse.Namespace(problems=300, seed=5)
    waves, fixed = (asyncio.run(grow(ladder, name, options)) for name in ("waves", "fixed"))
    for name in ("chosen", "rejected", "pairs"):
        assert p_value(waves.counts[name], fixed.counts[name], 5) > P
    assert waves.tokens_a_pair < COST * fixed.tokens_a_pair
    assert p_value(waves.counts["shortest correct"], fixed.counts["shortest correct"], 5) < 0.05
