"""`Retry-After` in both of its forms (RFC 9110, section 10.2.3), and who sleeps it out."""

from datetime import UTC, datetime

import pytest

from ultrainteract.sampling.patience import Busy, Strike, persist, retry_after

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("12", 12.0),
        ("1.5", 1.5),
        (" 3 ", 3.0),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Fri, 02 Jan 2026 03:05:05", 60.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-4", None),
        ("nan", None),
        ("²", None),
    ],
)
def test_seconds_to_wait(value: str, seconds: float | None) -> None:
    assert retry_after({"Retry-After": value}, NOW) == seconds


def test_without_the_header_the_endpoint_said_nothing() -> None:
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize("failure", [Busy("full", wait=86400.0), Strike("cut", "connection")])
async def test_every_wait_is_the_given_sleep_which_may_end_early(failure: Exception) -> None:
    failures = [failure] * 3
    slept: list[float] = []

    async def attempt() -> str:
        if failures:
            raise failures.pop()
        return "answer"

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    assert await persist(attempt, sleep) == "answer"
    assert len(slept) == 3
    if isinstance(failure, Busy):
        assert min(slept) >= 86400
