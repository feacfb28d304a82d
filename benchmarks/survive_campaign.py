"""A run struck at random moments until it is done, and the account of it."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.survive_job import fingerprint, recorded
from benchmarks.survive_site import Site
from benchmarks.survive_strikes import STRIKES

# Seconds without any sign of work that count as a hang, and until every process must be gone: of
# a Ray whose driver was killed the agents try for a minute to tell it.
_HANG, _FAREWELL = 60.0, 90.0
_LOOK = 0.1
# Starts one after the other that brought nothing.
_VAIN = 5


@dataclass
class Fault:
    """One strike: when it hit and when all was mended, and what was under way."""

    kind: str
    said: list[str]
    began: float
    ended: float = 0.0
    under_way: set[str] = field(default_factory=set)


@dataclass
class Account:
    """What became of a struck run."""

    faults: list[Fault] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def by_kind(self) -> dict[str, int]:
        """How many faults of each kind."""
        return dict(sorted(Counter(fault.kind for fault in self.faults).items()))

    def in_flight(self) -> int:
        """Requests under way at each fault, summed over the faults."""
        return sum(len(fault.under_way) for fault in self.faults)

    def unexplained(self, site: Site) -> list[str]:
        """Requests that arrived a second time without a fault since the time before."""
        last: dict[str, float] = {}
        keys = []
        for line in site.received():
            before = last.get(line.key)
            if before is not None and not any(
                fault.began <= line.at and fault.ended >= before for fault in self.faults
            ):
                keys.append(line.key)
            last[line.key] = line.at
        return keys


def schedule(kinds: Sequence[str], faults: int, draw: random.Random) -> list[str]:
    """Each kind as often as any other, in random order."""
    turns = [kinds[place % len(kinds)] for place in range(faults)]
    draw.shuffle(turns)
    return turns


class Campaign:
    """Strikes `site` as planned, spread over the `calls` that an undisturbed run makes."""

    def __init__(self, site: Site, calls: int, draw: random.Random) -> None:
        self.site, self.account = site, Account()
        self._calls, self._draw = calls, draw
        self._vain, self._reached = 0, site.progress()[:3]
        self._moved = time.monotonic()
        self._seen = site.progress()

    def run(self, plan: Sequence[str]) -> None:
        """All strikes, then to the end of the run. Raises RuntimeError when it cannot go on."""
        for number, kind in enumerate(plan):
            # Not at once after another: the run is to have work under way.
            asked = len({line.key for line in self.site.received()})
            target = self._calls * (number + self._draw.uniform(0, 0.8)) / len(plan)
            if not self._until(max(asked + 1, round(target))):
                break
            self._strike(kind)
        while self._until(None):
            pass

    def _strike(self, kind: str) -> None:
        site = self.site
        fault = Fault(kind, [], time.monotonic(), under_way=site.under_way())
        self.account.faults.append(fault)
        for said in STRIKES[kind](site, self._draw):
            fault.said.append(said)
            fault.under_way |= site.under_way()
        fault.under_way |= site.under_way()
        fault.ended = time.monotonic()
        self._moved = fault.ended

    def _until(self, calls: int | None) -> bool:
        """Run until so many different requests were received; False when the run is done."""
        site = self.site
        while calls is None or len({line.key for line in site.received()}) < calls:
            status = site.job.status()
            if status == 0 and site.job.cradles:
                return False
            if status is not None:
                self._start_again()
            self._watch()
            time.sleep(_LOOK)
        return True

    def _start_again(self) -> None:
        site = self.site
        reached = site.progress()[:3]
        self._vain = self._vain + 1 if reached == self._reached else 0
        self._reached = reached
        if self._vain > _VAIN:
            raise RuntimeError(f"started in vain:\n{site.job.output()[-3000:]}")
        site.start(on_cluster=site.cluster is not None and self._draw.random() < 0.3)

    def _watch(self) -> None:
        """Count a hang, and end it."""
        seen = self.site.progress()
        if seen != self._seen:
            self._seen, self._moved = seen, time.monotonic()
        elif time.monotonic() - self._moved > _HANG:
            last = self.account.faults[-1] if self.account.faults else None
            self.account.hangs.append(f"after {last.kind} {last.said}" if last else "at the start")
            self.site.kill_driver()
            self._moved = time.monotonic()

    def close(self) -> None:
        """See what is left behind: processes, containers, nodes of Ray."""
        site = self.site
        if site.cluster:
            site.cluster.close()
        deadline = time.monotonic() + _FAREWELL
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.5)
        self.account.orphans = left

    def _left(self) -> list[str]:
        containers = self.site.engine.containers() if self.site.engine else []
        return [line[:100] for line in self.site.living().values()] + containers

    def lost(self) -> int:
        """Trees that the run was to grow and did not."""
        line = next(
            line for line in self.site.job.output().splitlines() if line.startswith("seed gsm8k")
        )
        planned = int(line.split()[-2])
        return planned - recorded(self.site.job.run)[2]

    def dataset(self) -> str:
        """The published dataset's fingerprint."""
        return fingerprint(self.site.job.run / "dataset")
