"""A tree that reached its own limit is the beginning of the whole one, and goes on to it."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_grow import World, configured, grown, instruction, recorded
from ultrainteract.budget import bill, price_table
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.journal import End, Journal
from ultrainteract.recorder import replay
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.types import StopReason, Usage

PRICE = {"price_in": 1000, "price_out": 2000}


class Priced(World):
    """Whose replies take tokens and time; notes what was spent when each request began."""

    def __init__(self, salt: int) -> None:
        super().__init__(salt)
        self.spent = 0
        self.begun: list[int] = []

    async def sample(self, request: Request) -> Reply:
        self.begun.append(self.spent)
        await asyncio.sleep(0)
        reply = await super().sample(request)
        usage = Usage(10, self._draw("tokens", request.key()) % 50)
        self.spent += 10 + usage.completion_tokens
        return replace(reply, usage=usage, seconds=self._draw("s", request.key()) % 7 / 3)


def limited(config: RunConfig, **limits: float) -> RunConfig:
    data = config.model_dump()
    for model in data["models"].values():
        model["serve"] |= PRICE
    return parse_config({**data, "budget": {"tree": limits}}, "test")


@settings(max_examples=60)
@given(
    salt=st.integers(0, 10**9),
    rejected=st.booleans(),
    key=st.sampled_from(["tokens", "money", "calls", "seconds"]),
    limit=st.integers(1, 120),
)
def test_a_limited_tree_is_the_beginning_of_the_whole_one(
    salt: int, rejected: bool, key: str, limit: int
) -> None:
    config = configured(rejected=rejected, turns=4)
    limits = {key: limit * {"tokens": 20, "money": 0.02, "calls": 1, "seconds": 0.5}[key]}
    tree, whole = grown(Priced(salt), limited(config, **limits)), grown(Priced(salt), config)
    spent = getattr(bill(tree.spent, price_table(limited(config))), key)
    assert tree.nodes == whole.nodes[: len(tree.nodes)]
    assert tree.turns[:-1] == whole.turns[: max(0, len(tree.turns) - 1)]
    if tree.stop is StopReason.TREE_BUDGET:
        assert spent >= limits[key]
        assert tree.turns
    else:
        assert tree == whole


@settings(max_examples=40)
@given(salt=st.integers(0, 10**9), limit=st.integers(1, 2000))
def test_only_the_rest_of_one_wave_or_critique_begins_after_the_limit(
    salt: int, limit: int
) -> None:
    config = configured(rejected=True, turns=4)
    world = Priced(salt)
    grown(world, limited(config, tokens=limit))
    late = [spent for spent in world.begun if spent >= limit]
    # A wave has a draft and a request for each of two schemas at most.
    assert len(late) <= max(2, config.sampling.critic_draws - 1)


@settings(max_examples=25)
@given(salt=st.integers(0, 10**9), limit=st.integers(1, 15))
def test_a_raised_limit_goes_on_from_the_record_to_the_whole_tree(
    salt: int, limit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = configured(rejected=True, turns=4)
    journal = Journal(tmp_path_factory.mktemp("run"))
    whole, first, second = Priced(salt), Priced(salt), Priced(salt)
    expected = grown(whole, config)
    try:
        tree = asyncio.run(recorded(first, limited(config, calls=limit), journal, None))
        journal.record([], {instruction().id: End(str(tree.stop), tree.calls)})
        # Whatever the limits are when it is read.
        for limits in ({}, {"calls": 1}, {"calls": 1000}):
            read = limited(config, **limits)
            assert asyncio.run(replay(journal, instruction(), read)) == tree
        assert asyncio.run(recorded(second, config, journal, None)) == expected
    finally:
        journal.close()
    assert len(first.begun) + len(second.begun) == len(whole.begun)


@settings(max_examples=25)
@given(salt=st.integers(0, 10**9), limit=st.integers(1, 2000))
def test_where_a_limited_tree_ended_is_told_by_its_calls_alone(salt: int, limit: int) -> None:
    config = configured(rejected=True, turns=4)
    tree = grown(Priced(salt), limited(config, tokens=limit))
    if tree.stop is StopReason.TREE_BUDGET:
        assert grown(Priced(salt), limited(config, calls=tree.calls)) == tree
