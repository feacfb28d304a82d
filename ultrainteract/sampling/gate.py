"""Whether an endpoint is there: a failed connection makes one probe knock for all of them.

A connection that fails says little: the peer may have died, or only this connection. An answer at
the first knock means the endpoint lives and the failure was the request's own; otherwise the gate
shuts, and goes on knocking until somebody answers.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential_jitter


class NobodyHome(Exception):
    """A knock that nobody answered."""


class Gate:
    """`knock` raises `NobodyHome`; `shuts` is told why, once, and `opens` that it is back."""

    def __init__(
        self,
        knock: Callable[[], Awaitable[None]],
        shuts: Callable[[str], None],
        opens: Callable[[], None],
    ) -> None:
        self._knock, self._shuts, self._opens = knock, shuts, opens
        self._first: asyncio.Task[bool] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def shut(self) -> bool:
        """Whether nobody answered and it is waited for somebody."""
        return self._waiting is not None

    async def check(self, reason: str) -> bool:
        """After a failed connection: does somebody answer? False: it is shut, or closed."""
        if self.shut or self._closed:
            return False
        if self._first is None:
            self._first = asyncio.create_task(self._look(reason))
        first = self._first
        # Unlike `await first`, this lets one of many be cancelled without ending the knock.
        await asyncio.wait({first})
        return not first.cancelled() and first.result()

    async def close(self) -> None:
        """Stop knocking, for good. Safe to call twice."""
        self._closed = True
        tasks = {task for task in (self._first, self._waiting) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _look(self, reason: str) -> bool:
        try:
            await self._knock()
        except NobodyHome:
            self._waiting = asyncio.create_task(self._until_answered())
            self._shuts(reason)
            return False
        finally:
            self._first = None
        return True

    async def _until_answered(self) -> None:
        knocking = AsyncRetrying(
            retry=retry_if_exception_type(NobodyHome),
            wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
        )
        await knocking(self._knock)
        self._waiting = None
        self._opens()
