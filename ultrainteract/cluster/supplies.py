"""The models of a run as one worker asks them: how much they take, and what they report."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping

from ultrainteract.cluster.rounds import Work
from ultrainteract.report.snapshot import Count
from ultrainteract.sampling.base import ReplicaLoad, Supply
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.scripted import ScriptedSampler

# Trees under way at once in a worker that is set no number: a bound for memory alone.
MOST_TREES = 2048


class Supplies:
    """A supply for each model that has a role, by the name that the configuration gives it."""

    def __init__(
        self,
        work: Work,
        parked: Callable[[str], None],
        begin: Callable[[], Awaitable[None]] | None,
    ) -> None:
        """`parked` and `begin` as `Fleet` takes them."""
        self._by_name = _supplies(work, parked, begin)
        self._first = [self._by_name[work.config.roles.actors[0]]]
        if work.config.select.sieves:
            self._first.append(self._by_name[work.config.filter])
        self._retries: Counter[Count] = Counter()

    def __getitem__(self, name: str) -> Supply:
        return self._by_name[name]

    def items(self) -> Iterable[tuple[str, Supply]]:
        """Names and supplies."""
        return self._by_name.items()

    def room(self) -> int:
        """How many more trees would be sampled from at once.

        None where a model has more requests waiting than it gets at once: there trees pile up
        already, whatever the model that they begin with would take.
        """
        if any(_overrun(supply.load()) for supply in self._by_name.values()):
            return 0
        return max(0, min(supply.wants() for supply in self._first))

    def gauges(self) -> dict[Count, float]:
        """What is under way at each replica."""
        gauges: dict[Count, float] = {}
        for name, one in self._loads():
            gauges["requests_in_flight", name, one.url] = one.in_flight
            gauges["requests_waiting", name, one.url] = one.waiting
            gauges["requests_limit", name, one.url] = one.limit
        return gauges

    def retries(self) -> Counter[Count]:
        """Requests that were asked again since the last call, by model and reason."""
        total: Counter[Count] = Counter()
        for name, one in self._loads():
            for reason, times in one.retries.items():
                total["retries", name, reason] += times
        new = total - self._retries
        self._retries = total
        return new

    async def drain(self) -> None:
        """As `Supply.drain`, all of them."""
        for supply in self._by_name.values():
            await supply.drain()

    async def close(self) -> None:
        """As `Supply.close`, all of them."""
        for supply in self._by_name.values():
            await supply.close()

    def _loads(self) -> Iterable[tuple[str, ReplicaLoad]]:
        return ((name, one) for name, supply in self._by_name.items() for one in supply.load())


def _overrun(loads: Iterable[ReplicaLoad]) -> bool:
    living = [one for one in loads if one.state == "living"]
    return sum(one.waiting for one in living) > sum(one.limit for one in living)


def _supplies(
    work: Work, parked: Callable[[str], None], begin: Callable[[], Awaitable[None]] | None
) -> Mapping[str, Supply]:
    supplies: dict[str, Supply] = {}
    for name in work.config.used_models():
        model = work.config.models[name]
        if model.kind == "scripted":
            supplies[name] = ScriptedSampler(name, model, begin=begin)
        else:
            supplies[name] = Fleet(name, model, work.endpoints[name], parked, begin)
    return supplies
