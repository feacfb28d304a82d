"""A `Fleet` of one against a real protocol server in its own process; its log counts the calls."""

import asyncio
import logging
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import count
from pathlib import Path

import pytest
from tenacity import wait_none

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.errors import ConfigError, Draining, ModelFault, SetupError
from ultrainteract.sampling import connections, patience
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.scripted import ScriptedSampler
from ultrainteract.sampling.wire import wire_key
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.log import Received, Sent
from ultrainteract.testing.process import Served, serve, vacant_port
from ultrainteract.types import Message

MODEL = ModelConfig(model="scripted", serve=ServeConfig(api_key_env="TEST_KEY"))
SECRET = "sk-very-secret-0123456789"
_unique = count(1)


def ask(n: int = 2) -> Request:
    """A request like no other in this module."""
    user = Message("user", f"What is {next(_unique)} + 1000?")
    return Request("actor", (user,), n, 7, 1.0, 1.0, 200)


def serving(**values: object) -> ModelConfig:
    serve_config = MODEL.serve.model_copy(update=values)
    return MODEL.model_copy(update={"serve": serve_config})


async def outcome(endpoint: Fleet, request: Request) -> Reply | Exception:
    """The reply, without its time, or what was raised instead."""
    try:
        return replace(await endpoint.sample(request), seconds=0.0)
    except (ModelFault, Draining) as raised:
        return raised


@asynccontextmanager
async def sampler(
    url: str, model: ModelConfig = MODEL, parked: Callable[[str], None] | None = None
) -> AsyncIterator[Fleet]:
    made = Fleet("actor", model, (url,), parked)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serve(models=("scripted", "other")) as served:
        yield served


@pytest.fixture
def server(running: Served) -> Iterator[Served]:
    yield running
    running.set_faults()


@pytest.fixture
def vacant() -> Iterator[int]:
    with vacant_port() as port:
        yield port


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/v1"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "_backoff", wait_none())


async def test_a_reply_is_what_the_script_says_in_process(server: Served) -> None:
    request = ask(n=5)
    async with sampler(server.url) as endpoint:
        there = await endpoint.sample(request)
    here = await ScriptedSampler("actor", MODEL).sample(request)
    assert replace(there, seconds=0.0) == here
    assert there.seconds > 0
    assert len(there.choices) == 5


async def test_journal_and_server_log_hold_the_same_key(server: Served) -> None:
    request = replace(ask(), temperature=1, stop=("```\n", "é"))
    async with sampler(server.url) as endpoint:
        await endpoint.sample(request)
    assert server.calls()[wire_key(request, MODEL)] == 1


RETRIED = {
    "rate limit": FaultRule(kind=FaultKind.STATUS, status=429, first=2, retry_after="0"),
    "overload": FaultRule(kind=FaultKind.STATUS, status=503, first=2),
    "server error": FaultRule(kind=FaultKind.STATUS, status=500, first=2),
    "cut": FaultRule(kind=FaultKind.CUT, first=2),
    "cut midway": FaultRule(kind=FaultKind.CUT_MIDWAY, first=2),
    "bad JSON": FaultRule(kind=FaultKind.BAD_JSON, first=2),
    "no choices": FaultRule(kind=FaultKind.NO_CHOICES, first=2),
}


@pytest.mark.parametrize("rule", RETRIED.values(), ids=RETRIED)
@pytest.mark.usefixtures("at_once")
async def test_a_passing_failure_is_asked_again_until_it_is_answered(
    server: Served, rule: FaultRule
) -> None:
    server.set_faults(rule)
    request = ask()
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    key = wire_key(request, MODEL)
    faults = [line.fault for line in server.received() if line.key == key]
    assert len(reply.choices) == 2
    assert faults == [rule.kind, rule.kind, ""]


@pytest.mark.usefixtures("at_once")
async def test_a_reply_that_never_comes_is_asked_again_after_the_timeout(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.HANG, first=1))
    request = ask()
    async with sampler(server.url, serving(timeout_seconds=1)) as endpoint:
        reply = await endpoint.sample(request)
    assert len(reply.choices) == 2
    key = wire_key(request, MODEL)
    hung, *later = [line.fault for line in server.received() if line.key == key]
    assert hung == FaultKind.HANG
    # More than one only where an answer took a second, too.
    assert later
    assert not any(later)


