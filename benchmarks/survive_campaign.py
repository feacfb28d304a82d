"""A run struck at random moments until it is done, and the account of it."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.survive_job import fingerprint, recorded
from benchmarks.survive_site import Site
from benchmarks.survive_strikes import AFTERWARDS, STRIKES, Strike

# Seconds without any sign of work that count as a hang, and until every process must be gone: of
# a Ray whose driver was killed the agents try for a minute to tell it.
_HANG, _FAREWELL = 120.0, 180.0
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


@dataclass(frozen=True)
class Reference:
    """What an undisturbed run came to."""

    dataset: str
    """Fingerprint."""
    calls: int


@dataclass(frozen=True)
class Figures:
    """What became of a struck run. `repeated` counts requests that a server got again,
    `unexplained` those of them without a fault since the time before, `lost` trees that were not
    grown, `broken` moments at which a published dataset was not whole."""

    faults: int
    by_kind: dict[str, int]
    identical: bool
    repeated: int
    in_flight: int
    unexplained: int
    hangs: int
    orphans: int
    lost: int
    broken: int
    restarts: int
    calls: int
    seconds: float

    def met(self, faults: int) -> bool:
        """Whether the bar is met, after so many faults."""
        clean = not (self.unexplained or self.hangs or self.orphans or self.lost or self.broken)
        return (
            clean and self.identical and self.repeated <= self.in_flight and self.faults == faults
        )


def schedule(kinds: Sequence[str], faults: int, draw: random.Random) -> list[str]:
    """Each kind as often as any other, in random order."""
    turns = [kinds[place % len(kinds)] for place in range(faults)]
    draw.shuffle(turns)
    return turns


class Stuck(Exception):
    """A run that ends again and again without getting any further."""


class Campaign:
    """Strikes `site` as planned, spread over the calls that an undisturbed run makes."""

    def __init__(
        self,
        site: Site,
        reference: Reference,
        draw: random.Random,
        strikes: Mapping[str, Strike] = STRIKES,
    ) -> None:
        self.faults: list[Fault] = []
        self.hangs: list[str] = []
        self.orphans: list[str] = []
        self._site, self._reference, self._draw, self._strikes = site, reference, draw, strikes
        self._broken = self._vain = 0
        self._seen = site.progress()
        self._reached = self._seen[:3]
        self._began = self._moved = time.monotonic()

    def run(self, plan: Sequence[str]) -> None:
        """All strikes, then to the end of the run. One that cannot go on counts as a hang."""
        try:
            self._run(plan)
        except Stuck as stuck:
            self.hangs.append(str(stuck))

    def _run(self, plan: Sequence[str]) -> None:
        during = [kind for kind in plan if kind not in AFTERWARDS]
        for number, kind in enumerate(during):
            # Of what is left: the run goes on while a part of it is broken. Not at once after
            # another: there is to be work under way.
            asked = len({line.key for line in self._site.received()})
            share = (self._reference.calls - asked) / (len(during) - number + 1)
            if not self._until(asked + max(1, round(share * self._draw.random()))):
                break
            self._strike(kind)
        self._until(None)
        for kind in plan:
            if kind in AFTERWARDS:
                self._strike(kind)
                self._until(None)

    def figures(self) -> Figures:
        """The account, once the run is over and `close` was called."""
        received = [line.key for line in self._site.received()]
        dataset = fingerprint(self._site.job.run / "dataset")
        return Figures(
            faults=len(self.faults),
            by_kind=dict(sorted(Counter(fault.kind for fault in self.faults).items())),
            identical=dataset == self._reference.dataset != "",
            repeated=len(received) - len(set(received)),
            in_flight=sum(len(fault.under_way) for fault in self.faults),
            unexplained=len(self._unexplained()),
            hangs=len(self.hangs),
            orphans=len(self.orphans),
            lost=_planned(self._site) - recorded(self._site.job.run)[2],
            broken=self._broken,
            restarts=len(self._site.job.cradles) - 1,
            calls=self._reference.calls,
            seconds=round(time.monotonic() - self._began, 1),
        )

    def _unexplained(self) -> list[str]:
        last: dict[str, float] = {}
        keys = []
        for line in self._site.received():
            before = last.get(line.key)
            if before is not None and not any(
                fault.began <= line.at and fault.ended >= before for fault in self.faults
            ):
                keys.append(line.key)
            last[line.key] = line.at
        return keys

    def _strike(self, kind: str) -> None:
        site = self._site
        published = fingerprint(site.job.run / "dataset")
        fault = Fault(kind, [], time.monotonic(), under_way=site.under_way())
        self.faults.append(fault)
        for said in self._strikes[kind](site, self._draw):
            fault.said.append(said)
            fault.under_way |= site.under_way()
        fault.under_way |= site.under_way()
        fault.ended = self._moved = time.monotonic()
        self._vain = 0
        self._broken += published != fingerprint(site.job.run / "dataset") and bool(published)

    def _until(self, calls: int | None) -> bool:
        """Run until so many different requests were received; False when the run is done."""
        site = self._site
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
        site = self._site
        reached = site.progress()[:3]
        self._vain = self._vain + 1 if reached == self._reached else 0
        self._reached = reached
        if self._vain > _VAIN:
            raise Stuck(f"started in vain:\n{site.job.output()[-3000:]}")
        site.start(on_cluster=site.cluster is not None and self._draw.random() < 0.3)

    def _watch(self) -> None:
        """Count a hang, and end it."""
        seen = self._site.progress()
        if seen != self._seen:
            self._seen, self._moved = seen, time.monotonic()
        elif time.monotonic() - self._moved > _HANG:
            last = self.faults[-1] if self.faults else None
            self.hangs.append(f"hang after {last.kind} {last.said}" if last else "hang")
            self._site.kill_driver()
            self._moved = time.monotonic()

    def close(self) -> None:
        """See what is left behind: processes, containers, nodes of Ray."""
        site = self._site
        if site.cluster:
            site.cluster.end()
        deadline = time.monotonic() + _FAREWELL
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.5)
        self.orphans = [*site.left_behind, *left]

    def _left(self) -> list[str]:
        containers = self._site.engine.containers() if self._site.engine else []
        return [line[:100] for line in self._site.living().values()] + containers


def undisturbed(site: Site) -> Reference:
    """Run `site` to its end."""
    Campaign(site, Reference("", 0), random.Random(0)).run([])
    return Reference(fingerprint(site.job.run / "dataset"), len(site.received()))


def _planned(site: Site) -> int:
    """Trees that the run was to grow."""
    lines = site.job.output().splitlines()
    line = next(line for line in lines if line.startswith("seed gsm8k"))
    return int(line.split()[-2])
