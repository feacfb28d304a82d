"""The run's budget as a worker sees it: before each request it asks the journal's writer, who knows
what all workers have recorded. Requests that are about to begin together ask together.

So no request begins once the recorded spending has reached a limit; what had begun is finished.
"""

import asyncio
from collections.abc import Awaitable, Callable

from ultrainteract.errors import OutOfBudget


class Purse:
    """`ask` returns which limit is reached, in words; empty while the budget is open."""

    def __init__(self, ask: Callable[[], Awaitable[str]]) -> None:
        self._ask = ask
        self._reached = ""
        self._asking: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Returns while the budget is open. Raises `OutOfBudget`."""
        if not self._reached:
            # What is under way may have been decided before this request: it takes the next.
            if self._next is None:
                self._next = asyncio.create_task(self._ask_after(self._asking))
            await asyncio.shield(self._next)
        if self._reached:
            raise OutOfBudget(self._reached)

    async def _ask_after(self, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])
        self._asking, self._next = self._next, None
        self._reached = self._reached or await self._ask()
