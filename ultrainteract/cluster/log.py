"""`log.jsonl` in a run's folder: a line of JSON for each thing that happened.

For people and programs beside the run; nothing in it is needed to resume.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from typing import Self, TypeAlias

from ultrainteract.cluster.rounds import TreeReport
from ultrainteract.report.snapshot import Snapshot
from ultrainteract.types import JSON

LOG = "log.jsonl"
# Seconds that the end of a run waits for the last words to be written.
_FAREWELL = 10.0
# Lines of the log, and a snapshot.
_Draft: TypeAlias = tuple[str, Snapshot | None]


def unseen(_: Snapshot) -> None:
    """Of those who do not look."""


@dataclass
class Progress:
    """What the driver tells while it runs: `say` gets a line, `grown` a tree's report, `seen` what
    the run is doing, every few seconds."""

    say: Callable[[str], None]
    grown: Callable[[TreeReport], None]
    seen: Callable[[Snapshot], None] = unseen


class RunLog:
    """The file, to add to, and the snapshot beside it; a context manager. A thread writes: a disk
    that is full or hangs holds up neither the run nor what is said of it on the terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[str] = []
        self._to_write: SimpleQueue[_Draft | None] = SimpleQueue()
        self._writing: threading.Thread | None = None

    def __enter__(self) -> Self:
        file = (self._folder / LOG).open("ab", buffering=0)
        # A daemon: one that a disk holds does not keep the process.
        self._writing = threading.Thread(target=self._write_all, args=[file], daemon=True)
        self._writing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()
        self._to_write.put(None)
        if self._writing:
            self._writing.join(_FAREWELL)

    def event(self, kind: str, **facts: JSON) -> None:
        """One line: when, what, and the facts."""
        self.note(kind, facts)
        self.flush()

    def note(self, kind: str, facts: Mapping[str, JSON]) -> None:
        """One line that waits for the next: a call of the system for each tree would cost as much
        as the rest of it."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._lines.append(json.dumps({"time": now, "event": kind, **facts}) + "\n")

    def flush(self, snapshot: Snapshot | None = None) -> None:
        """What waits is written, and a snapshot in place of the one before."""
        lines, self._lines = self._lines, []
        self._to_write.put(("".join(lines), snapshot))

    def _write_all(self, file: FileIO) -> None:
        held = b""
        with file:
            for lines, snapshot in iter(self._to_write.get, None):
                held += lines.encode()
                # What a full disk does not take waits for the next lines.
                with contextlib.suppress(OSError):
                    while held:
                        held = held[file.write(held) :]
                with contextlib.suppress(OSError):
                    if snapshot:
                        snapshot.write(self._folder)

    def beside(self, progress: Progress) -> Progress:
        """What is said there is written here, too."""

        def say(line: str) -> None:
            self.event("notice" if line.startswith("NOTICE") else "said", text=line)
            progress.say(line)

        return Progress(say, progress.grown, progress.seen)
