"""One replica of a fleet: an endpoint, the slots before it, and whether it lives.

While requests are under way it is looked after: its gauges set the pace where it has some, and one
that has been silent for some seconds is knocked at, since a stopped process keeps its connections
and never answers.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakSet

from ultrainteract.sampling.base import ReplicaLoad, Reply, Request
from ultrainteract.sampling.endpoint import Endpoint
from ultrainteract.sampling.exchange import Unreachable
from ultrainteract.sampling.gate import Gate
from ultrainteract.sampling.pace import Pace
from ultrainteract.sampling.patience import OVERLOAD, Busy, Strike
from ultrainteract.sampling.slots import Slots

if TYPE_CHECKING:
    from ultrainteract.sampling.fleet import Lane

SILENT_SECONDS = 3.0
_TICK, _FAST_TICK = 1.0, 0.25


class Moved(Exception):
    """This replica is gone, or leaves: ask another."""


class Member:
    """`shuts` and `opens` are told when the replica is gone, and why, and when it is back."""

    def __init__(
        self,
        endpoint: Endpoint,
        shuts: Callable[["Member", str], None],
        opens: Callable[["Member"], None],
    ) -> None:
        self.endpoint = endpoint
        self.lanes: WeakSet[Lane] = WeakSet()
        self.leaving = False
        self.slots = Slots(endpoint.model.serve.in_flight or 0)
        self._pace: Pace | None = None
        self._fresh_pace()
        self._gate = Gate(endpoint.knock, lambda why: shuts(self, why), self._back)
        self._opens = opens
        self._watcher: asyncio.Task[None] | None = None
        self._heard = 0.0
        self._has_gauges = True
        self._sequences = 0
        self._requests = self._prompt_tokens = self._completion_tokens = 0
        self._retries: Counter[str] = Counter()

    @property
    def living(self) -> bool:
        """Whether it takes requests."""
        return not (self.leaving or self._gate.shut)

    @property
    def parked(self) -> bool:
        """Whether nobody answers there."""
        return self._gate.shut

    @property
    def room(self) -> int:
        """How many more requests it would take at once; less than none where some wait."""
        slots = self.slots
        return slots.limit - slots.in_flight - slots.waiting

    @property
    def burden(self) -> tuple[float, int]:
        """For comparing: requests in proportion to the limit, then trees that stay here."""
        slots = self.slots
        return (slots.in_flight + slots.waiting) / slots.limit, len(self.lanes)

    async def ask(self, request: Request, order: int) -> Reply:
        """One attempt. Raises what `Endpoint.ask` does, but `Moved` where nobody answers any more,
        and `Strike` where somebody does and the connection failed."""
        await self.slots.acquire(order)
        if not self.living:
            # It went between the admission and now.
            self.slots.release()
            raise Moved
        pace = self._pace
        epoch = pace.sent(self.slots.in_flight) if pace else 0
        self._look_after()
        self._sequences += request.n
        try:
            reply = await self.endpoint.ask(request)
        except Unreachable as error:
            failure: Exception = error
        except (Busy, Strike) as error:
            self._heard = time.monotonic()
            if pace and isinstance(error, Busy):
                pace.refused(epoch, self.slots.in_flight, for_load=error.status in OVERLOAD)
                self.slots.limit = pace.limit
            self._retries[error.kind] += 1
            raise
        else:
            self._answered(reply, pace, epoch)
            return reply
        finally:
            self._sequences -= request.n
            self.slots.release()
        if await self._gate.check(str(failure)):
            self._retries["connection"] += 1
            raise Strike(str(failure), "connection") from failure
        self._retries["moved"] += 1
        raise Moved from failure

    def let_go(self, why: Callable[[], Exception]) -> None:
        """Whoever waits for a slot here raises what `why` makes."""
        self.slots.give_up(why)

    def cut(self) -> None:
        """Break off what is under way, so that it is asked elsewhere."""
        self.endpoint.cut()

    def leave(self) -> None:
        """Take nothing new; what is under way goes on."""
        self.leaving = True
        self.let_go(Moved)

    async def close(self) -> None:
        """Safe to call twice."""
        self.leaving = True
        await self._gate.close()
        self.cut()
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.wait({self._watcher})
        await self.endpoint.close()

    def load(self) -> ReplicaLoad:
        """A snapshot."""
        leaving = "leaving" if self.slots.in_flight else "left"
        state = leaving if self.leaving else "parked" if self.parked else "living"
        return ReplicaLoad(
            self.endpoint.url,
            state,
            self.slots.limit,
            self.slots.in_flight,
            self.slots.waiting,
            self._requests,
            self._prompt_tokens,
            self._completion_tokens,
            dict(self._retries),
        )

    def _answered(self, reply: Reply, pace: Pace | None, epoch: int) -> None:
        self._heard = time.monotonic()
        self._requests += 1
        self._prompt_tokens += reply.usage.prompt_tokens
        self._completion_tokens += reply.usage.completion_tokens
        if pace:
            tokens = reply.usage.completion_tokens / max(1, len(reply.choices))
            pace.answered(epoch, reply.seconds, tokens)
            if pace.limit != self.slots.limit:
                self.slots.limit = pace.limit

    def _fresh_pace(self) -> None:
        if self.endpoint.model.serve.in_flight is None:
            self._pace = Pace()
            self.slots.limit = self._pace.limit

    def _back(self) -> None:
        self._heard = time.monotonic()
        # Perhaps another server, with other limits.
        self._has_gauges = True
        self._fresh_pace()
        self._opens(self)

    def _look_after(self) -> None:
        if self._watcher is None or self._watcher.done():
            self._heard = time.monotonic()
            self._watcher = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        while self.slots.in_flight:
            await asyncio.sleep(_FAST_TICK if self._pace and self._pace.ramping else _TICK)
            if await self._read_gauges() or self._silent < SILENT_SECONDS:
                continue
            if await self._gate.check(f"silent for {self._silent:.0f} s"):
                self._heard = time.monotonic()

    @property
    def _silent(self) -> float:
        return time.monotonic() - self._heard

    async def _read_gauges(self) -> bool:
        """Set the pace by them; False where nothing was heard."""
        pace = self._pace
        if pace is None or not self._has_gauges or self.parked:
            return False
        try:
            gauges = await self.endpoint.gauges()
        except Unreachable:
            return False
        self._heard = time.monotonic()
        if gauges is None:
            self._has_gauges = False
        elif pace is self._pace:
            pace.gauged(gauges, self.slots.in_flight, self._sequences)
            self.slots.limit = pace.limit
        return True
