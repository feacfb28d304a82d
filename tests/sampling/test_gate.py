"""The gate: one probe for all, the reason told once, a life-sign at once is no absence."""

import asyncio

import pytest

from ultrainteract.errors import ModelFault
from ultrainteract.sampling.gate import Gate, NobodyHome


class Door:
    """Nobody opens for the first `absent` knocks."""

    def __init__(self, absent: int) -> None:
        self.absent = absent
        self.knocks = 0
        self.parked: list[str] = []
        self.gate = Gate(self.knock, self.parked.append)

    async def knock(self) -> None:
        self.knocks += 1
        if self.knocks <= self.absent:
            raise NobodyHome


async def test_an_answer_at_the_first_knock_means_it_was_never_gone() -> None:
    door = Door(absent=0)
    assert await door.gate.check("cut") is False
    assert (door.knocks, door.parked) == (1, [])


async def test_all_wait_for_one_probe_and_the_reason_is_told_once() -> None:
    door = Door(absent=3)
    gone = await asyncio.gather(*(door.gate.check(f"reason {number}") for number in range(5)))
    assert gone == [True] * 5
    assert (door.knocks, door.parked) == (4, ["reason 0"])


async def test_newcomers_wait_while_it_is_shut_and_pass_when_it_is_open() -> None:
    door = Door(absent=2)
    waiting = asyncio.create_task(door.gate.check("gone"))
    await asyncio.sleep(0)
    await door.gate.passage()
    assert door.knocks == 3
    assert await waiting
    await door.gate.passage()
    assert door.knocks == 3


async def test_a_second_absence_is_told_again() -> None:
    door = Door(absent=1)
    await door.gate.check("first")
    door.absent, door.knocks = 1, 0
    await door.gate.check("second")
    assert door.parked == ["first", "second"]


async def test_what_a_knock_breaks_on_reaches_those_who_wait() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    gate = Gate(broken, lambda _: None)
    with pytest.raises(ZeroDivisionError):
        await gate.check("gone")


async def test_a_closed_gate_lets_nobody_wait() -> None:
    door = Door(absent=1000)
    waiting = [asyncio.create_task(door.gate.check("gone")) for _ in range(3)]
    await asyncio.sleep(0)
    await door.gate.close()
    await door.gate.close()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ModelFault] * 3
    for late in (door.gate.check("late"), door.gate.passage()):
        with pytest.raises(ModelFault, match="closed"):
            await late


async def test_a_gate_that_is_closed_as_the_answer_comes_lets_nobody_through() -> None:
    closing: list[asyncio.Task[None]] = []

    async def knock() -> None:
        # Runs between this answer and those who wait for it.
        closing.append(asyncio.create_task(gate.close()))

    gate = Gate(knock, lambda _: None)
    waiting = [asyncio.create_task(one) for one in (gate.check("gone"), gate.passage())]
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    await closing[0]
    assert [type(outcome) for outcome in outcomes] == [ModelFault] * 2
