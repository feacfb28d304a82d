"""What a run is doing, for people and programs beside it: `log.jsonl` and a live snapshot.

Of what workers tell, sums are kept, and every `_EVERY` seconds `report.snapshot` is written.
"""

import asyncio
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Self

from ultrainteract.cluster.accounts import Accounts
from ultrainteract.cluster.log import Progress, RunLog, unseen
from ultrainteract.cluster.rounds import Round, TreeReport
from ultrainteract.report.left import Course
from ultrainteract.report.snapshot import Count, Snapshot, label

_EVERY = 2.0
# Snapshots that rates are taken over.
_WINDOW = 15
# Troubles and notices that are told again.
_SHOWN = 5


class Chronicle:
    """One run's, in its folder; a context manager. Driver's side, one event loop."""

    def __init__(self, log: RunLog, trees: int, before: int, accounts: Accounts) -> None:
        """`trees` in all, `before` of them ended by an earlier run."""
        self._trees, self._before = trees, before
        self._accounts, self.log = accounts, log
        self._since, self._begun = time.time(), time.monotonic()
        self._counts: Counter[Count] = Counter()
        self._gauges: dict[int, Mapping[Count, float]] = {}
        self._nodes: dict[int, str] = {}
        self._past: deque[tuple[float, Counter[Count]]] = deque(maxlen=_WINDOW)
        self._course = Course()
        self._troubles: deque[str] = deque(maxlen=_SHOWN)
        self._notices: deque[str] = deque(maxlen=_SHOWN)
        self._seen: Callable[[Snapshot], None] = unseen

    def __enter__(self) -> Self:
        self.log.event("begin", trees=self._trees, before=self._before, pid=os.getpid())
        return self

    def __exit__(self, *_: object) -> None:
        self._gauges.clear()
        self.write()

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
        """What is told there is kept here, too."""

        def say(line: str) -> None:
            if line.startswith("NOTICE"):
                self._notices.append(_timed(line))
            progress.say(line)

        def grown(report: TreeReport) -> None:
            self._grown(report)
            progress.grown(report)

        self._seen = progress.seen
        return Progress(say, grown, progress.seen)

    def _grown(self, report: TreeReport) -> None:
        if report.drained:
            return
        if report.trouble:
            self._troubles.append(_timed(f"tree {report.tree}: {report.trouble}"))
        else:
            self._course.ended(report.seconds)
        facts = {name: value for name, value in report._asdict().items() if value}
        self.log.note("tree_failed" if report.trouble else "tree", facts)

    async def keep_writing(self) -> None:
        """A snapshot every two seconds, until cancelled."""
        while True:
            self.write()
            await asyncio.sleep(_EVERY)

    def write(self) -> None:
        """Write and show the snapshot of now, and write what of the log still waits."""
        snapshot = self._snapshot()
        self.log.flush(snapshot)
        self._seen(snapshot)

    def _snapshot(self) -> Snapshot:
        self._past.append((time.time(), self._counts.copy()))
        (then, first), (now, last) = self._past[0], self._past[-1]
        window = now - then
        gauges: Counter[Count] = Counter()
        for one in self._gauges.values():
            gauges.update(one)
        spent = self._accounts.spent(last)
        billed = self._accounts.bill(spent)
        ended = sum(much for (name, *_), much in last.items() if name == "trees")
        left = max(0, self._trees - self._before - ended)
        lasted = time.monotonic() - self._begun
        self._course.mark(lasted, gauges["trees_growing",], left)
        return Snapshot(
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
            spent=spent,
            money=billed.money,
            budget=self._accounts.budget(billed, lasted),
            time_left=self._course.left(left),
            troubles=tuple(self._troubles),
            notices=tuple(self._notices),
        )


def _timed(text: str) -> str:
    return f"{datetime.now(UTC):%H:%M:%S} {text}"
