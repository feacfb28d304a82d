"""`Retry-After` in both of its forms (RFC 9110, section 10.2.3)."""

from datetime import UTC, datetime

import pytest

from ultrainteract.sampling.patience import retry_after

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
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_without_the_header_the_endpoint_said_nothing() -> None:
    assert retry_after({}, NOW) is None
