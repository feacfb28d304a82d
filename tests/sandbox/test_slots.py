"""Executions take turns, and lend them while they wait for the host."""

import asyncio

from ultrainteract.sandbox.slots import Slots


async def test_slots_are_shared_up_to_their_number() -> None:
    slots, most, inside = Slots(2), 0, 0

    async def work() -> None:
        nonlocal most, inside
        async with slots.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(6)))
    assert most == 2


async def test_whoever_is_alone_meets_nobody() -> None:
    slots = Slots(3)
    inside: list[str] = []

    async def work(name: str) -> None:
        async with slots.turn(alone=name == "alone"):
            inside.append(name)
            assert name != "alone" or inside == ["alone"]
            await asyncio.sleep(0)
            inside.remove(name)

    await asyncio.gather(*(work(name) for name in ("a", "b", "alone", "c", "alone", "d")))
    assert inside == []


async def test_a_turn_that_is_lent_serves_another_meanwhile() -> None:
    slots, order = Slots(1), []

    async def other() -> None:
        async with slots.turn():
            order.append("other")

    async with slots.turn() as turn:
        waiting = asyncio.ensure_future(other())
        await asyncio.sleep(0)
        assert order == []
        async with turn.lent():
            await waiting
        order.append("first again")
    assert order == ["other", "first again"]