async def test_a_slow_reply_within_the_timeout_is_asked_once(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.SLOW, seconds=0.5))
    request = ask()
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    assert reply.seconds >= 0.5
    assert server.calls()[wire_key(request, MODEL)] == 1


@pytest.mark.parametrize("form", ["seconds", "date"])
@pytest.mark.usefixtures("at_once")
async def test_retry_after_is_never_undercut(server: Served, form: str) -> None:
    date = (datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0)
    header = "1" if form == "seconds" else format_datetime(date, usegmt=True)
    server.set_faults(FaultRule(kind=FaultKind.STATUS, status=429, first=1, retry_after=header))
    request = ask()
    until = time.monotonic() + (date - datetime.now(UTC)).total_seconds()
    async with sampler(server.url) as endpoint:
        await endpoint.sample(request)
    key = wire_key(request, MODEL)
    first, second = [line.at for line in server.received() if line.key == key]
    assert second >= (first + 1 if form == "seconds" else until - 0.05)


LOST = {
    "HTTP 400": FaultRule(kind=FaultKind.STATUS, status=400, message="no good"),
    "HTTP 422": FaultRule(kind=FaultKind.STATUS, status=422, message="no good"),
    "context length": FaultRule(
        kind=FaultKind.STATUS,
        status=400,
        message="maximum context length is 4096 tokens",
        code="context_length_exceeded",
    ),
    "content filter": FaultRule(kind=FaultKind.FILTER),
}


@pytest.mark.parametrize("rule", LOST.values(), ids=LOST)
async def test_a_refused_request_is_lost_with_its_reason_and_not_asked_again(
    server: Served, rule: FaultRule
) -> None:
    server.set_faults(rule)
    request = ask()
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    expected = (
        "content filter: the endpoint withheld every choice"
        if rule.kind is FaultKind.FILTER
        else f"HTTP {rule.status}: {rule.message}"
    )
    assert (reply.choices, reply.lost) == ((), expected)
    assert server.calls()[wire_key(request, MODEL)] == 1


async def test_one_in_a_hundred_refused_loses_exactly_those(server: Served) -> None:
    rule = FaultRule(kind=FaultKind.STATUS, status=400, message="cursed", fraction=0.01)
    server.set_faults(rule)
    requests = [ask(n=1) for _ in range(400)]
    async with sampler(server.url) as endpoint:
        replies = await asyncio.gather(*(endpoint.sample(request) for request in requests))
    keys = [wire_key(request, MODEL) for request in requests]
    cursed = {key for key in keys if rule.applies(key=key, model="", arrival=1, attempt=1)}
    lost = {key: reply.lost for key, reply in zip(keys, replies, strict=True) if reply.lost}
    calls = server.calls()
    assert 0 < len(cursed) < 20
    assert lost == dict.fromkeys(cursed, "HTTP 400: cursed")
    assert {calls[key] for key in keys} == {1}


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_from_the_eighth_on_a_refusal_of_all_is_a_fault_that_says_what_to_do(
    server: Served, status: int
) -> None:
    rule = FaultRule(kind=FaultKind.STATUS, status=status, message="top_p is not supported")
    server.set_faults(rule)
    requests = [ask() for _ in range(10)]
    async with sampler(server.url) as endpoint:
        outcomes = [await outcome(endpoint, request) for request in requests]
    lost = Reply(choices=(), lost=f"HTTP {status}: top_p is not supported")
    assert outcomes[:7] == [lost] * 7
    assert [type(late) for late in outcomes[7:]] == [ModelFault] * 3
    assert len({str(late) for late in outcomes[7:]}) == 1
    for word in (lost.lost, "top_p=1.0, max_tokens=200", "sampling.*", server.url, "'actor'"):
        assert word in str(outcomes[7])
    assert {server.calls()[wire_key(request, MODEL)] for request in requests} == {1}


