"""Requests and calls over a link to a real process that speaks the protocol."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.sandbox.kernels import start_kernel
from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.tools import HostTool, Toolbox
from ultrainteract.sandbox.turns import Turns
from ultrainteract.sandbox.worker import Reply, Worker

SHORT = 0.3


class Clock:
    """The event loop's time, which stands still until it is told to pass."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.now = loop.time()

    def __call__(self) -> float:
        return self.now

    async def passes(self, seconds: float) -> None:
        """Whatever falls due in that time is done."""
        self.now += seconds
        for _ in range(10):
            await asyncio.sleep(0)


@pytest_asyncio.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    loop = asyncio.get_running_loop()
    made = Clock(loop)
    monkeypatch.setattr(loop, "time", made)
    return made


@pytest_asyncio.fixture
async def worker() -> AsyncIterator[Worker]:
    started = await start_kernel()
    yield started
    await started.destroy("the test is over")


async def run(worker: Worker, code: str, *tools: HostTool) -> Reply:
    return await worker.request("run", toolbox=Toolbox(tools), cell="a", child="b", code=code)


async def test_replies_find_their_requests(worker: Worker) -> None:
    slow = asyncio.ensure_future(run(worker, "wait gate"))
    assert (await run(worker, "say 1"))["output"] == "1"
    await run(worker, "open gate")
    assert (await slow)["output"] == "gate"
    assert worker.executions == 3


async def test_a_call_is_answered_by_the_tool_of_its_own_request(worker: Worker) -> None:
    def tool(answer: str) -> HostTool:
        async def who(name: str) -> str:
            return f"{answer} {name}"

        return HostTool(who)

    code = 'call ["who", ["me"], {}]'
    replies = await asyncio.gather(*(run(worker, code, tool(str(n))) for n in range(5)))
    answers = [json.loads(str(reply["output"]))["value"] for reply in replies]
    assert answers == [f"{n} me" for n in range(5)]


async def test_a_call_without_such_a_tool_is_a_mismatch(worker: Worker) -> None:
    reply = await run(worker, 'call ["who", [], {}]')
    assert json.loads(str(reply["output"]))["kind"] == "TypeError"


async def test_a_tool_may_run_on_the_same_kernel(worker: Worker) -> None:
    async def inner() -> object:
        async with worker.turn("seed"):
            return (await run(worker, "say inside"))["output"]

    async with worker.turn("seed"):
        reply = await run(worker, 'call ["inner", [], {}]', HostTool(inner))
    assert json.loads(str(reply["output"]))["value"] == "inside"


async def test_a_tool_ends_with_its_run() -> None:
    worker = await start_kernel()
    called, cancelled = asyncio.Event(), asyncio.Event()

    async def hang() -> None:
        called.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    running = asyncio.ensure_future(run(worker, 'call ["hang", [], {}]', HostTool(hang)))
    await called.wait()
    await worker.destroy("enough")
    with pytest.raises(SandboxFault, match="enough"):
        await running
    await cancelled.wait()


async def test_silence_is_a_fault_and_a_tool_at_work_is_no_silence(clock: Clock) -> None:
    worker = await start_kernel(patience=SHORT)

    async def slow() -> str:
        await clock.passes(4 * SHORT)
        return "late"

    reply = await run(worker, 'call ["slow", [], {}]', HostTool(slow))
    assert json.loads(str(reply["output"]))["value"] == "late"
    silent = asyncio.ensure_future(run(worker, "silent"))
    await clock.passes(0)
    await clock.passes(0.9 * SHORT)
    assert not silent.done()
    await clock.passes(0.2 * SHORT)
    with pytest.raises(SandboxFault, match=r"said nothing for 0\.3 s"):
        await silent
    assert worker.lost
    assert worker.ended.is_set()


async def test_one_that_waits_behind_a_longer_one_is_as_patient(clock: Clock) -> None:
    worker = await start_kernel(patience=SHORT)
    long = asyncio.ensure_future(worker.request("run", patience=60, cell="a", code="wait gate"))
    short = asyncio.ensure_future(run(worker, "wait gate"))
    await clock.passes(0)
    await clock.passes(4 * SHORT)
    await run(worker, "open gate")
    assert [(await one)["output"] for one in (long, short)] == ["gate", "gate"]
    await worker.destroy("the test is over")


@pytest.mark.parametrize(
    ("code", "reason"),
    [("die", "it said: the last words"), ("garbage", r"no message: b'no message\\n'")],
)
async def test_a_kernel_that_breaks_fails_all_that_wait(code: str, reason: str) -> None:
    worker = await start_kernel()
    waiting = asyncio.ensure_future(run(worker, "wait gate"))
    await asyncio.sleep(0)
    for one in (run(worker, code), waiting, run(worker, "say 1")):
        with pytest.raises(SandboxFault, match=reason):
            await one
    assert worker.lost


async def test_a_kernel_that_does_not_start_says_why() -> None:
    with pytest.raises(SandboxFault, match="did not start: no numpy here"):
        await start_kernel(source="import sys; sys.exit('no numpy here')")
    with pytest.raises(SandboxFault, match="did not start: no word"):
        await start_kernel(patience=SHORT, source="import time; time.sleep(60)")


async def test_a_tainted_kernel_ends_with_the_turn_and_not_before() -> None:
    worker = await start_kernel()
    async with worker.turn("a"):
        async with worker.turn("a"):
            await run(worker, "taint")
        assert (await run(worker, "say still here"))["output"] == "still here"
    async with worker.turn("b"):
        assert worker.lost
    await worker.ended.wait()


async def test_a_kernel_retires_at_once_when_it_is_nobodys_turn() -> None:
    worker = await start_kernel()
    worker.retire("it is old")
    assert worker.lost
    with pytest.raises(SandboxFault, match="it is old"):
        await run(worker, "say 1")
    await worker.ended.wait()


async def test_turns_go_round_by_key_in_order_of_arrival() -> None:
    turns, order = Turns(), list[str]()

    async def hold(key: str) -> None:
        await turns.enter(key)
        order.append(key)
        await asyncio.sleep(0)
        turns.leave()

    await asyncio.gather(*(hold(key) for key in "abacb"))
    assert order == ["a", "a", "b", "b", "c"]


async def test_whoever_gives_up_waiting_for_a_turn_blocks_nobody() -> None:
    turns = Turns()
    await turns.enter("a")
    waiting = asyncio.ensure_future(turns.enter("b"))
    await asyncio.sleep(0)
    waiting.cancel()
    turns.leave()
    await asyncio.wait_for(turns.enter("c"), 60)
    assert turns.inside == 1
