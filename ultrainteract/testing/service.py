"""How much a protocol server takes at once: places, a queue before them, refusals above a number.

`metrics` says so in vLLM's words, so that a client can be tried that reads them.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Service:
    """`places` requests are served at a time, the others queue; above `capacity` requests of both
    kinds a further one is refused with 429. 0 is no bound."""

    places: int = 0
    capacity: int = 0
    shows_metrics: bool = False
    running: int = 0
    waiting: int = 0
    _free: asyncio.Semaphore | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.places:
            self._free = asyncio.Semaphore(self.places)

    @property
    def full(self) -> bool:
        """Whether a further request is refused."""
        return bool(self.capacity) and self.running + self.waiting >= self.capacity

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """One request, once there is room for it."""
        if self._free is not None:
            self.waiting += 1
            try:
                await self._free.acquire()
            finally:
                self.waiting -= 1
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            if self._free is not None:
                self._free.release()

    def metrics(self) -> str:
        """The queue as vLLM shows it to Prometheus."""
        return (
            "# TYPE vllm:num_requests_running gauge\n"
            f'vllm:num_requests_running{{engine="0",model_name="scripted"}} {self.running:.1f}\n'
            "# TYPE vllm:num_requests_waiting gauge\n"
            f'vllm:num_requests_waiting{{engine="0",model_name="scripted"}} {self.waiting:.1f}\n'
            "# TYPE vllm:kv_cache_usage_perc gauge\n"
            'vllm:kv_cache_usage_perc{engine="0",model_name="scripted"} 0.1\n'
        )
