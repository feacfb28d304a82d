"""Bounded reading of a pipe."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.sandbox import capture
from ultrainteract.sandbox.capture import Capture, cut


@given(st.text(max_size=300), st.integers(2, 100).map(lambda half: 2 * half))
def test_a_cut_keeps_head_and_tail_within_its_bound(text: str, chars: int) -> None:
    kept = cut(text, chars)
    if len(text) <= chars:
        assert kept == text
    else:
        assert kept.startswith(text[: chars // 2])
        assert kept.endswith(text[-(chars // 2) :])
        assert len(kept) - len(f"\n[... cut: {len(text) - chars} characters ...]\n") == chars


async def captured(data: bytes, chars: int) -> str:
    reader, writer = os.pipe()
    capturing = Capture(reader, chars)
    with os.fdopen(writer, "wb", buffering=0) as pipe:
        for start in range(0, len(data), 4096):
            pipe.write(data[start : start + 4096])
            capturing.read()
    return capturing.close()


async def test_what_lies_in_the_pipe_at_the_end_is_read() -> None:
    assert await captured("é\n".encode() * 3, 100) == "é\n" * 3


async def test_broken_text_is_replaced() -> None:
    assert await captured(b"a\xffb", 100) == "a\ufffdb"


async def test_a_long_output_is_cut_in_the_middle() -> None:
    text = await captured(b"head" + b"x" * 100_000 + b"tail", 100)
    assert text.startswith("head")
    assert text.endswith("tail")
    assert "100008 bytes in all" in text
    assert len(text) < 200


async def test_a_flood_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FLOOD", 10_000)
    reader, writer = os.pipe()
    capturing = Capture(reader, 100)
    os.write(writer, b"x" * 10_001)
    capturing.read()
    assert capturing.flooded.is_set()
    os.close(writer)
    capturing.close()
