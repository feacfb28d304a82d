"""Who may ask now: a limit that moves, and before it a queue by priority."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count


class Slots:
    """At most `limit` are taken at once. Who waits is admitted by its order, the lowest first, and
    among equals who came first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []
        self._arrivals = count()
        self.in_flight = 0
        self.waiting = 0

    @property
    def limit(self) -> int:
        """A higher one admits at once; a lower one takes no slot away."""
        return self._limit

    @limit.setter
    def limit(self, limit: int) -> None:
        self._limit = limit
        self._admit()

    async def acquire(self, order: int) -> None:
        """Returns with a slot, which needs its `release`. Raises what `give_up` makes."""
        # Whoever could be admitted has been: a free slot means that nobody waits.
        if self.in_flight < self._limit:
            self.in_flight += 1
            return
        admitted = asyncio.get_running_loop().create_future()
        heappush(self._queue, (order, next(self._arrivals), admitted))
        self.waiting += 1
        try:
            await admitted
        except asyncio.CancelledError:
            if admitted.cancelled():
                self.waiting -= 1
            elif admitted.exception() is None:
                self.release()
            raise

    def release(self) -> None:
        """Hand the slot on."""
        self.in_flight -= 1
        self._admit()

    def give_up(self, why: Callable[[], Exception]) -> None:
        """Everybody who waits raises what `why` makes."""
        queue, self._queue = self._queue, []
        for _, _, admitted in queue:
            if not admitted.done():
                self.waiting -= 1
                admitted.set_exception(why())

    def _admit(self) -> None:
        while self._queue and self.in_flight < self._limit:
            _, _, admitted = heappop(self._queue)
            # Done without being admitted: it was cancelled.
            if not admitted.done():
                self.in_flight += 1
                self.waiting -= 1
                admitted.set_result(None)
