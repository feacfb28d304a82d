"""Our HTTP beside the openai package's: the same requests, equal kinds of failure."""

from collections.abc import Iterator
from dataclasses import replace

import openai
import pytest
from openai import AsyncOpenAI

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.errors import ModelFault
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.endpoint import Endpoint, Refused
from ultrainteract.sampling.exchange import Unreachable
from ultrainteract.sampling.patience import Busy, Strike
from ultrainteract.sampling.wire import Completion, chat_body
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import Served, serve
from ultrainteract.types import Message

MODEL = ModelConfig(model="scripted")
# Seconds that a busy machine may take, and those until a server that hangs is given up.
AMPLE, SHORT = 60, 1
OVERLOADED = {429, 502, 503, 504, 529}
STATUSES = (400, 401, 402, 403, 404, 408, 409, 413, 422, 425, 429, 500, 502, 503, 504, 529)
SPOILT = [kind for kind in FaultKind if kind is not FaultKind.STATUS]
FAULTS = {kind.value: FaultRule(kind=kind, seconds=0.1) for kind in SPOILT} | {
    f"status {status}": FaultRule(kind=FaultKind.STATUS, status=status, message="made to fail")
    for status in STATUSES
}
REQUESTS = {
    "plain": Request("actor", (Message("user", "What is 1 + 2?"),), 1, 7, 1.0, 1.0, 200),
    "many choices": Request("actor", (Message("user", "What is 3 + 4?"),), 5, 7, 1.0, 1.0, 200),
    "conversation": Request(
        "actor",
        (
            Message("system", 'Use Python: é, \u2028, \U0001f600, \\, "quotes" and \'.'),
            Message("user", "What is 5 + 6?\n```python\n"),
            Message("assistant", ""),
            Message("user", "Again."),
        ),
        3,
        2**63 - 1,
        0,
        0.5,
        12,
        ("```\n", "é"),
    ),
}


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    with serve() as served:
        yield served


@pytest.fixture
def server(running: Served) -> Iterator[Served]:
    yield running
    running.set_faults()


async def ours(url: str, request: Request, seconds: int) -> Reply | type[Exception]:
    serve_ = ServeConfig(timeout_seconds=seconds)
    endpoint = Endpoint("actor", MODEL.model_copy(update={"serve": serve_}), url)
    try:
        return replace(await endpoint.ask(request), seconds=0.0)
    except (Refused, Busy, Strike, Unreachable, ModelFault) as failure:
        return type(failure)
    finally:
        await endpoint.close()


async def theirs(url: str, request: Request, seconds: int) -> Reply | type[Exception]:
    async with AsyncOpenAI(base_url=url, api_key="EMPTY", max_retries=0, timeout=seconds) as client:
        try:
            said = await client.post(
                "/chat/completions",
                cast_to=openai.types.chat.ChatCompletion,
                body=chat_body(request, MODEL),
            )
            return Completion.model_validate(said.model_dump()).reply(request.n, 0.0)
        except openai.APIConnectionError:
            return Unreachable
        except openai.APIStatusError as error:
            return kind_of(error)
        except ValueError:
            return Strike


def kind_of(error: openai.APIStatusError) -> type[Exception]:
    match error:
        case openai.BadRequestError() | openai.UnprocessableEntityError():
            return Refused
        case openai.RateLimitError():
            return Busy
        case openai.ConflictError():
            return Strike
        case openai.InternalServerError():
            return Busy if error.status_code in OVERLOADED else Strike
    # The package has no class for these.
    return {413: Refused, 408: Strike, 425: Strike}.get(error.status_code, ModelFault)


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
async def test_the_same_request_gets_the_same_reply(server: Served, request_: Request) -> None:
    mine = await ours(server.url, request_, AMPLE)
    other = await theirs(server.url, request_, AMPLE)
    first, second = server.received()[-2:]
    assert isinstance(mine, Reply)
    assert len(mine.choices) == request_.n
    assert mine == other
    assert first.key == second.key


@pytest.mark.parametrize("rule", FAULTS.values(), ids=FAULTS)
async def test_the_same_fault_is_the_same_kind_of_failure(server: Served, rule: FaultRule) -> None:
    server.set_faults(rule)
    request = REQUESTS["many choices"]
    seconds = SHORT if rule.kind is FaultKind.HANG else AMPLE
    mine = await ours(server.url, request, seconds)
    assert mine == await theirs(server.url, request, seconds)