async def test_one_answer_makes_every_refusal_a_lost_request_again(server: Served) -> None:
    refuse = FaultRule(kind=FaultKind.STATUS, status=400, message="no good")
    async with sampler(server.url) as endpoint:
        server.set_faults(refuse)
        before = [await outcome(endpoint, ask()) for _ in range(9)]
        server.set_faults()
        answered = await endpoint.sample(ask())
        server.set_faults(refuse)
        after = [await outcome(endpoint, ask()) for _ in range(9)]
    lost = Reply(choices=(), lost="HTTP 400: no good")
    assert before[:7] == [lost] * 7
    assert [type(late) for late in before[7:]] == [ModelFault] * 2
    assert len(answered.choices) == 2
    assert after == [lost] * 9


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, ("$TEST_KEY is not set", "export a key")),
        (403, ("$TEST_KEY is not set", "export a key")),
        (404, ("does not know 'scripted'", "lists other, scripted", "models.actor.model")),
        (402, ("no retry mends this",)),
    ],
)
async def test_a_refusal_of_everything_is_a_fault_at_once_that_says_what_to_do(
    server: Served, status: int, words: tuple[str, ...]
) -> None:
    server.set_faults(FaultRule(kind=FaultKind.STATUS, status=status, message="go away"))
    request = ask()
    async with sampler(server.url) as endpoint:
        with pytest.raises(ModelFault) as fault:
            await endpoint.sample(request)
    for word in (*words, f"HTTP {status}: go away", server.url, "'actor'"):
        assert word in str(fault.value)
    assert server.calls()[wire_key(request, MODEL)] == 1


async def test_an_empty_purse_is_no_rate_limit(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.STATUS, status=429, code="insufficient_quota"))
    request = ask()
    async with sampler(server.url) as endpoint:
        with pytest.raises(ModelFault, match="no retry mends this"):
            await endpoint.sample(request)
    assert server.calls()[wire_key(request, MODEL)] == 1


@pytest.mark.parametrize("kind", [FaultKind.BAD_JSON, FaultKind.NO_CHOICES, FaultKind.CUT])
@pytest.mark.usefixtures("at_once")
async def test_a_request_that_never_gets_an_answer_is_a_fault_after_eight_attempts(
    server: Served, kind: FaultKind
) -> None:
    server.set_faults(FaultRule(kind=kind))
    request = ask()
    async with sampler(server.url) as endpoint:
        with pytest.raises(ModelFault, match="asked 8 times in vain"):
            await endpoint.sample(request)
    assert server.calls()[wire_key(request, MODEL)] == 8


@pytest.mark.usefixtures("at_once")
async def test_overload_is_waited_out_however_often_it_is_said(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.STATUS, status=503, first=20))
    request = ask()
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    assert len(reply.choices) == 2
    assert server.calls()[wire_key(request, MODEL)] == 21


async def test_a_truncated_reply_is_data(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.LENGTH))
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(ask(n=3))
    assert [choice.finish_reason for choice in reply.choices] == ["length"] * 3


async def test_a_choice_that_comes_twice_counts_once(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.DUPLICATE))
    request = ask(n=3)
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    expected = await ScriptedSampler("actor", MODEL).sample(request)
    assert reply.choices == expected.choices


async def test_fewer_choices_than_asked_are_kept_as_they_came(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.FEWER))
    request = ask(n=3)
    async with sampler(server.url) as endpoint:
        reply = await endpoint.sample(request)
    expected = await ScriptedSampler("actor", MODEL).sample(request)
    assert reply.choices == expected.choices[:2]
    assert server.calls()[wire_key(request, MODEL)] == 1


async def test_no_more_requests_are_in_flight_than_allowed() -> None:
    held = asyncio.Event()

    async def begin() -> None:
        await held.wait()

    with serve(latency_ms=10) as server:
        endpoint = Fleet("actor", serving(in_flight=3), (server.url,), begin=begin)
        asked = [asyncio.create_task(endpoint.sample(ask())) for _ in range(20)]
        await asyncio.sleep(0)
        (load,) = endpoint.load()
        held.set()
        await asyncio.gather(*asked)
        await endpoint.close()
        under_way, most = 0, 0
        for line in server.log():
            under_way += {Received: 1, Sent: -1}[type(line)]
            most = max(most, under_way)
    assert (load.in_flight, load.waiting) == (3, 17)
    assert most <= 3


