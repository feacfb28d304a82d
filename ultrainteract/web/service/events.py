"""What happens in a run as server-sent events: the lines of its log, its state, its progress.

An event of the log has the log's offset after it as its id, so that a client that comes back with
`Last-Event-ID` misses nothing and hears nothing twice. Events `run` tell how it stands, with no id:
when that changes, and now and then.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from ultrainteract.web.service.shown import RunShown

_LOOK = 0.5
_BEAT = 15.0
_AT_ONCE = 500


async def events(
    log: Path, after: int, now: Callable[[], RunShown], ends: Callable[[RunShown], bool]
) -> AsyncIterator[bytes]:
    """Those after the offset `after`; the last one is of a state of the run that `ends` them."""
    told, spoke = None, time.monotonic()
    while True:
        # Before the log is read: what it holds once the run is over is all that it will hold.
        shown = await asyncio.to_thread(now)
        lines = await asyncio.to_thread(_lines, log, after)
        for line in lines:
            yield _event(_kind(line.text), line.text, line.end)
            after = line.end
        stands = _stands(shown)
        if stands != told or time.monotonic() - spoke > _BEAT:
            yield _event("run", shown.model_dump_json(exclude_unset=True).encode())
            told, spoke = stands, time.monotonic()
        if not lines:
            if ends(shown):
                return
            await asyncio.sleep(_LOOK)


def _stands(shown: RunShown) -> RunShown:
    """What is told at once when it changes; a rate always does."""
    if shown.progress is None:
        return shown
    rates = {"at": shown.changed, "tokens_per_second": 0.0, "seconds_left": None}
    return shown.model_copy(update={"progress": shown.progress.model_copy(update=rates)})


class _Line(NamedTuple):
    text: bytes
    end: int


def _lines(log: Path, after: int) -> list[_Line]:
    """Whole lines that begin at `after` or later, some at a time."""
    try:
        with log.open("rb") as file:
            # A client may come with a number that was never the end of a line.
            file.seek(max(0, after - 1))
            if after and file.read(1) != b"\n":
                file.readline()
            found = []
            for text in file:
                if text.endswith(b"\n"):
                    found.append(_Line(text.rstrip(), file.tell()))
                if len(found) == _AT_ONCE:
                    break
            return found
    except FileNotFoundError:
        return []


def _kind(line: bytes) -> str:
    try:
        kind = json.loads(line)["event"]
    except (ValueError, KeyError, TypeError):
        return "line"
    return kind if isinstance(kind, str) and kind.isidentifier() else "line"


def _event(kind: str, data: bytes, id_: int | None = None) -> bytes:
    head = b"" if id_ is None else b"id: %d\n" % id_
    return head + b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"
