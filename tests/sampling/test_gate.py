"""The gate: one probe for all, the reason told once, a life-sign at once is no absence."""

import asyncio

import pytest

from ultrainteract.sampling.gate import Gate, NobodyHome


class Door:
    """Nobody opens for the first `absent` knocks."""

    def __init__(self, absent: int) -> None:
        self.absent = absent
        self.knocks = 0
        self.shut: list[str] = []
        self.opened = asyncio.Event()
        self.gate = Gate(self.knock, self.shut.append, self.opened.set)

    async def knock(self) -> None:
        self.knocks += 1
        if self.knocks <= self.absent:
            raise NobodyHome


async def test_an_answer_at_the_first_knock_means_it_was_never_gone() -> None:
    door = Door(absent=0)
    assert await door.gate.check("cut") is True
    assert (door.knocks, door.shut, door.gate.shut) == (1, [], False)


async def test_all_share_one_knock_and_the_reason_is_told_once() -> None:
    door = Door(absent=3)
    there = await asyncio.gather(*(door.gate.check(f"reason {number}") for number in range(5)))
    assert there == [False] * 5
    assert door.shut == ["reason 0"]
    await door.opened.wait()
    assert (door.knocks, door.shut, door.gate.shut) == (4, ["reason 0"], False)


async def test_who_comes_while_it_is_shut_knocks_no_more() -> None:
    door = Door(absent=2)
    await door.gate.check("gone")
    assert door.gate.shut
    assert await door.gate.check("late") is False
    await door.opened.wait()
    assert (door.knocks, door.shut) == (3, ["gone"])


async def test_a_second_absence_is_told_again() -> None:
    door = Door(absent=1)
    await door.gate.check("first")
    await door.opened.wait()
    door.absent, door.knocks = 1, 0
    await door.gate.check("second")
    assert door.shut == ["first", "second"]
    await door.gate.close()


async def test_what_a_knock_breaks_on_reaches_those_who_wait() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    gate = Gate(broken, lambda _: None, lambda: None)
    with pytest.raises(ZeroDivisionError):
        await gate.check("cut")


async def test_a_closed_gate_knocks_no_more_and_never_opens() -> None:
    door = Door(absent=10**9)
    await door.gate.check("gone")
    await door.gate.close()
    knocks = door.knocks
    assert await door.gate.check("late") is False
    await asyncio.sleep(0.3)
    assert door.knocks == knocks
    assert not door.opened.is_set()


async def test_closing_lets_go_of_who_waits_for_a_knock() -> None:
    gate = Gate(asyncio.Event().wait, lambda _: None, lambda: None)  # type: ignore[arg-type]
    waiting = asyncio.create_task(gate.check("silent"))
    await asyncio.sleep(0)
    await gate.close()
    assert await waiting is False
