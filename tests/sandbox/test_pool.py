"""Containers that come and go, and what notebooks see of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict

import pytest
import pytest_asyncio

from tests.sandbox.kernels import start_kernel
from ultrainteract.errors import SandboxFault, SetupError
from ultrainteract.sandbox import pool as pool_module
from ultrainteract.sandbox.base import Cell, CellGone, Manner
from ultrainteract.sandbox.pool import STARTS, Pool
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.sandbox.worker import Worker
from ultrainteract.types import ExecResult, Limits, Outcome


class Starts:
    """Starts kernels, after the errors it was given."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.workers: list[Worker] = []
        self.asked = 0
        self.changed = asyncio.Event()

    async def __call__(self) -> Worker:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        self.workers.append(await start_kernel())
        self.changed.set()
        self.changed = asyncio.Event()
        return self.workers[-1]

    def ended(self) -> int:
        """How many of them are gone."""
        return sum(worker.ended.is_set() for worker in self.workers)

    def lost(self, number: int) -> bool:
        """Whether this one takes no work any more."""
        return self.workers[number].lost

    async def until(self, number: int) -> None:
        """Returns once so many have been started."""
        while len(self.workers) < number:
            await asyncio.wait_for(self.changed.wait(), 180)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "PAUSE", 0.01)


@pytest_asyncio.fixture
async def starts() -> Starts:
    return Starts()


@pytest_asyncio.fixture
async def pool(starts: Starts) -> AsyncIterator[Pool]:
    made = Pool(starts, 1, executions=3)
    yield made
    await made.close()
    assert starts.ended() == len(starts.workers)


async def output(cell: Cell, code: str, manner: Manner | None = None) -> str:
    result, _ = await (cell.run(code, manner) if manner else cell.run(code))
    return result.output


async def test_a_run_travels_with_what_differs_from_a_notebook(pool: Pool) -> None:
    cell = await pool.root("s")
    plain = json.loads(await output(cell, "show"))
    assert set(plain) == {"id", "op", "cell", "child", "code"}
    manner = Manner(stdin="1\n", script=True, limits=Limits(seconds=1, memory_mb=64))
    result, child = await cell.run("show", manner)
    assert result.errors == "apart"
    sent = json.loads(result.output)
    assert (sent["stdin"], sent["script"]) == ("1\n", True)
    assert manner.limits
    assert sent["limits"] == asdict(manner.limits)
    assert sent["cell"] == plain["cell"] != sent["child"]
    assert json.loads(await output(child, "show"))["cell"] == sent["child"]


async def test_a_fault_of_a_tool_is_the_runs_fault_and_costs_nobody_else(pool: Pool) -> None:
    async def breaks() -> None:
        raise ValueError("no index")

    cell = await pool.root("s", [HostTool(breaks)])
    with pytest.raises(SandboxFault, match="breaks failed: ValueError: no index"):
        await cell.run('call ["breaks", [], {}]')
    assert await output(cell, "say 1") == "1"


async def test_a_tool_of_one_root_may_run_cells_of_another_of_its_seed(pool: Pool) -> None:
    inner = await pool.root("s")

    async def run(word: str) -> str:
        return await output(inner, f"say {word}")

    outer = await pool.root("s", [HostTool(run)])
    calls = (output(outer, f'call ["run", ["{n}"], {{}}]') for n in range(5))
    async with asyncio.timeout(180):
        answers = await asyncio.gather(*calls)
    assert [json.loads(answer)["value"] for answer in answers] == list("01234")


async def test_roots_of_one_seed_share_a_container_and_seeds_spread(starts: Starts) -> None:
    pool = Pool(starts, 3)
    await pool.warm()
    assert len(starts.workers) == 3
    await asyncio.gather(*(pool.root(seed) for seed in "aabbbcdef" * 2))
    cells = await asyncio.gather(*(pool.root(seed) for seed in "abcdef"))
    await asyncio.gather(*(output(cell, "say 1") for cell in cells))
    assert [worker.executions for worker in starts.workers] == [2, 2, 2]
    await pool.close()


async def test_seeds_of_one_container_take_turns_and_one_seed_does_not(pool: Pool) -> None:
    one, other = await pool.root("a"), await pool.root("b")
    first = asyncio.ensure_future(output(one, "wait gate"))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(output(other, "say b"))
    await output(one, "say a")
    assert not second.done()
    await output(one, "open gate")
    assert [await first, await second] == ["gate", "b"]


