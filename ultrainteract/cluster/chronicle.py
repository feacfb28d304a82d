"""What happens in a run, for people and programs beside it: `log.jsonl` and a live snapshot.

The log has a line of JSON for each thing that happened; nothing in it is needed to resume. Of what
workers tell, sums are kept, and every `_EVERY` seconds `report.snapshot` is written. A thread
writes: a disk that hangs holds up neither the run nor what is said of it on the terminal.
"""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import SimpleQueue
from typing import Self, TextIO, TypeAlias

from ultrainteract.cluster.rounds import Round, TreeReport
from ultrainteract.report.snapshot import Count, Snapshot, label
from ultrainteract.types import JSON

LOG = "log.jsonl"
_EVERY = 2.0
# Snapshots that rates are taken over.
_WINDOW = 15
# Seconds that the end of a run waits for the last words to be written.
_FAREWELL = 10.0
# Lines of the log, and a snapshot that takes the place of the one before.
_Draft: TypeAlias = tuple[str, Snapshot | None]


@dataclass
class Progress:
    """What the driver tells while it runs; `say` gets a line, `grown` a tree's report."""

    say: Callable[[str], None]
    grown: Callable[[TreeReport], None]


class Chronicle:
    """One run's, in its folder; a context manager. Driver's side, one event loop."""

    def __init__(self, folder: Path, trees: int, before: int) -> None:
        """`trees` in all, `before` of them ended by an earlier run."""
        self._folder, self._trees, self._before = folder, trees, before
        self._since = time.time()
        self._counts: Counter[Count] = Counter()
        self._gauges: dict[int, Mapping[Count, float]] = {}
        self._nodes: dict[int, str] = {}
        self._past: deque[tuple[float, Counter[Count]]] = deque(maxlen=_WINDOW)
        self._lines: list[str] = []
        self._to_write: SimpleQueue[_Draft | None] = SimpleQueue()
        self._writing: threading.Thread | None = None

    def __enter__(self) -> Self:
        log = (self._folder / LOG).open("a", encoding="utf-8")
        # A daemon: one that a disk holds does not keep the process.
        self._writing = threading.Thread(target=self._write_all, args=[log], daemon=True)
        self._writing.start()
        self.event("begin", trees=self._trees, before=self._before, pid=os.getpid())
        return self

    def __exit__(self, *_: object) -> None:
        self._gauges.clear()
        self.write()
        self._to_write.put(None)
        if self._writing:
            self._writing.join(_FAREWELL)

    def event(self, kind: str, **facts: JSON) -> None:
        """One line: when, what, and the facts. A full disk holds it back, and no run."""
        self._note(kind, facts)
        self._flush()

    def _flush(self, snapshot: Snapshot | None = None) -> None:
        lines, self._lines = self._lines, []
        self._to_write.put(("".join(lines), snapshot))

    def _note(self, kind: str, facts: Mapping[str, JSON]) -> None:
        # What only trees tell waits for the next snapshot: a call of the system each would cost
        # as much as the rest of it.
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._lines.append(json.dumps({"time": now, "event": kind, **facts}) + "\n")

    def _write_all(self, log: TextIO) -> None:
        for lines, snapshot in iter(self._to_write.get, None):
            # What a full disk does not take stays in the buffer.
            with contextlib.suppress(OSError):
                log.write(lines)
                log.flush()
            with contextlib.suppress(OSError):
                if snapshot:
                    snapshot.write(self._folder)
        with contextlib.suppress(OSError):
            log.close()

    @property
    def calls(self) -> int:
        """Model calls that were answered."""
        return sum(much for (name, *_), much in self._counts.items() if name == "calls")

    def told(self, worker: int, node: str, heard: Round) -> None:
        """Take in what a worker said."""
        self._counts.update(heard.counts)
        self._gauges[worker], self._nodes[worker] = heard.gauges, node

    def lost(self, worker: int) -> None:
        """A worker is gone, or was dismissed."""
        self._gauges.pop(worker, None)
        self._nodes.pop(worker, None)

    def beside(self, progress: Progress) -> Progress:
        """What is told there is written here, too."""

        def say(line: str) -> None:
            self.event("notice" if line.startswith("NOTICE") else "said", text=line)
            progress.say(line)

        def grown(report: TreeReport) -> None:
            self._grown(report)
            progress.grown(report)

        return Progress(say, grown)

    def _grown(self, report: TreeReport) -> None:
        if report.drained:
            return
        names = TreeReport.__slots__
        facts = {name: value for name in names if (value := getattr(report, name))}
        self._note("tree_failed" if report.trouble else "tree", facts)

    async def keep_writing(self) -> None:
        """A snapshot every two seconds, until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(_EVERY)

    def write(self) -> None:
        """Write the snapshot of now, and what of the log still waits."""
        self._past.append((time.time(), self._counts.copy()))
        (then, first), (now, last) = self._past[0], self._past[-1]
        window = now - then
        gauges: Counter[Count] = Counter()
        for one in self._gauges.values():
            gauges.update(one)
        snapshot = Snapshot(
            at=now,
            since=self._since,
            pid=os.getpid(),
            trees=self._trees,
            before=self._before,
            workers=len(self._gauges),
            nodes=len(set(self._nodes.values())),
            window=window,
            counts={label(key): value for key, value in last.items()},
            gauges={label(key): value for key, value in gauges.items()},
            rates={
                label(key): (value - first[key]) / window for key, value in last.items() if window
            },
        )
        self._flush(snapshot)
