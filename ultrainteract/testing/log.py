"""What a protocol server received and answered: one JSON line when a request has arrived, before
any of the reply leaves, and one when the whole reply has left.

A line is one write to a file opened for appending: it is there when the server is killed.
"""

import json
import os
import time
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, TypeAdapter

from ultrainteract.types import JSON


class Received(BaseModel):
    """A request, and what will be done to it."""

    model_config = ConfigDict(frozen=True)

    event: Literal["received"]
    seq: int
    """Arrival, counted from 1 since the server started."""
    key: str
    """`sampling.wire.wire_key` of the body; empty for a body that does not validate."""
    model: str
    n: int
    attempt: int
    """How often this key has arrived, this time included."""
    fault: str
    """Kind of the misbehaviour; empty for none."""
    status: int
    """Of the reply; 0 where none is sent."""
    at: float
    """Seconds of the system's monotonic clock."""
    body: str | None = None
    """The body as it came, where the server was told to keep them."""


class Sent(BaseModel):
    """The reply to arrival `seq` has left, whole."""

    model_config = ConfigDict(frozen=True)

    event: Literal["sent"]
    seq: int
    at: float


LogLine: TypeAlias = Received | Sent
_line: TypeAdapter[LogLine] = TypeAdapter(LogLine)


def read_log(path: Path) -> tuple[LogLine, ...]:
    """Every whole line, in order; none where the file does not exist."""
    if not path.exists():
        return ()
    lines = path.read_bytes().split(b"\n")[:-1]
    return tuple(_line.validate_json(line) for line in lines)


class RequestLog:
    """Appends; without a path it keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._file = os.open(path, flags, 0o644) if path else None

    def write(self, event: str, **values: JSON) -> None:
        """One line, in the file when this returns."""
        if self._file is not None:
            line = json.dumps({"event": event, **values, "at": time.monotonic()})
            os.write(self._file, line.encode() + b"\n")

    def close(self) -> None:
        """Safe to call twice."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