async def test_a_program_whose_caller_gave_up_keeps_its_turn(pool: Pool) -> None:
    one, other = await pool.root("a"), await pool.root("b")
    first = asyncio.ensure_future(output(one, "wait gate"))
    await output(one, "say it runs")
    first.cancel()
    second = asyncio.ensure_future(output(other, "say b"))
    await asyncio.wait({second}, timeout=0.3)
    assert not second.done()
    await output(one, "open gate")
    assert await second == "b"


async def test_a_lost_container_is_replaced_before_anybody_asks(pool: Pool, starts: Starts) -> None:
    cell = await pool.root("s")
    await output(cell, "say 1")
    with pytest.raises(SandboxFault, match="the last words"):
        await cell.run("die")
    await starts.until(2)
    with pytest.raises(CellGone):
        await cell.run("say 1")
    assert await output(await pool.root("s"), "say 1") == "1"
    assert starts.asked == 2


async def test_a_tainted_container_is_destroyed_and_its_result_stands(
    pool: Pool, starts: Starts
) -> None:
    cell = await pool.root("s")
    result, child = await cell.run("taint")
    assert result == ExecResult(Outcome.OK, "")
    with pytest.raises(CellGone):
        await child.run("say 1")
    await starts.until(2)
    assert starts.lost(0)


async def test_a_worn_container_ends_when_its_last_seed_is_released(
    pool: Pool, starts: Starts
) -> None:
    cell = await pool.root("a")
    for _ in range(3):
        await output(cell, "say 1")
    await pool.root("b")
    await pool.release("a")
    assert not starts.lost(0)
    await pool.release("b")
    assert starts.lost(0)
    assert await output(await pool.root("c"), "say 1") == "1"


async def test_a_container_that_is_never_empty_ends_between_two_turns(
    pool: Pool, starts: Starts
) -> None:
    cell = await pool.root("a")
    outputs = [await output(cell, f"say {n}") for n in range(6)]
    assert outputs == [str(n) for n in range(6)]
    with pytest.raises(CellGone):
        await cell.run("say 6")
    assert starts.lost(0)


async def test_an_evicted_cell_is_gone_and_its_container_is_not(pool: Pool) -> None:
    cell = await pool.root("a")
    with pytest.raises(CellGone, match="evicted"):
        await cell.run("gone")
    assert await output(cell, "say 1") == "1"


async def test_bad_starts_fail_nobody_while_a_good_one_comes() -> None:
    starts = Starts(*(SandboxFault("no space") for _ in range(STARTS - 1)))
    pool = Pool(starts, 1)
    cells = await asyncio.gather(*(pool.root(f"tree {n}") for n in range(10)))
    assert await output(cells[9], "say 1") == "1"
    assert starts.asked == STARTS
    await pool.close()


async def test_a_container_that_never_starts_is_told_with_the_reason_and_tried_again() -> None:
    starts = Starts(*(SandboxFault(f"no space {n}") for n in range(STARTS)))
    pool = Pool(starts, 1)
    trees = await asyncio.gather(*(pool.root(f"{n}") for n in range(3)), return_exceptions=True)
    for error in trees:
        assert isinstance(error, SandboxFault)
        assert str(error) == "no sandbox container started in 4 attempts; the last: no space 3"
    assert await output(await pool.root("s"), "say 1") == "1"
    await pool.close()


async def test_one_bad_place_does_not_hold_up_those_who_find_another() -> None:
    starts = Starts(*(SandboxFault("no space") for _ in range(STARTS)))
    pool = Pool(starts, 2)
    await pool.warm()
    cells = await asyncio.gather(*(pool.root(f"tree {n}") for n in range(4)))
    assert await output(cells[3], "say 1") == "1"
    await pool.close()


async def test_what_only_the_user_can_mend_is_said_at_once() -> None:
    starts = Starts(*(SetupError("no image") for _ in range(4)))
    pool = Pool(starts, 2)
    with pytest.raises(SetupError, match="no image"):
        await pool.root("s")
    with pytest.raises(SetupError, match="no image"):
        await pool.warm()
    assert starts.asked == 4
    await pool.close()


async def test_a_container_that_dies_unused_is_not_started_for_nobody(
    pool: Pool, starts: Starts
) -> None:
    await pool.warm()
    await starts.workers[0].destroy("it broke")
    await asyncio.sleep(0)
    assert starts.asked == 1
    assert await output(await pool.root("s"), "say 1") == "1"
    assert starts.asked == 2


async def test_a_closed_pool_gives_nothing_and_keeps_nothing(starts: Starts) -> None:
    pool = Pool(starts, 2)
    starting = asyncio.ensure_future(pool.warm())
    await asyncio.sleep(0)
    await pool.close()
    await starting
    assert starts.ended() == len(starts.workers)
    with pytest.raises(SandboxFault, match="closed"):
        await pool.root("s")
    await pool.close()
