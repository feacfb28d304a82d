"""Limits in every spelling, and none where there is none."""

import pytest

from ultrainteract.seeds.limits import megabytes, seconds


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"seconds": 2, "nanos": 500_000_000}, "2.5"),
        ({"seconds": 1, "nanos": 0}, "1"),
        ({"seconds": 0, "nanos": 0}, ""),
        ({"seconds": None, "nanos": None}, ""),
        ("2.0 seconds", "2"),
        ("0.5 - 1.0 seconds", "1"),
        ("250 ms", "0.25"),
        (3, "3"),
        (None, ""),
        ("", ""),
        ("soon", ""),
        ([1], ""),
    ],
)
def test_seconds(value: object, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (256_000_000, "256"),
        (268_435_456, "268"),
        (0, ""),
        (None, ""),
        ("256.0 megabytes", "256"),
        ("65536 KB", "64"),
        ("1 GB", "1024"),
        ("256000000", "256"),
        ("", ""),
        (2**63, ""),
    ],
)
def test_megabytes(value: object, text: str) -> None:
    assert megabytes(value) == text