async def test_a_dead_endpoint_parks_everything_and_wakes_it_when_it_is_back(
    tmp_path: Path, vacant: int
) -> None:
    log = tmp_path / "requests.jsonl"
    parked: list[str] = []
    waiting = asyncio.Event()

    def park(reason: str) -> None:
        parked.append(reason)
        waiting.set()

    requests = [ask() for _ in range(20)]
    with serve(log=log, port=vacant) as server:
        server.set_faults(FaultRule(kind=FaultKind.HANG))
        async with sampler(server.url, parked=park) as endpoint, asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(endpoint.sample(request)) for request in requests]
            await asyncio.to_thread(server.await_arrivals, len(requests))
            server.kill()
            await waiting.wait()
            late = [tasks.create_task(endpoint.sample(ask())) for _ in range(5)]
            with serve(log=log, port=vacant) as again:
                replies = [await task for task in asked + late]
                calls = again.calls()
    assert [len(reply.choices) for reply in replies] == [2] * 25
    assert len(parked) == 1
    # Once before the kill, once after: who waits asks for nothing.
    assert {calls[wire_key(request, MODEL)] for request in requests} == {2}


async def test_an_endpoint_that_was_never_there_is_waited_for(vacant: int) -> None:
    waiting = asyncio.Event()
    async with sampler(address(vacant), parked=lambda _: waiting.set()) as endpoint:
        task = asyncio.create_task(endpoint.sample(ask()))
        await waiting.wait()
        with serve(port=vacant):
            assert len((await task).choices) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_draining_wakes_who_sleeps_out_a_retry_after(server: Served, status: int) -> None:
    busy = FaultRule(kind=FaultKind.STATUS, status=status, retry_after="86400", model=MODEL.model)
    server.set_faults(busy)
    other = MODEL.model_copy(update={"model": "other"})
    async with sampler(server.url) as endpoint, sampler(server.url, other) as beside:
        before = len(server.received())
        tasks = [asyncio.create_task(outcome(endpoint, ask())) for _ in range(3)]
        await asyncio.to_thread(server.await_arrivals, before + 3)
        # Its reply comes after the refusals: by then they sleep.
        await beside.sample(ask())
        await endpoint.drain()
        async with asyncio.timeout(120):
            outcomes = await asyncio.gather(*tasks)
        asked = len(server.received()) - before
    assert [type(one) for one in outcomes] == [Draining] * 3
    assert asked == 4


async def test_draining_lets_go_of_who_waits_for_a_slot_but_not_of_who_has_one(
    server: Served,
) -> None:
    server.set_faults(FaultRule(kind=FaultKind.HANG))
    before = len(server.received())
    async with sampler(server.url, serving(in_flight=2)) as endpoint:
        tasks = [asyncio.create_task(outcome(endpoint, ask())) for _ in range(50)]
        await asyncio.to_thread(server.await_arrivals, before + 2)
        await endpoint.drain()
        async with asyncio.timeout(120):
            let_go = await asyncio.gather(*tasks[2:], outcome(endpoint, ask()))
        held = [task.done() for task in tasks[:2]]
    await asyncio.gather(*tasks)
    assert [type(one) for one in let_go] == [Draining] * 49
    assert held == [False, False]
    assert len(server.received()) == before + 2


async def test_draining_awaits_the_reply_of_a_request_under_way() -> None:
    with serve(latency_ms=500) as server:
        async with sampler(server.url) as endpoint:
            tasks = [asyncio.create_task(outcome(endpoint, ask())) for _ in range(3)]
            await asyncio.to_thread(server.await_arrivals, 3)
            await endpoint.drain()
            replies = await asyncio.gather(*tasks)
    assert [len(one.choices) for one in replies if isinstance(one, Reply)] == [2] * 3


async def test_draining_lets_go_of_who_waits_for_a_dead_endpoint(vacant: int) -> None:
    waiting = asyncio.Event()
    async with sampler(address(vacant), parked=lambda _: waiting.set()) as endpoint:
        tasks = [asyncio.create_task(outcome(endpoint, ask())) for _ in range(3)]
        await waiting.wait()
        await endpoint.drain()
        outcomes = await asyncio.gather(*tasks)
    assert [type(one) for one in outcomes] == [Draining] * 3


