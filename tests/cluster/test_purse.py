"""A worker asks for its requests together, never by an answer that is older than the request."""

import asyncio

import pytest

from ultrainteract.cluster.purse import Purse
from ultrainteract.errors import OutOfBudget


class Till:
    """Answers slowly; closes after `open_for` answers."""

    def __init__(self, open_for: int) -> None:
        self.open_for, self.asked = open_for, 0
        self.hears = asyncio.Event()

    async def __call__(self) -> str:
        self.asked += 1
        self.hears.set()
        decided = "" if self.asked <= self.open_for else "budget.calls: all spent"
        await asyncio.sleep(0.01)
        return decided


async def test_requests_that_begin_together_ask_once() -> None:
    till = Till(10)
    purse = Purse(till)
    await asyncio.gather(*(purse.begin() for _ in range(50)))
    assert till.asked == 1


async def test_a_request_does_not_begin_by_an_answer_decided_before_it() -> None:
    till = Till(1)
    purse = Purse(till)
    first = asyncio.create_task(purse.begin())
    await till.hears.wait()
    assert till.asked == 1, "the first question is under way"
    with pytest.raises(OutOfBudget, match=r"budget\.calls"):
        await purse.begin()
    await first
    assert till.asked == 2


async def test_a_closed_purse_asks_no_more() -> None:
    till = Till(0)
    purse = Purse(till)
    for _ in range(3):
        with pytest.raises(OutOfBudget):
            await purse.begin()
    assert till.asked == 1


async def test_who_gives_up_takes_the_answer_from_nobody() -> None:
    purse = Purse(Till(10))
    one, other = asyncio.create_task(purse.begin()), asyncio.create_task(purse.begin())
    await asyncio.sleep(0)
    one.cancel()
    await other
    await purse.begin()
