"""One model at one OpenAI-compatible address: what each answer means, one attempt at a time.

A refusal of one request (HTTP 400, 413, 422) is `Refused`; a refusal of every request (401, 403,
404, an empty purse) is a `ModelFault` that says what to do; `Busy`, `Strike` and `Unreachable` are
for whoever retries.
"""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from pydantic import ValidationError

from ultrainteract.config import ModelConfig
from ultrainteract.errors import ConfigError, ModelFault, SetupError
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.exchange import Answer, Exchange, Unreachable
from ultrainteract.sampling.gate import NobodyHome
from ultrainteract.sampling.gauges import Gauges, read_gauges
from ultrainteract.sampling.patience import BUSY, Busy, Strike, retry_after
from ultrainteract.sampling.wire import ModelList, chat_json, read_completion
from ultrainteract.types import Message

logger = logging.getLogger(__name__)

LOST = frozenset({400, 413, 422})
GAUGES_SECONDS = 3.0


class Refused(Exception):
    """The endpoint lives and will not answer this very request."""


class Endpoint:
    """Asks `model`, which the configuration calls `name`, at `url`."""

    knock_seconds = 10.0
    """Until nobody is taken to be there."""

    def __init__(
        self,
        name: str,
        model: ModelConfig,
        url: str,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`begin` is awaited before each request and may refuse it by what it raises.

        Raises `ConfigError` for a missing or unusable address. Connects to nothing yet.
        """
        self.name, self.model, self.url = name, model, url.rstrip("/")
        if urlsplit(self.url).scheme not in {"http", "https"} or not urlsplit(self.url).hostname:
            raise ConfigError(
                f"model {name!r} has no usable address ({self.url or 'empty'!r}): set "
                f"models.{name}.serve.base_url to the like of http://127.0.0.1:8000/v1"
            )
        self._begin = begin
        self._exchange = Exchange(self.url, model.serve.api_key_env)
        self._under_way: set[asyncio.Timeout] = set()

    async def ask(self, request: Request) -> Reply:
        """The reply. Raises `Refused`, `Busy`, `Strike`, `Unreachable`, `ModelFault`, and what
        `begin` raises."""
        started = time.monotonic()
        body = chat_json(request, self.model)
        leash = asyncio.timeout(self.model.serve.timeout_seconds)
        # From here on `cut` reaches it: one that begins while the endpoint goes is cut off, too.
        self._under_way.add(leash)
        try:
            async with leash:
                if self._begin:
                    await self._begin()
                    started = time.monotonic()
                answer = await self._exchange.chat(body)
        except TimeoutError as error:
            raise Unreachable(f"no reply after {time.monotonic() - started:.0f} s") from error
        finally:
            self._under_way.discard(leash)
        if answer.status != HTTPStatus.OK:
            raise await self._failure(answer)
        try:
            completion = read_completion(answer.body)
        except ValueError as error:
            raise Strike(f"a body that is no answer: {answer.text[:200]!r}", "no answer") from error
        return completion.reply(request.n, time.monotonic() - started)

    def cut(self) -> None:
        """Break off what is under way: it raises `Unreachable`."""
        now = asyncio.get_running_loop().time()
        for leash in self._under_way:
            if not leash.expired():
                leash.reschedule(now)

    async def knock(self) -> None:
        """Is anybody there? Raises `NobodyHome`."""
        try:
            answer = await self._list()
        except Unreachable as error:
            raise NobodyHome(str(error)) from error
        if answer.status in BUSY:
            raise NobodyHome(f"HTTP {answer.status}")

    async def gauges(self) -> Gauges | None:
        """What vLLM says of itself; None where this is none. Raises `Unreachable`."""
        try:
            async with asyncio.timeout(GAUGES_SECONDS):
                answer = await self._exchange.metrics()
        except TimeoutError as error:
            raise Unreachable(f"no metrics within {GAUGES_SECONDS:g} s") from error
        return read_gauges(answer.text) if answer.status == HTTPStatus.OK else None

    async def preflight(self) -> None:
        """Is it there, and does it know the model? Raises `SetupError` with what it lists."""
        try:
            answer = await self._list()
        except Unreachable as error:
            raise SetupError(
                f"{self}: no endpoint answers ({error}); start one, for example "
                f"with `vllm serve {self.model.model}`, or set models.{self.name}.serve.base_url"
            ) from error
        if answer.status == HTTPStatus.NOT_FOUND:
            await self._try_out()
            return
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise SetupError(f"{self}: {self._advice(answer, ())}")
        try:
            names = ModelList.model_validate_json(answer.body).names()
        except ValidationError as error:
            raise SetupError(
                f"{self}: what answers does not speak the OpenAI protocol; the address of most "
                "servers ends in /v1"
            ) from error
        if names and self.model.model not in names:
            raise SetupError(f"{self}: {self._unknown(names)}")

    async def close(self) -> None:
        """Safe to call twice. Requests under way end with the last user of the connections."""
        await self._exchange.close()

    def __str__(self) -> str:
        return f"model {self.name!r} ({self.model.model}) at {self.url}"

    async def _try_out(self) -> None:
        """Some endpoints list no models: one token tells whether this one serves ours."""
        hello = Request(self.name, (Message("user", "Hello"),), 1, 0, 1.0, 1.0, 1)
        try:
            await self.ask(hello)
        except ModelFault as fault:
            raise SetupError(f"{self}: {fault}; the address of most servers ends in /v1") from fault
        except (Busy, Strike, Refused, Unreachable) as reason:
            logger.warning("%s could not be tried out: %s", self, reason)

    async def _list(self) -> Answer:
        try:
            async with asyncio.timeout(self.knock_seconds):
                return await self._exchange.models()
        except TimeoutError as error:
            raise Unreachable(f"no answer within {self.knock_seconds:g} s") from error

    async def _failure(self, answer: Answer) -> Exception:
        status, (_, code) = answer.status, answer.error()
        words = f"HTTP {status}: {self._said(answer)}"
        if status in LOST:
            return Refused(words)
        # An empty purse is a 429 too, and waiting does not fill it.
        if status in BUSY and code != "insufficient_quota":
            return Busy(words, retry_after(answer.headers), status)
        if status in {408, 409, 425} or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Strike(words, f"HTTP {status}")
        try:
            names = ModelList.model_validate_json((await self._list()).body).names()
        except (Unreachable, ValidationError):
            names = ()
        return ModelFault(self._advice(answer, names))

    def _advice(self, answer: Answer, names: tuple[str, ...]) -> str:
        status, key = answer.status, self.model.serve.api_key_env
        refusal = f"HTTP {status}: {self._said(answer)}"
        if status in {401, 403}:
            held = "was refused" if os.environ.get(key) else "is not set"
            return f"{refusal}; the key ${key} {held}: export a key that may use this model"
        if status == HTTPStatus.NOT_FOUND:
            return f"{refusal}; {self._unknown(names)}"
        return f"{refusal}; no retry mends this: look at the account and the server's log"

    def _unknown(self, names: tuple[str, ...]) -> str:
        listed = f"lists {', '.join(names[:20])}" if names else "lists no model"
        return (
            f"the endpoint does not know {self.model.model!r}, it {listed}; set "
            f"models.{self.name}.model to a name it knows, or serve.base_url to another endpoint"
        )

    def _said(self, answer: Answer) -> str:
        said, _ = answer.error()
        return self._exchange.hide(said)[:500]