async def test_closing_releases_requests_that_wait_for_a_dead_endpoint(vacant: int) -> None:
    waiting = asyncio.Event()
    async with sampler(address(vacant), parked=lambda _: waiting.set()) as endpoint:
        tasks = [asyncio.create_task(endpoint.sample(ask())) for _ in range(3)]
        await waiting.wait()
        await endpoint.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(ModelFault, match="closed"):
            await endpoint.sample(ask())
    assert [type(outcome) for outcome in outcomes] == [ModelFault] * 3


async def test_closing_the_last_sampler_ends_requests_that_hang(server: Served) -> None:
    server.set_faults(FaultRule(kind=FaultKind.HANG))
    before = len(server.received())
    async with sampler(server.url) as endpoint:
        tasks = [asyncio.create_task(endpoint.sample(ask())) for _ in range(3)]
        await asyncio.to_thread(server.await_arrivals, before + 3)
        await endpoint.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ModelFault] * 3


async def test_cancelling_one_waiting_request_leaves_the_others_waiting(vacant: int) -> None:
    waiting = asyncio.Event()
    async with sampler(address(vacant), parked=lambda _: waiting.set()) as endpoint:
        first, second = (asyncio.create_task(endpoint.sample(ask())) for _ in range(2))
        await waiting.wait()
        first.cancel()
        with serve(port=vacant):
            assert len((await second).choices) == 2
    assert first.cancelled()


async def test_the_key_is_sent_and_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("TEST_KEY", SECRET)
    log = tmp_path / "requests.jsonl"
    with serve(api_key=SECRET, log=log, log_bodies=True) as server:
        async with sampler(server.url) as endpoint:
            await endpoint.preflight()
            reply = await endpoint.sample(ask())
            server.set_faults(
                FaultRule(kind=FaultKind.STATUS, status=401, message=f"bad key {SECRET}")
            )
            with pytest.raises(ModelFault, match=r"bad key \*\*\*") as fault:
                await endpoint.sample(ask())
            logged = "".join(traceback.format_exception(fault.value))
            shown = [repr(endpoint), str(fault.value), logged, caplog.text, log.read_text()]
    assert len(reply.choices) == 2
    assert [text for text in shown if SECRET in text] == []


async def test_preflight_passes_for_a_model_that_is_there(server: Served) -> None:
    before = len(server.received())
    async with sampler(server.url) as endpoint:
        await endpoint.preflight()
    assert len(server.received()) == before


async def test_preflight_names_the_models_that_exist(server: Served) -> None:
    model = MODEL.model_copy(update={"model": "scriptde"})
    async with sampler(server.url, model) as endpoint:
        with pytest.raises(SetupError, match="does not know 'scriptde', it lists other, scripted"):
            await endpoint.preflight()


async def test_preflight_says_how_to_start_what_is_not_there(vacant: int) -> None:
    async with sampler(address(vacant)) as endpoint:
        with pytest.raises(SetupError, match=r"no endpoint answers .*vllm serve scripted"):
            await endpoint.preflight()


async def test_preflight_says_which_key_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "wrong")
    with serve(api_key=SECRET) as server:
        async with sampler(server.url) as endpoint:
            with pytest.raises(SetupError, match=r"HTTP 401: .*\$TEST_KEY was refused"):
                await endpoint.preflight()


async def test_preflight_suspects_an_address_without_its_version(server: Served) -> None:
    async with sampler(server.url.removesuffix("/v1")) as endpoint:
        with pytest.raises(
            SetupError, match=r"HTTP 404: .*the address of most servers ends in /v1"
        ):
            await endpoint.preflight()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000/v1", "localhost", "ftp://x/v1"])
def test_an_address_that_cannot_be_used_is_refused_at_once(url: str) -> None:
    with pytest.raises(ConfigError, match=r"models\.actor\.serve\.base_url"):
        Fleet("actor", MODEL, (url,))


async def test_samplers_of_a_process_share_one_client_and_the_last_closes_it(
    server: Served,
) -> None:
    loop = asyncio.get_running_loop()
    first, second = (Fleet(name, MODEL, (server.url,)) for name in ("a", "b"))
    await asyncio.gather(first.sample(ask()), second.sample(ask()))
    client = connections._by_loop[loop].session
    closed = []
    for made in (first, first, second):
        await made.close()
        closed.append(client.closed)
    assert closed == [False, False, True]
    assert loop not in connections._by_loop
