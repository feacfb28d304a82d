"""The limit, against models of servers on a clock of their own: no time passes."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from ultrainteract.sampling.gauges import Gauges
from ultrainteract.sampling.pace import START, Pace


@dataclass
class World:
    """Always more to ask than the pace lets go. `latency` gives seconds and tokens of a reply, from
    how many are there; above `capacity` one is refused; `places` is what runs at once."""

    latency: Callable[[int], tuple[float, float]]
    capacity: int = 10**9
    places: int = 0
    now: float = 0.0
    in_flight: int = 0
    replies: int = 0
    refusals: list[float] = field(default_factory=list)
    limits: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pace = Pace(lambda: self.now)

    def run(self, seconds: float) -> None:
        events: list[tuple[float, int, int, float, float]] = []
        look, number = 0.25, 0
        while self.now < seconds:
            while self.in_flight < self.pace.limit:
                self.in_flight += 1
                epoch, number = self.pace.sent(self.in_flight), number + 1
                if self.in_flight > self.capacity:
                    heapq.heappush(events, (self.now + 0.01, number, epoch, -1.0, 0.0))
                    continue
                took, tokens = self.latency(self.in_flight)
                heapq.heappush(events, (self.now + took, number, epoch, took, tokens))
            self.now, _, epoch, took, tokens = heapq.heappop(events)
            self.in_flight -= 1
            if took < 0:
                self.refusals.append(self.now)
                self.pace.refused(epoch, self.in_flight + 1, for_load=True)
            else:
                self.replies += 1
                self.pace.answered(epoch, took, tokens)
            self.limits.append((self.now, self.pace.limit))
            if self.places and self.now >= look:
                look = self.now + 0.25
                running = min(self.places, self.in_flight)
                gauges = Gauges(running, self.in_flight - running)
                self.pace.gauged(gauges, self.in_flight, self.in_flight)

    def after(self, seconds: float) -> list[int]:
        return [limit for at, limit in self.limits if at >= seconds]


def steady(_: int) -> tuple[float, float]:
    return 0.2, 20.0


def noisy(seed: int) -> Callable[[int], tuple[float, float]]:
    """Replies of very different lengths, each token at its own speed."""
    lots = random.Random(seed)

    def latency(_: int) -> tuple[float, float]:
        tokens = lots.lognormvariate(3.5, 1.0)
        return 0.1 + tokens * 0.01 * lots.lognormvariate(0, 0.5), tokens

    return latency


def crowded(best: int) -> Callable[[int], tuple[float, float]]:
    """Above `best` at once nothing comes faster, each only waits longer."""
    return lambda there: (0.2 * max(1.0, there / best), 20.0)


def test_it_starts_modestly_and_fills_an_endpoint_of_200_ms_within_a_second() -> None:
    world = World(steady)
    assert world.pace.limit == START
    world.run(1.0)
    assert world.pace.limit >= 256


@pytest.mark.parametrize("seed", range(8))
def test_noisy_latency_lets_it_grow_and_never_collapse(seed: int) -> None:
    world = World(noisy(seed))
    world.run(60)
    late = sorted(world.after(30))
    assert late[len(late) // 2] >= 512
    assert late[0] >= 128


@pytest.mark.parametrize("best", [40, 100, 300])
def test_where_more_at_once_brings_nothing_it_stays_near_what_does(best: int) -> None:
    world = World(crowded(best))
    world.run(120)
    late = sorted(world.after(60))
    assert best * 0.7 <= late[len(late) // 2] <= best * 2
    assert late[0] >= best * 0.5


@pytest.mark.parametrize("capacity", [1, 5, 50, 100, 700])
def test_it_settles_below_the_number_above_which_a_server_refuses(capacity: int) -> None:
    world = World(steady, capacity=capacity)
    world.run(180)
    late = world.after(60)
    # It tries again now and then, ever more seldom.
    assert sum(limit <= capacity for limit in late) >= 0.98 * len(late)
    assert sum(at >= 60 for at in world.refusals) <= 0.01 * world.replies
    assert sum(late) / len(late) >= 0.7 * capacity


@pytest.mark.parametrize("places", [8, 64, 512])
def test_a_queue_that_the_server_shows_is_kept_short_and_its_places_full(places: int) -> None:
    world = World(lambda there: (0.2 * max(1.0, there / places), 20.0), places=places)
    world.run(60)
    late = world.after(30)
    assert min(late) >= places
    assert max(late) <= 2 * places


def test_a_queue_of_a_moment_is_no_reason_to_shrink() -> None:
    now = 0.0
    pace = Pace(lambda: now)
    for number in range(40):
        now = number * 0.5
        pace.gauged(Gauges(32, 100 if number % 3 else 0), 32, 32)
    assert pace.limit >= START


def test_preemptions_shrink_it_once_for_each_time_that_it_comes_to_bear() -> None:
    pace = Pace(lambda: 0.0)
    pace.gauged(Gauges(32, 0, 0.99, preemptions=5), 32, 32)
    assert pace.limit == START
    pace.gauged(Gauges(32, 0, 0.99, preemptions=6), 32, 32)
    assert pace.limit == 28
    pace.gauged(Gauges(32, 0, 0.99, preemptions=9), 32, 32)
    assert pace.limit == 28


def test_refusals_of_one_burst_count_once_and_one_that_is_not_ready_sets_no_ceiling() -> None:
    world = World(steady)
    epoch = world.pace.sent(32)
    for _ in range(32):
        world.pace.refused(epoch, 32, for_load=False)
    assert world.pace.limit == 22
    world.run(1.0)
    assert world.pace.limit >= 256


def test_without_demand_it_does_not_grow() -> None:
    pace = Pace(lambda: 0.0)
    for _ in range(1000):
        pace.answered(pace.sent(3), 0.2, 20)
    assert pace.limit == START
