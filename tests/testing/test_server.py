"""The protocol server in its own process: it validates, answers, logs and misbehaves."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import pytest

from ultrainteract.errors import SetupError
from ultrainteract.sampling.scripted import Rule
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.log import Received, Sent
from ultrainteract.testing.process import Served, serve, vacant_port

Body: TypeAlias = dict[str, Any]

RULES = (Rule(last_user="echo", replies=("one two three", "four")),)
ASK: Body = {"model": "a", "messages": [{"role": "user", "content": "echo"}]}


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serve(rules=RULES, models=("a", "b"), log_bodies=True) as served:
        yield served


@pytest.fixture
def server(running: Served) -> Iterator[Served]:
    yield running
    running.set_faults()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def post(session: aiohttp.ClientSession, server: Served, body: object) -> tuple[int, Body]:
    async with session.post(f"{server.url}/chat/completions", json=body) as reply:
        return reply.status, await reply.json()


async def test_an_answer_has_the_shape_of_the_protocol(
    server: Served, session: aiohttp.ClientSession
) -> None:
    status, body = await post(session, server, {**ASK, "n": 3})
    assert status == 200
    assert body["object"] == "chat.completion"
    assert body["usage"] == {"prompt_tokens": 1, "completion_tokens": 7, "total_tokens": 8}
    assert body["choices"] == [
        {
            "index": index,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "finish_reason": "stop",
            "logprobs": None,
        }
        for index, text in enumerate(["one two three", "four", "one two three"])
    ]


@pytest.mark.parametrize(
    ("change", "text", "reason"),
    [
        ({"max_tokens": 2}, "one two", "length"),
        ({"max_completion_tokens": 1}, "one", "length"),
        ({"stop": " three"}, "one two", "stop"),
        ({"stop": ["three", "two"]}, "one ", "stop"),
        ({"stop": None, "seed": None, "unheard_of": 1}, "one two three", "stop"),
    ],
)
async def test_parameters_act_on_the_answer(
    server: Served, session: aiohttp.ClientSession, change: Body, text: str, reason: str
) -> None:
    _, body = await post(session, server, {**ASK, **change})
    (choice,) = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == (text, reason)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"model": None}, "model"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": 0}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"seed": 2**63}, "seed"),
        ({"stop": list("abcde")}, "stop"),
        ({"stream": True}, "stream"),
    ],
)
async def test_a_bad_body_is_a_400_that_names_the_field(
    server: Served, session: aiohttp.ClientSession, change: Body, param: str
) -> None:
    status, body = await post(session, server, {**ASK, **change})
    error = body["error"]
    assert status == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"].startswith(param)
    assert error["message"].startswith(param)


async def test_what_is_no_json_is_a_400(server: Served, session: aiohttp.ClientSession) -> None:
    async with session.post(f"{server.url}/chat/completions", data=b"{") as reply:
        assert reply.status == 400
        assert "JSON" in (await reply.json())["error"]["message"]
    last = server.received()[-1]
    assert (last.key, last.status, last.body) == ("", 400, "{")


async def test_an_unknown_model_is_a_404_and_is_logged(
    server: Served, session: aiohttp.ClientSession
) -> None:
    status, body = await post(session, server, {**ASK, "model": "c"})
    assert status == 404
    assert body["error"]["code"] == "model_not_found"
    assert (server.received()[-1].model, server.received()[-1].status) == ("c", 404)


async def test_models_are_listed_and_other_paths_are_unknown(
    server: Served, session: aiohttp.ClientSession
) -> None:
    async with session.get(f"{server.url}/models") as reply:
        assert [model["id"] for model in (await reply.json())["data"]] == ["a", "b"]
    async with session.get(f"{server.url}/nowhere") as reply:
        assert reply.status == 404
    async with session.get(f"{server.url.removesuffix('/v1')}/health") as reply:
        assert reply.status == 200


async def test_the_same_content_gets_the_same_bytes(
    server: Served, session: aiohttp.ClientSession
) -> None:
    body = {**ASK, "messages": [{"role": "user", "content": "What is 3 + 4?"}], "n": 4}
    one, two = [await post(session, server, body) for _ in range(2)]
    _, other = await post(session, server, {**body, "seed": 1})
    assert one == two
    assert one[1]["choices"] != other["choices"]


async def test_arrivals_and_attempts_are_counted_and_bodies_kept(
    server: Served, session: aiohttp.ClientSession
) -> None:
    body = {**ASK, "seed": 77}
    before = len(server.received())
    for _ in range(2):
        await post(session, server, body)
    one, two = server.received()[before:]
    assert (one.attempt, two.attempt, two.seq - one.seq) == (1, 2, 1)
    assert one.key == two.key != ""
    assert json.loads(one.body or "") == body


async def test_the_log_has_a_request_before_its_reply_and_another_line_after(
    server: Served, session: aiohttp.ClientSession
) -> None:
    server.set_faults(FaultRule(kind=FaultKind.HANG, model="b"))
    await post(session, server, ASK)
    hanging = asyncio.create_task(post(session, server, {**ASK, "model": "b"}))
    await asyncio.to_thread(server.await_arrivals, len(server.received()) + 1)
    hanging.cancel()
    received, sent, hung = server.log()[-3:]
    assert isinstance(received, Received)
    assert isinstance(sent, Sent)
    assert isinstance(hung, Received)
    assert (sent.seq, hung.seq) == (received.seq, received.seq + 1)
    assert (hung.fault, hung.status, received.status) == ("hang", 0, 200)


async def test_the_log_survives_the_servers_death(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    with vacant_port() as port, serve(rules=RULES, models=("a",), log=log, port=port) as first:
        async with aiohttp.ClientSession() as session:
            await post(session, first, ASK)
        first.kill()
        with serve(rules=RULES, models=("a",), log=log, port=port) as second:
            assert second.port == first.port == port
            async with aiohttp.ClientSession() as session:
                await post(session, second, ASK)
            assert [line.seq for line in second.received()] == [1, 1]


HITS = {
    "each second": (FaultRule(kind=FaultKind.STATUS, every=2), [200, 500] * 3),
    "first two": (FaultRule(kind=FaultKind.STATUS, first=2), [500] * 4 + [200] * 2),
    "other model": (FaultRule(kind=FaultKind.STATUS, model="b"), [200] * 6),
    "all contents": (FaultRule(kind=FaultKind.STATUS, fraction=1.0), [500] * 6),
    "no content": (FaultRule(kind=FaultKind.STATUS, fraction=0.0), [200] * 6),
    "both conditions": (FaultRule(kind=FaultKind.STATUS, every=2, first=1), [200, 500, *[200] * 4]),
}


@pytest.mark.parametrize(("rule", "statuses"), HITS.values(), ids=HITS)
async def test_faults_hit_whom_they_name(
    session: aiohttp.ClientSession, rule: FaultRule, statuses: list[int]
) -> None:
    with serve(rules=RULES, models=("a", "b"), faults=(rule,)) as server:
        bodies = [{**ASK, "seed": seed} for seed in (1, 2)] * 3
        assert [(await post(session, server, body))[0] for body in bodies] == statuses


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.CUT_MIDWAY])
async def test_a_cut_connection_gives_no_whole_answer(
    server: Served, session: aiohttp.ClientSession, kind: FaultKind
) -> None:
    server.set_faults(FaultRule(kind=kind))
    with pytest.raises(aiohttp.ClientError):
        await post(session, server, ASK)
    assert isinstance(server.log()[-1], Received)


async def test_fault_rules_that_make_no_sense_are_refused(server: Served) -> None:
    nonsense = FaultRule.model_construct(kind=FaultKind.SLOW, every=0)
    with pytest.raises(SetupError, match="every"):
        server.set_faults(nonsense)


def test_a_server_that_cannot_start_says_so(server: Served) -> None:
    with pytest.raises(SetupError, match="--port"), serve(port=server.port):
        pass


def test_the_server_dies_with_whoever_started_it(tmp_path: Path) -> None:
    parent = (
        "import time\n"
        "from ultrainteract.testing.process import serve\n"
        "with serve() as server:\n"
        "    print(server.process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", parent], stdout=pipe, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        ended = os.pidfd_open(child)
        process.send_signal(signal.SIGKILL)
    try:
        assert select.select([ended], [], [], 120)[0] == [ended]
    finally:
        os.close(ended)
