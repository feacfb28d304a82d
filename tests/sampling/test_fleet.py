"""A fleet of several against real protocol servers: what is gone is done elsewhere, once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import count

import pytest

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.errors import ConfigError, Draining, ModelFault
from ultrainteract.sampling import endpoint, member, pace
from ultrainteract.sampling.base import Reply, Request, Sampler
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.wire import wire_key
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.log import Received, Sent
from ultrainteract.testing.process import Served, serve
from ultrainteract.types import Message

MODEL = ModelConfig(model="scripted")
HANG = FaultRule(kind=FaultKind.HANG)
# Until something that happens soon has happened, on a machine with other work.
AMPLE = 120
_unique = count(1)


def ask(n: int = 1) -> Request:
    """A request like no other in this module."""
    user = Message("user", f"What is {next(_unique)} + 3000?")
    return Request("actor", (user,), n, 7, 1.0, 1.0, 200)


def fixed(in_flight: int) -> ModelConfig:
    return MODEL.model_copy(update={"serve": ServeConfig(in_flight=in_flight)})


@contextmanager
def servers(number: int, latency_ms: float = 0.0) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        yield [stack.enter_context(serve(latency_ms=latency_ms)) for _ in range(number)]


@asynccontextmanager
async def fleet_of(
    *served: Served, model: ModelConfig = MODEL, parked: Callable[[str], None] | None = None
) -> AsyncIterator[Fleet]:
    fleet = Fleet("actor", model, [one.url for one in served], parked)
    try:
        yield fleet
    finally:
        await fleet.close()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica that is silent is knocked at within a second."""
    monkeypatch.setattr(member, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(endpoint, "GAUGES_SECONDS", 0.5)


@contextmanager
def stopped(server: Served, fleet: Fleet | None = None) -> Iterator[None]:
    """As a process that hangs. `fleet` gives it up after half a second, and no other replica."""
    members = fleet._members if fleet else []
    there = [one.endpoint for one in members if one.endpoint.url == server.url]
    with pytest.MonkeyPatch.context() as patch:
        for one in there:
            patch.setattr(one, "knock_seconds", 0.5)
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(server.process.pid, signal.SIGCONT)


async def all_of(lane: Sampler, requests: list[Request]) -> list[Reply]:
    return await asyncio.gather(*(lane.sample(request) for request in requests))


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(AMPLE):
        while not true():  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(0.05)


def most_at_once(server: Served) -> int:
    under_way, most = 0, 0
    for line in server.log():
        under_way += {Received: 1, Sent: -1}[type(line)]
        most = max(most, under_way)
    return most


async def test_a_tree_stays_with_one_replica_and_trees_spread_evenly() -> None:
    with servers(3, latency_ms=20) as served:
        async with fleet_of(*served) as fleet:
            trees = [
                (fleet.lane(f"t{tree}", tree), [ask() for _ in range(5)]) for tree in range(12)
            ]
            await asyncio.gather(*(all_of(*tree) for tree in trees))
        calls = [set(one.calls()) for one in served]
    for _, requests in trees:
        keys = {wire_key(request, MODEL) for request in requests}
        assert sum(bool(keys & there) for there in calls) == 1
    assert [len(there) for there in calls] == [20, 20, 20]


async def test_a_replica_that_dies_gives_its_trees_to_the_others_at_once() -> None:
    parked: list[str] = []
    with servers(2) as (first, second):
        first.set_faults(HANG)
        async with fleet_of(first, second, parked=parked.append) as fleet:
            lanes = [fleet.lane(f"t{tree}", tree) for tree in range(8)]
            requests = [ask() for _ in lanes]
            asked = [
                asyncio.create_task(one.sample(r)) for one, r in zip(lanes, requests, strict=True)
            ]
            await asyncio.to_thread(first.await_arrivals, 4)
            first.kill()
            replies = await asyncio.gather(*asked)
            states = [one.state for one in fleet.load()]
            moved = fleet.load()[0].retries
        calls = second.calls()
    assert [len(reply.choices) for reply in replies] == [1] * 8
    assert {calls[wire_key(request, MODEL)] for request in requests} == {1}
    assert states == ["parked", "living"]
    assert moved == {"moved": 4}
    assert len(parked) == 1
    assert "go to the other replicas" in parked[0]


@pytest.mark.usefixtures("soon")
async def test_a_replica_that_hangs_is_parked_and_takes_part_again_when_it_answers() -> None:
    with servers(2) as (first, second):
        first.set_faults(HANG)
        async with fleet_of(first, second) as fleet:
            lanes = [fleet.lane(f"t{tree}", tree) for tree in range(6)]
            tasks = [asyncio.create_task(one.sample(ask())) for one in lanes]
            await asyncio.to_thread(first.await_arrivals, 3)
            with stopped(first, fleet):
                async with asyncio.timeout(AMPLE):
                    replies = await asyncio.gather(*tasks)
                assert [one.state for one in fleet.load()] == ["parked", "living"]
                assert fleet.load()[0].retries == {"moved": 3}
            await asyncio.to_thread(first.set_faults)
            await until(lambda: fleet.load()[0].state == "living")
            before = len(first.received())
            await fleet.lane("new", 9).sample(ask())
            assert len(first.received()) == before + 1
    assert [len(reply.choices) for reply in replies] == [1] * 6


@pytest.mark.usefixtures("soon")
async def test_a_request_that_only_begins_when_its_replica_hangs_is_asked_elsewhere() -> None:
    begun = count(1)

    async def begin() -> None:
        if next(begun) == 2:
            await asyncio.Event().wait()

    with servers(2) as (first, second):
        first.set_faults(HANG)
        fleet = Fleet("actor", MODEL, [first.url, second.url], begin=begin)
        tree = fleet.lane("tree", 0)
        tasks = [asyncio.create_task(tree.sample(ask())) for _ in range(2)]
        await asyncio.to_thread(first.await_arrivals, 1)
        with stopped(first, fleet):
            async with asyncio.timeout(AMPLE):
                replies = await asyncio.gather(*tasks)
        await fleet.close()
    assert [len(reply.choices) for reply in replies] == [1, 1]


async def test_who_was_just_admitted_to_a_replica_that_leaves_asks_another() -> None:
    member_ = member.Member(
        endpoint.Endpoint("actor", fixed(1), "http://127.0.0.1:1/v1"),
        lambda _member, _why: None,
        lambda _member: None,
    )
    await member_.slots.acquire(0)
    waiting = asyncio.create_task(member_.ask(ask(), 1))
    await asyncio.sleep(0)
    member_.slots.release()
    member_.leave()
    with pytest.raises(member.Moved):
        await waiting
    assert (member_.slots.in_flight, member_.load().retries) == (0, {})


@pytest.mark.usefixtures("soon")
async def test_a_hang_of_the_only_replica_is_waited_out_and_nothing_is_asked_twice() -> None:
    parked: list[str] = []
    with servers(1) as (only,):
        async with fleet_of(only, parked=parked.append) as fleet:
            with stopped(only, fleet):
                # The system takes their connections and keeps what they say.
                tasks = [asyncio.create_task(fleet.sample(ask())) for _ in range(4)]
                await until(lambda: parked)
                late = asyncio.create_task(fleet.sample(ask()))
                await asyncio.sleep(0.5)
                assert fleet.wants() == 0
                assert not any(task.done() for task in (*tasks, late))
            async with asyncio.timeout(AMPLE):
                replies = await asyncio.gather(*tasks, late)
        calls = only.calls()
    assert [len(reply.choices) for reply in replies] == [1] * 5
    assert set(calls.values()) == {1}
    assert len(parked) == 1


@pytest.mark.usefixtures("soon")
async def test_draining_lets_go_of_what_a_hung_replica_will_not_answer() -> None:
    parked: list[str] = []
    with servers(1) as (only,):
        only.set_faults(HANG)
        async with fleet_of(only, parked=parked.append) as fleet:
            tasks = [asyncio.create_task(fleet.sample(ask())) for _ in range(3)]
            await asyncio.to_thread(only.await_arrivals, 3)
            with stopped(only, fleet):
                await until(lambda: parked)
                async with asyncio.timeout(AMPLE):
                    await fleet.drain()
                    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [Draining] * 3


async def test_a_slow_reply_of_a_replica_that_lives_is_no_hang(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(member, "SILENT_SECONDS", 0.1)
    with servers(1, latency_ms=1500) as (only,):
        async with fleet_of(only) as fleet:
            await fleet.sample(ask())
            (load,) = fleet.load()
        assert len(only.received()) == 1
    assert (load.state, load.retries) == ("living", {})


async def test_joiners_take_new_trees_and_leavers_finish_what_is_under_way() -> None:
    with servers(2) as (first, second):
        async with fleet_of(first, model=fixed(2)) as fleet:
            tree = fleet.lane("old", 0)
            with stopped(first):
                asked = [asyncio.create_task(tree.sample(ask())) for _ in range(6)]
                await until(lambda: fleet.load()[0].in_flight == 2)
                await fleet.replicas([first.url, second.url])
                assert fleet.wants() == 2
                await fleet.lane("new", 1).sample(ask())
                assert len(second.received()) == 1
                await fleet.replicas([second.url + "/"])
            replies = await asyncio.gather(*asked)
            states = [(one.state, one.requests) for one in fleet.load()]
            there = [len(first.received()), len(second.received())]
            await fleet.replicas([first.url, second.url])
            again = [one.state for one in fleet.load()]
    assert [len(reply.choices) for reply in replies] == [1] * 6
    assert there == [2, 5]
    assert states == [("left", 2), ("living", 5)]
    assert again == ["left", "living", "living"]


async def test_without_any_replica_requests_wait_for_the_first() -> None:
    with servers(1) as (only,):
        async with fleet_of() as fleet:
            waiting = asyncio.create_task(fleet.sample(ask()))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            assert fleet.wants() == 0
            await fleet.replicas([only.url])
            assert len((await waiting).choices) == 1


async def test_an_address_that_cannot_be_used_changes_nothing() -> None:
    with servers(1) as (only,):
        async with fleet_of(only) as fleet:
            with pytest.raises(ConfigError):
                await fleet.replicas(["localhost:8000"])
            assert [one.state for one in fleet.load()] == ["living"]


async def test_older_trees_are_served_first() -> None:
    held = asyncio.Event()

    async def begin() -> None:
        await held.wait()

    with servers(1) as (only,):
        fleet = Fleet("actor", fixed(1), [only.url], begin=begin)
        requests = {order: ask() for order in (5, 3, 8, 1, 4)}
        first = asyncio.create_task(fleet.lane("first", 9).sample(ask()))
        await until(lambda: fleet.load()[0].in_flight)
        tasks = [fleet.lane(str(o), o).sample(request) for o, request in requests.items()]
        waiting = asyncio.gather(first, *tasks)
        await until(lambda: fleet.load()[0].waiting == len(requests))
        held.set()
        await waiting
        await fleet.close()
        keys = [line.key for line in only.received()][1:]
    assert keys == [wire_key(requests[order], MODEL) for order in sorted(requests)]


async def test_load_counts_what_was_asked_and_why_again() -> None:
    with serve(
        faults=(FaultRule(kind=FaultKind.STATUS, status=503, retry_after="0", first=1),)
    ) as one:
        async with fleet_of(one) as fleet:
            replies = [await fleet.sample(ask(n=3)) for _ in range(4)]
            (load,) = fleet.load()
    assert (load.url, load.state, load.requests) == (one.url, "living", 4)
    assert load.completion_tokens == sum(reply.usage.completion_tokens for reply in replies) > 0
    assert load.prompt_tokens == sum(reply.usage.prompt_tokens for reply in replies) > 0
    assert load.retries == {"HTTP 503": 4}
    assert (load.in_flight, load.waiting) == (0, 0)


async def test_closing_reaches_every_request() -> None:
    with servers(2) as served:
        for one in served:
            one.set_faults(HANG)
        async with fleet_of(*served, model=fixed(1)) as fleet:
            tasks = [asyncio.create_task(fleet.lane(f"t{n}", n).sample(ask())) for n in range(6)]
            await asyncio.gather(*(asyncio.to_thread(one.await_arrivals, 1) for one in served))
            await fleet.close()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in outcomes] == [ModelFault] * 6


async def keep_asking(fleet: Fleet, lanes: int, enough: Callable[[], object]) -> None:
    """All the time, until it is enough."""
    asking = True

    async def one(order: int) -> None:
        lane = fleet.lane(str(order), order)
        while asking:
            await lane.sample(ask())

    async with asyncio.TaskGroup() as tasks:
        for order in range(lanes):
            tasks.create_task(one(order))
        await until(enough)
        asking = False


# Latencies are such that a machine which answers a hundred a second is fast enough.
@pytest.mark.parametrize("metrics", [True, False])
async def test_an_endpoint_that_has_room_is_filled_without_errors(metrics: bool) -> None:
    with serve(latency_ms=500, metrics=metrics) as server:
        async with fleet_of(server) as fleet:
            await keep_asking(fleet, 300, lambda: most_at_once(server) >= 128)
            (load,) = fleet.load()
    assert load.retries == {}


async def test_a_server_that_refuses_above_a_number_is_asked_for_less(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "_CEILING_SECONDS", 3600.0)
    with serve(latency_ms=500, capacity=40) as server:
        async with fleet_of(server) as fleet:

            def answered(more: int) -> Callable[[], bool]:
                goal = fleet.load()[0].requests + more
                return lambda: fleet.load()[0].requests >= goal

            await keep_asking(fleet, 64, answered(100))
            (load,) = fleet.load()
            early = len([line for line in server.received() if line.status == 429])
            await keep_asking(fleet, 64, answered(150))
        refused = len([line for line in server.received() if line.status == 429])
    assert 20 <= load.limit <= 40
    assert early > 0
    assert refused == early


async def test_a_queue_that_the_server_shows_is_kept_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_GAUGE_SECONDS", 1.0)
    with serve(latency_ms=500, places=16, metrics=True) as server:
        async with fleet_of(server) as fleet:
            await keep_asking(fleet, 48, lambda: fleet.load()[0].limit <= 24)
            (load,) = fleet.load()
    assert load.limit >= 16
    assert load.retries == {}
