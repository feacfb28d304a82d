"""The one retry layer for models: which failure is waited out, which is struck, which is final.

`Busy` (429, 502, 503, 504, 529) is waited out without limit. A
`Strike` (500, a timeout, a cut connection, a body that is no answer) may be this request's own
doing: the eighth in a row is a `ModelFault`. What no repetition mends is not here at all.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential_jitter,
)

from ultrainteract.errors import ModelFault

T = TypeVar("T")

BUSY = frozenset({429, 502, 503, 504, 529})
OVERLOAD = frozenset({429, 529})
STRIKES = 8
_backoff = wait_exponential_jitter(multiplier=0.25, max=30, jitter=0.25)


class Busy(Exception):
    """Not now. `wait` seconds, where the endpoint said how long; `status` is HTTP's."""

    def __init__(self, reason: str, wait: float | None = None, status: int = 0) -> None:
        super().__init__(reason)
        self.wait = wait
        self.status = status
        self.kind = f"HTTP {status}"


class Strike(Exception):
    """This attempt failed although the endpoint lives; `kind` for counting."""

    def __init__(self, reason: str, kind: str) -> None:
        super().__init__(reason)
        self.kind = kind


async def persist(
    attempt: Callable[[], Awaitable[T]], sleep: Callable[[float], Awaitable[None]]
) -> T:
    """Repeat `attempt` as its `Busy` and `Strike` say. Raises `ModelFault` at the last strike.

    `sleep` takes the seconds between two attempts, and may return early: then the next follows.
    """
    # tenacity costs a tenth of a millisecond, which a first attempt that succeeds need not pay.
    try:
        return await attempt()
    except (Busy, Strike) as failure:
        return await _repeat(attempt, sleep, failure)


async def _repeat(
    attempt: Callable[[], Awaitable[T]],
    sleep: Callable[[float], Awaitable[None]],
    first: Busy | Strike,
) -> T:
    made = [first]

    # tenacity awaits only what is declared `async def`, not whatever returns an awaitable.
    async def once() -> T:
        if made:
            raise made.pop()
        return await attempt()

    async def patient() -> T:
        waiting = AsyncRetrying(
            retry=retry_if_exception_type(Busy), wait=_asked_or_backoff, sleep=sleep
        )
        return await waiting(once)

    striking = AsyncRetrying(
        retry=retry_if_exception_type(Strike),
        stop=stop_after_attempt(STRIKES),
        wait=_backoff,
        sleep=sleep,
        reraise=True,
    )
    try:
        return await striking(patient)
    except Strike as last:
        raise ModelFault(f"asked {STRIKES} times in vain, last: {last}") from last


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, as a number or as a date (RFC 9110, 10.2.3).

    None without a header that can be read.
    """
    value = headers.get("Retry-After", "").strip()
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    try:
        then = parsedate_to_datetime(value)
    except ValueError:
        return None
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return max(0.0, (then - (now or datetime.now(UTC))).total_seconds())


def _asked_or_backoff(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Busy) and error.wait is not None:
        # Everyone was told the same time: spread them, but never before it.
        return error.wait + random.uniform(0, 0.1 * error.wait)  # noqa: S311
    return _backoff(state)
