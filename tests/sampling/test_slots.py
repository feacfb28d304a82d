"""Slots: never more than the limit, older trees first, nothing lost to who gives up."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.sampling.slots import Slots


class GivenUp(Exception): ...


@settings(max_examples=50)
@given(st.integers(1, 5), st.lists(st.integers(0, 5), max_size=40), st.data())
def test_the_limit_holds_and_who_waits_is_admitted_by_order_then_arrival(
    limit: int, orders: list[int], data: st.DataObject
) -> None:
    async def scenario() -> None:
        slots = Slots(limit)
        admitted: list[tuple[int, int]] = []

        async def ask(order: int, arrival: int) -> None:
            await slots.acquire(order)
            assert slots.in_flight <= limit
            admitted.append((order, arrival))

        tasks = [asyncio.create_task(ask(order, at)) for at, order in enumerate(orders)]
        await asyncio.sleep(0)
        at_once = len(admitted)
        assert at_once == min(limit, len(orders))
        gone = data.draw(st.sets(st.sampled_from(tasks[at_once:]))) if tasks[at_once:] else set()
        for task in gone:
            task.cancel()
        await asyncio.sleep(0)
        assert slots.waiting == len(orders) - at_once - len(gone)
        while slots.in_flight:
            slots.release()
            await asyncio.sleep(0)
        assert all(one < other for one, other in pairwise(admitted[at_once:]))
        assert len(admitted) == len(orders) - len(gone)
        assert (slots.in_flight, slots.waiting) == (0, 0)

    asyncio.run(scenario())


async def test_a_higher_limit_admits_at_once_and_a_lower_one_waits() -> None:
    slots = Slots(1)
    tasks = [asyncio.create_task(slots.acquire(0)) for _ in range(4)]
    await asyncio.sleep(0)
    assert (slots.in_flight, slots.waiting) == (1, 3)
    slots.limit = 3
    assert (slots.in_flight, slots.waiting) == (3, 1)
    slots.limit = 1
    slots.release()
    slots.release()
    assert (slots.in_flight, slots.waiting) == (1, 1)
    slots.release()
    await asyncio.gather(*tasks)
    assert (slots.in_flight, slots.waiting) == (1, 0)


async def test_who_is_cancelled_as_it_is_admitted_hands_the_slot_on() -> None:
    slots = Slots(1)
    await slots.acquire(0)
    first, second = (asyncio.create_task(slots.acquire(0)) for _ in range(2))
    await asyncio.sleep(0)
    slots.release()
    first.cancel()
    await second
    assert first.cancelled() or first.done()
    assert (slots.in_flight, slots.waiting) == (1, 0)


async def test_giving_up_reaches_everybody_who_waits_and_nobody_else() -> None:
    slots = Slots(2)
    tasks = [asyncio.create_task(slots.acquire(0)) for _ in range(5)]
    await asyncio.sleep(0)
    slots.give_up(GivenUp)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None)] * 2 + [GivenUp] * 3
    assert (slots.in_flight, slots.waiting) == (2, 0)
    slots.release()
    async with asyncio.timeout(1):
        await slots.acquire(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await slots.acquire(0)
