"""All replicas of one model as one worker sees them: a tree stays with one, new trees go to the
least loaded, and where one is gone its trees go on elsewhere.

Retrying belongs to `patience` alone. A refusal of one request is a `Reply` that says so, unless
nothing but refusals came from the start; a replica that is gone fails nothing: its requests are
asked again of another, or wait until one answers.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from ultrainteract.config import ModelConfig
from ultrainteract.errors import Draining, ModelFault
from ultrainteract.sampling.base import ReplicaLoad, Reply, Request, Sampler
from ultrainteract.sampling.endpoint import Endpoint, Refused
from ultrainteract.sampling.member import Member, Moved
from ultrainteract.sampling.patience import persist
from ultrainteract.sampling.wire import chat_body

logger = logging.getLogger(__name__)

ALL_REFUSED = 8


class Fleet:
    """The replicas at `urls` of `model`, which the configuration calls `name`.

    `parked` is told, in a sentence, when one is gone. Where all are, requests wait without limit,
    until one answers or `close` is called. The key is read from the environment variable
    `serve.api_key_env`; without one a local server gets the word EMPTY. `begin` is awaited before
    each request, once it has its slot, and may refuse it by what it raises.
    """

    def __init__(
        self,
        name: str,
        model: ModelConfig,
        urls: Iterable[str],
        parked: Callable[[str], None] | None = None,
        begin: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Raises `ConfigError` for an unusable address. Connects to nothing yet."""
        self.name, self.model = name, model
        self._parked, self._begin = parked, begin
        self._members: list[Member] = []
        self._somebody = asyncio.Event()
        self._stopped = asyncio.Event()
        self._draining = False
        self._refusals = 0
        self._answered = False
        self._own = self.lane("", 0)
        self._join(urls)

    def __repr__(self) -> str:
        return f"Fleet({self.name!r}, {', '.join(str(one.endpoint) for one in self._members)})"

    def lane(self, tree: str, order: int) -> Sampler:
        """What the requests of `tree` go through: one replica, as long as it lives."""
        return Lane(self, tree, order)

    async def sample(self, request: Request) -> Reply:
        """For whoever is no tree. As `Lane.sample`."""
        return await self._own.sample(request)

    async def preflight(self) -> None:
        """Are they there, and do they know the model? Raises `SetupError` with what one lists."""
        await asyncio.gather(*(one.endpoint.preflight() for one in self._members))

    async def replicas(self, urls: Iterable[str]) -> None:
        """From now on these are the replicas.

        New ones take new trees; those that are not named finish what is under way and give up the
        rest. Raises `ConfigError` for an unusable address, before anything changes.
        """
        self._join(urls)

    def wants(self) -> int:
        """How many more requests the living replicas would take at once, of new trees."""
        # One's queue takes no room from another: its trees stay with it.
        return sum(max(0, one.room) for one in self._members if one.living)

    def load(self) -> tuple[ReplicaLoad, ...]:
        """A snapshot of every replica that there was."""
        return tuple(one.load() for one in self._members)

    async def drain(self) -> None:
        """Begin no request any more: whoever waits for one gets `Draining`.

        Those under way go on to their reply; one that fails is not asked again.
        """
        self._draining = True
        self._stop()

    async def close(self) -> None:
        """Safe to call twice. Who waits, is under way or asks later gets a `ModelFault`."""
        self._stop()
        await asyncio.gather(*(one.close() for one in self._members))

    async def answer(self, request: Request, lane: "Lane") -> Reply:
        """See `Lane.sample`."""
        try:
            reply = await persist(lambda: self._attempt(request, lane), self._sleep)
        except Refused as refusal:
            self._refusals += 1
            if self._answered or self._refusals < ALL_REFUSED:
                return Reply(choices=(), lost=str(refusal))
            fault = ModelFault(self._all_refused(refusal, request))
            raise self._named(fault, lane) from refusal
        except ModelFault as fault:
            raise self._named(fault, lane) from fault
        self._answered = True
        return reply

    async def _attempt(self, request: Request, lane: "Lane") -> Reply:
        while True:
            member = await self._place(lane)
            with contextlib.suppress(Moved):
                return await member.ask(request, lane.order)

    async def _place(self, lane: "Lane") -> Member:
        while True:
            if self._stopped.is_set():
                raise self._why_stopped()
            if lane.member is not None and lane.member.living:
                return lane.member
            living = [one for one in self._members if one.living]
            if living:
                lane.move(min(living, key=lambda one: one.burden))
            else:
                await self._somebody.wait()

    async def _sleep(self, seconds: float) -> None:
        """Ends early when stopped; the attempt that follows then says so."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    def _join(self, urls: Iterable[str]) -> None:
        made = [Endpoint(self.name, self.model, url, self._begin) for url in urls]
        wanted = {one.url: one for one in made}
        there = {one.endpoint.url: one for one in self._members if not one.leaving}
        for url, endpoint in wanted.items():
            if url not in there:
                self._members.append(Member(endpoint, self._shut, self._opened))
        for url, member in there.items():
            if url not in wanted:
                member.leave()
        self._relieve()

    def _shut(self, member: Member, reason: str) -> None:
        others = any(one.living for one in self._members)
        then = "go to the other replicas" if others else "wait until it is back"
        text = f"{member.endpoint} is gone ({reason}): its requests {then}"
        logger.warning("%s", text)
        if self._parked:
            self._parked(text)
        member.let_go(Moved)
        self._relieve()

    def _opened(self, member: Member) -> None:
        logger.info("%s is back", member.endpoint)
        self._relieve()

    def _relieve(self) -> None:
        """Where somebody lives, or nothing is asked again, none waits for one that is gone."""
        living = any(one.living for one in self._members)
        if living or self._stopped.is_set():
            self._somebody.set()
            for member in self._members:
                if member.parked:
                    member.cut()
        else:
            self._somebody.clear()

    def _stop(self) -> None:
        self._stopped.set()
        for member in self._members:
            member.let_go(self._why_stopped)
        self._relieve()

    def _why_stopped(self) -> Exception:
        if self._draining:
            return Draining(f"model {self.name!r}: stopped before the request")
        return ModelFault("the sampler was closed while requests were under way")

    def _named(self, fault: ModelFault, lane: "Lane") -> Exception:
        who = str(lane.member.endpoint) if lane.member else f"model {self.name!r}"
        if self._draining:
            return Draining(f"{who}: stopped while waiting: {fault}")
        return ModelFault(f"{who}: {fault}")

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


@dataclass(eq=False)
class Lane:
    """The way of one tree's requests; `order` is their place where they must wait."""

    fleet: Fleet
    tree: str
    order: int
    member: Member | None = None

    async def sample(self, request: Request) -> Reply:
        """The choices that came, which may be fewer than `n`; or a `lost` reply.

        Raises `ModelFault` for what no retry can mend, with what was tried and what to do, and
        `Draining` after `drain`. A refusal is such a fault from the eighth on, as long as nothing
        but refusals came: a lost reply is recorded for good, and another endpoint might answer.
        """
        return await self.fleet.answer(request, self)

    def move(self, member: Member) -> None:
        """Stay with `member` from now on."""
        if self.member is not None:
            self.member.lanes.discard(self)
        self.member = member
        member.lanes.add(self)
