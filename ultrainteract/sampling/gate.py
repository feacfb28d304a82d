"""Where requests wait while an endpoint is gone: one probe knocks for all of them.

A connection that fails says little: the peer may have died, or only this connection. So the
gate shuts and knocks. An answer at the first knock means the endpoint lives and the failure was
the request's own; otherwise everyone waits, without limit, until somebody answers.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from ultrainteract.errors import ModelFault


class NobodyHome(Exception):
    """A knock that nobody answered."""


class Gate:
    """`knock` raises `NobodyHome`; `parked` is told the reason once, when waiting begins."""

    def __init__(self, knock: Callable[[], Awaitable[None]], parked: Callable[[str], None]) -> None:
        self._knock = knock
        self._parked = parked
        self._probe: asyncio.Task[bool] | None = None
        self._closed = False

    async def passage(self) -> None:
        """Returns at once, or when the endpoint is back. Raises `ModelFault` when closed."""
        self._refuse_if_closed()
        if self._probe is not None:
            await self._outcome(self._probe)

    async def check(self, reason: str) -> bool:
        """After a failed connection: wait until the endpoint answers; was it gone meanwhile?

        Raises `ModelFault` when closed.
        """
        # A connection may fail just because the sampler was closed: no new probe then.
        self._refuse_if_closed()
        if self._probe is None:
            self._probe = asyncio.create_task(self._knock_until_answered(reason))
            self._probe.add_done_callback(self._open)
        return await self._outcome(self._probe)

    async def close(self) -> None:
        """Stop knocking; whoever waits or comes later gets a `ModelFault`. Safe to call twice."""
        self._closed = True
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.wait({self._probe})

    async def _outcome(self, probe: asyncio.Task[bool]) -> bool:
        # Unlike `await probe`, this lets one waiter be cancelled without ending the probe.
        await asyncio.wait({probe})
        # Even after an answer: it may have been closed before this waiter woke up.
        self._refuse_if_closed()
        return probe.result()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ModelFault("the sampler was closed while requests were under way")

    def _open(self, _: asyncio.Task[bool]) -> None:
        self._probe = None

    async def _knock_until_answered(self, reason: str) -> bool:
        def park(state: RetryCallState) -> None:
            if state.attempt_number == 1:
                self._parked(reason)

        knocking = AsyncRetrying(
            retry=retry_if_exception_type(NobodyHome),
            wait=wait_exponential_jitter(multiplier=0.1, max=2, jitter=0.1),
            before_sleep=park,
            reraise=True,
        )
        await knocking(self._knock)
        return int(knocking.statistics["attempt_number"]) > 1
