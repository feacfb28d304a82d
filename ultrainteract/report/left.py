"""How long a run still takes, from the trees that have ended, and how sure that is.

Two parts. Trees that wait begin at the rate at which trees ended of late: the later half of the
time where at least 16 ended in it, else all of it. Then the last ones run out, which lasts about as
long as the longest of so many trees; trees seen so far are the shorter ones, which the time spent
in all trees for each that ended corrects. The bounds hold nine of ten: Student's t over eight
windows of that time, whose counts scatter as they do, but not less than chance (Poisson); and the
shortest and longest that the last trees may take. Where few more trees grow than are under way at
once, and some take many times as long as others, both come out too early.
"""

import math
import statistics
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

_WINDOWS = 8
# The 95th percentile of Student's t with one degree of freedom less than windows.
_T = 1.895
_ENOUGH = 16
_MARKS = 128
_DURATIONS = 1000


class TimeLeft(NamedTuple):
    """Seconds: expected, and from `least` to `most`."""

    expected: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Flow:
    """How many trees end in `seconds`, and by how much that may scatter (1: as chance has it)."""

    ended: float
    seconds: float
    scatter: float

    @property
    def rate(self) -> float:
        """Trees a second."""
        return self.ended / self.seconds

    def within(self, trees: int) -> float:
        """By which factor, up or down, the time for so many more may be off."""
        chance = 1 / self.ended + (1 / trees if trees else 0.0)
        return math.exp(_T * math.sqrt(self.scatter * chance))


@dataclass
class Course:
    """How a run has gone: told of trees that ended and of how many were under way when."""

    _marks: list[tuple[float, int]] = field(default_factory=list)
    """Time and trees that had ended, at most `_MARKS` of them, over all the time."""
    _spacing: float = 0.0
    _seconds: deque[float] = field(default_factory=lambda: deque(maxlen=_DURATIONS))
    _ordered: list[float] = field(default_factory=list)
    _ended: int = 0
    _lasted: float = 0.0
    """Of the trees that ended, summed."""
    _spent: float = 0.0
    """In all trees, summed."""
    _now: tuple[float, float] | None = None
    _all_begun: float | None = None

    def ended(self, seconds: float) -> None:
        """A tree took so long."""
        self._ended += 1
        self._lasted += seconds
        if len(self._seconds) == self._seconds.maxlen:
            del self._ordered[bisect_left(self._ordered, self._seconds[0])]
        self._seconds.append(seconds)
        insort(self._ordered, seconds)

    def mark(self, at: float, growing: float, left: int) -> None:
        """So many trees are under way at a moment, of so many that have not ended."""
        if not (growing or self._marks):
            return
        if self._now:
            then, before = self._now
            self._spent += (at - then) * (before + growing) / 2
        self._now = at, growing
        if growing < left:
            self._all_begun = None
        elif self._all_begun is None:
            self._all_begun = at
        if not self._marks or at - self._marks[-1][0] >= self._spacing:
            self._marks.append((at, self._ended))
        if len(self._marks) > _MARKS:
            self._marks = self._marks[::2]
            self._spacing = 2 * (self._marks[-1][0] - self._marks[0][0]) / _MARKS

    def left(self, trees: int) -> TimeLeft | None:
        """Until these have ended, too; None before one has since the first mark."""
        if not trees:
            return TimeLeft(0.0, 0.0, 0.0)
        flow = self._flow()
        if flow is None or self._now is None:
            return None
        at, growing = self._now
        last = max(1, min(trees, round(growing)))
        waiting = trees - last
        expected, factor = waiting / flow.rate, flow.within(waiting)
        since = at - self._all_begun if self._all_begun is not None else 0.0
        run_out = self._run_out(last, since)
        return TimeLeft(
            expected + run_out.expected,
            expected / factor + run_out.least,
            expected * factor + run_out.most,
        )

    def _flow(self) -> Flow | None:
        if not self._ended or self._now is None or self._now[0] <= self._marks[0][0]:
            return None
        marks = [*self._marks, (self._now[0], self._ended)]
        first, last = marks[0][0], marks[-1][0]
        half = (first + last) / 2
        since = half if self._ended - _at(marks, half) >= _ENOUGH else first
        edges = [_at(marks, since + (last - since) * one / _WINDOWS) for one in range(_WINDOWS + 1)]
        counts = [after - before for before, after in pairwise(edges)]
        ended = math.fsum(counts)
        # All may have ended before the first mark.
        if not ended:
            return None
        scatter = max(1.0, statistics.variance(counts) / (ended / _WINDOWS))
        return Flow(ended, last - since, scatter)

    def _run_out(self, trees: int, since: float) -> TimeLeft:
        """Of the last trees, the youngest of which began at least `since` seconds ago."""
        longer = max(1.0, self._spent / self._lasted) if self._lasted else 1.0
        known = self._ordered

        def quantile(share: float) -> float:
            return longer * known[min(len(known) - 1, int(share * len(known)))]

        likely, longest = quantile(trees / (trees + 1)), longer * known[-1]
        expected = max(likely - since, likely / 8)
        shortest = quantile(0.1 ** (1 / trees)) / 2
        return TimeLeft(
            expected,
            max(expected / 10, min(shortest - since, expected)),
            max(1.5 * longest - since, 0.75 * longest),
        )


def _at(marks: Sequence[tuple[float, int]], when: float) -> float:
    """How many trees had ended then."""
    place = max(1, min(len(marks) - 1, bisect_left(marks, (when, 0))))
    (begin, before), (end, after) = marks[place - 1], marks[place]
    share = (when - begin) / (end - begin) if end > begin else 1.0
    return before + (after - before) * min(1.0, max(0.0, share))
