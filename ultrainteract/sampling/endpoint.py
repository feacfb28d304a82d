"""A model behind an OpenAI-compatible endpoint.

Retrying belongs to `patience` alone; the openai package's own is off. A refusal of one request
(HTTP 400, 413, 422, content filter) is a `Reply` that says so; a refusal of every request
(401, 403, 404, or nothing but 400 from the start) is a `ModelFault` that says what to do; an
endpoint that is gone parks all requests at the `gate` and fails none.
"""

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
import httpx2
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI
from pydantic import ValidationError

from ultrainteract.config import ModelConfig
from ultrainteract.errors import ConfigError, Draining, ModelFault, SetupError
from ultrainteract.sampling import connections
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.gate import Gate, NobodyHome
from ultrainteract.sampling.patience import BUSY, Busy, Strike, persist, retry_after
from ultrainteract.sampling.wire import Completion, ModelList, chat_body
from ultrainteract.types import Message

logger = logging.getLogger(__name__)

LOST = frozenset({400, 413, 422})
ALL_REFUSED = 8
_KNOCK_SECONDS = 15.0
# aiohttp's own errors too: the openai package's transport lets some of them through.
_CONNECTION = (APIConnectionError, aiohttp.ClientError, TimeoutError)


class Refused(Exception):
    """The endpoint lives and will not answer this very request."""


