"""A model behind an OpenAI-compatible endpoint, as a `Sampler`.

Retrying belongs to `patience` alone. A refusal of one request is a `Reply` that says so, unless
nothing but refusals came from the start; an endpoint that is gone parks all requests at the `gate`
and fails none.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

from ultrainteract.config import ModelConfig
from ultrainteract.errors import Draining, ModelFault
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.endpoint import Endpoint, Refused
from ultrainteract.sampling.exchange import Unreachable
from ultrainteract.sampling.gate import Gate
from ultrainteract.sampling.patience import Busy, Strike, persist
from ultrainteract.sampling.wire import chat_body

logger = logging.getLogger(__name__)

ALL_REFUSED = 8


class EndpointSampler:
    """One model at one address, at most `serve.in_flight` requests at once.

    `parked` is told the reason when the endpoint is gone and requests begin to wait; they wait
    without limit, until it answers or `close` is called. The key is read from the environment
    variable `serve.api_key_env`; without one a local server gets the word EMPTY. `begin` is awaited
    before each request, once it has its slot, and may refuse it by what it raises.
    """

    def __init__(
        self,
        name: str,
        model: ModelConfig,
        base_url: str | None = None,
        parked: Callable[[str], None] | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Raises `ConfigError` for a missing or unusable address. Connects to nothing yet."""
        self._endpoint = Endpoint(name, model, base_url or model.serve.base_url, begin)
        self._slots = asyncio.Semaphore(model.serve.in_flight)
        self._gate = Gate(self._endpoint.knock, parked or self._warn)
        self._drained = asyncio.Event()
        self._refusals = 0
        self._answered = False

    def __repr__(self) -> str:
        return f"EndpointSampler({self._endpoint})"

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
                    raise Draining(f"{self._endpoint}: stopped while waiting: {fault}") from fault
                raise ModelFault(f"{self._endpoint}: {fault}") from fault

    async def preflight(self) -> None:
        """Is it there, and does it know the model? Raises `SetupError` with what it lists."""
        await self._endpoint.preflight()

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
        await self._endpoint.close()

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
            raise Draining(f"{self._endpoint}: stopped before the request")
        await self._gate.passage()
        try:
            return await self._endpoint.ask(request)
        except Unreachable as error:
            if await self._gate.check(str(error)):
                raise Busy(str(error), wait=0.0) from error
            raise Strike(str(error)) from error

    def _all_refused(self, last: Refused, request: Request) -> str:
        name, model = self._endpoint.name, self._endpoint.model
        # Neither the seed nor a count: the run's summary counts trees with equal words together.
        body = chat_body(request, model)
        sent = ", ".join(f"{k}={v!r}" for k, v in body.items() if k not in {"messages", "seed"})
        return (
            f"it refused every request so far ({ALL_REFUSED} or more), last with {last}; it was "
            f"sent {sent}: change what it refuses (sampling.*), give it a longer context "
            f"(models.{name}.serve.vllm_args), or set models.{name}.model or "
            "serve.base_url to one that takes such requests; then run again"
        )

    def _warn(self, reason: str) -> None:
        logger.warning("%s is gone (%s): its requests wait for it", self._endpoint, reason)