class EndpointSampler:
    """One model at one address, at most `serve.in_flight` requests at once.

    `parked` is told the reason when the endpoint is gone and requests begin to wait; they wait
    without limit, until it answers or `close` is called. The key is read from the environment
    variable `serve.api_key_env`; without one a local server gets the word EMPTY.
    """

    def __init__(
        self,
        name: str,
        model: ModelConfig,
        base_url: str | None = None,
        parked: Callable[[str], None] | None = None,
    ) -> None:
        """Raises `ConfigError` for a missing or unusable address. Connects to nothing yet."""
        self.name = name
        self.model = model
        self.url = (base_url or model.serve.base_url).rstrip("/")
        if urlsplit(self.url).scheme not in {"http", "https"} or not urlsplit(self.url).hostname:
            raise ConfigError(
                f"model {name!r} has no usable address ({self.url or 'empty'!r}): set "
                f"models.{name}.serve.base_url to the like of http://127.0.0.1:8000/v1"
            )
        self._slots = asyncio.Semaphore(model.serve.in_flight)
        self._gate = Gate(self._knock, parked or self._warn)
        self._client: AsyncOpenAI | None = None
        self._drained = asyncio.Event()
        self._refusals = 0
        self._answered = False

    def __repr__(self) -> str:
        return f"EndpointSampler({self.name!r}, {self._place})"

    async def sample(self, request: Request) -> Reply:
        """The choices that came, which may be fewer than `n`; or a `lost` reply.

        Raises `ModelFault` for what no retry can mend, with what was tried and what to do, and
        `Draining` after `drain`. A refusal is such a fault from the eighth on, as long as nothing
        but refusals came: a lost reply is recorded for good, and another endpoint might answer.
        """
        async with self._slots:
            try:
                return await self._outcome(request)
            except ModelFault as fault:
                if self._drained.is_set():
                    raise Draining(f"{self._called}: stopped while waiting: {fault}") from fault
                raise ModelFault(f"{self._called}: {fault}") from fault

    async def preflight(self) -> None:
        """Is it there, and does it know the model? Raises `SetupError` with what it lists."""
        try:
            names = await self._listed()
        except APIStatusError as error:
            if error.status_code == httpx2.codes.NOT_FOUND:
                await self._try_out()
                return
            raise SetupError(f"{self._called}: {self._advice(error, ())}") from None
        except _CONNECTION as error:
            raise SetupError(
                f"{self._called}: no endpoint answers ({_words(error)}); start one, for example "
                f"with `vllm serve {self.model.model}`, or set models.{self.name}.serve.base_url"
            ) from error
        except ValidationError as error:
            raise SetupError(
                f"{self._called}: what answers does not speak the OpenAI protocol; the address of "
                "most servers ends in /v1"
            ) from error
        if names and self.model.model not in names:
            raise SetupError(f"{self._called}: {self._unknown(names)}")

    async def _try_out(self) -> None:
        """Some endpoints list no models: one token tells whether this one serves ours."""
        hello = Request(self.name, (Message("user", "Hello"),), 1, 0, 1.0, 1.0, 1)
        try:
            await self._attempt(hello)
        except ModelFault as fault:
            raise SetupError(
                f"{self._called}: {fault}; the address of most servers ends in /v1"
            ) from fault
        except (Busy, Strike, Refused) as reason:
            logger.warning("%s could not be tried out: %s", self._called, reason)

    async def drain(self) -> None:
        """Begin no request any more: whoever waits for one gets `Draining`.

        Those under way go on to their reply; one that fails is not asked again.
        """
        self._drained.set()
        # One slot more goes round: whoever waits for one takes it, gives up and hands it on.
        self._slots.release()
        await self._gate.close()

    async def close(self) -> None:
        """Safe to call twice. Who waits for a gone endpoint, or asks later, gets a `ModelFault`.

        Requests under way end with the last sampler of the event loop, which closes the client.
        """
        await self._gate.close()
        if self._client is not None:
            self._client = None
            await connections.give_back()

    async def _outcome(self, request: Request) -> Reply:
        try:
            reply = await persist(lambda: self._attempt(request), self._sleep)
        except Refused as refusal:
            self._refusals += 1
            if self._answered or self._refusals < ALL_REFUSED:
                return Reply(choices=(), lost=str(refusal))
            raise ModelFault(self._all_refused(refusal, request)) from refusal
        self._answered = True
        return reply

    async def _sleep(self, seconds: float) -> None:
        """Ends early when drained; the attempt that follows then raises `Draining`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._drained.wait()

    async def _attempt(self, request: Request) -> Reply:
        if self._drained.is_set():
            raise Draining(f"{self._called}: stopped before the request")
        await self._gate.passage()
        started = time.monotonic()
        try:
            # The transport's timeout restarts with every byte; this one bounds the whole.
            async with asyncio.timeout(self.model.serve.timeout_seconds):
                response = await self._openai.post(
                    "/chat/completions",
                    cast_to=httpx2.Response,
                    body=chat_body(request, self.model),
                )
        except APIStatusError as error:
            # The words hide the key; the original in a traceback would not.
            raise await self._failure(error) from None
        except _CONNECTION as error:
            if await self._gate.check(_words(error)):
                raise Busy(_words(error), wait=0.0) from error
            raise Strike(_words(error)) from error
        try:
            answer = Completion.model_validate(json.loads(response.content))
        except ValueError as error:
            raise Strike(f"a body that is no answer: {response.text[:200]!r}") from error
        return answer.reply(request.n, time.monotonic() - started)

    async def _failure(self, error: APIStatusError) -> Exception:
        status, said = error.status_code, self._said(error)
        if status in LOST:
            return Refused(f"HTTP {status}: {said}")
        # An empty purse is a 429 too, and waiting does not fill it.
        if status in BUSY and error.code != "insufficient_quota":
            return Busy(f"HTTP {status}: {said}", retry_after(error.response.headers))
        if status in {408, 409, 425} or status >= httpx2.codes.INTERNAL_SERVER_ERROR:
            return Strike(f"HTTP {status}: {said}")
        try:
            names = await self._listed()
        except (APIError, ValidationError, *_CONNECTION):
            names = ()
        return ModelFault(self._advice(error, names))

    def _advice(self, error: APIStatusError, names: tuple[str, ...]) -> str:
        status, key = error.status_code, self.model.serve.api_key_env
        refusal = f"HTTP {status}: {self._said(error)}"
        if status in {401, 403}:
            held = "was refused" if os.environ.get(key) else "is not set"
            return f"{refusal}; the key ${key} {held}: export a key that may use this model"
        if status == httpx2.codes.NOT_FOUND:
            return f"{refusal}; {self._unknown(names)}"
        return f"{refusal}; no retry mends this: look at the account and the server's log"

    def _all_refused(self, last: Refused, request: Request) -> str:
        # Neither the seed nor a count: the run's summary counts trees with equal words together.
        body = chat_body(request, self.model)
        sent = ", ".join(f"{k}={v!r}" for k, v in body.items() if k not in {"messages", "seed"})
        return (
            f"it refused every request so far ({ALL_REFUSED} or more), last with {last}; it was "
            f"sent {sent}: change what it refuses (sampling.*), give it a longer context "
            f"(models.{self.name}.serve.vllm_args), or set models.{self.name}.model or "
            "serve.base_url to one that takes such requests; then run again"
        )

    def _unknown(self, names: tuple[str, ...]) -> str:
        listed = f"lists {', '.join(names[:20])}" if names else "lists no model"
        return (
            f"the endpoint does not know {self.model.model!r}, it {listed}; set "
            f"models.{self.name}.model to a name it knows, or serve.base_url to another endpoint"
        )

    async def _listed(self) -> tuple[str, ...]:
        async with asyncio.timeout(_KNOCK_SECONDS):
            response = await self._openai.get("/models", cast_to=httpx2.Response)
        return ModelList.model_validate_json(response.content).names()

    async def _knock(self) -> None:
        try:
            await self._listed()
        except APIStatusError as error:
            if error.status_code in BUSY:
                raise NobodyHome from error
        except _CONNECTION as error:
            raise NobodyHome from error
        except ValidationError:
            return  # somebody answered; whether well is not asked here

    @property
    def _openai(self) -> AsyncOpenAI:
        if self._client is None:
            self._client = AsyncOpenAI(
                base_url=self.url,
                api_key=os.environ.get(self.model.serve.api_key_env) or "EMPTY",
                max_retries=0,
                timeout=self.model.serve.timeout_seconds,
                http_client=connections.borrow(),
            )
        return self._client

    def _said(self, error: APIStatusError) -> str:
        body = error.body
        said = body.get("message") if isinstance(body, dict) else None
        text = str(said or error.response.text or error.response.reason_phrase)
        key = os.environ.get(self.model.serve.api_key_env)
        return (text.replace(key, "***") if key else text)[:500]

    @property
    def _place(self) -> str:
        parts = urlsplit(self.url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def _called(self) -> str:
        return f"model {self.name!r} ({self.model.model}) at {self._place}"

    def _warn(self, reason: str) -> None:
        logger.warning("%s is gone (%s): its requests wait until it is back", self._called, reason)


def _words(error: Exception) -> str:
    """The openai package says `Connection error.`; its cause says which."""
    cause = error.__cause__ if isinstance(error, APIConnectionError) else error
    return f"{type(cause).__name__}: {cause}" if cause and str(cause) else type(error).__name__
