"""The time left is right on average, and its bounds hold about as often as they say."""

import heapq
import random
import statistics
from collections.abc import Callable

import pytest

from ultrainteract.report.left import Course

Draw = Callable[[random.Random], float]


def by_turns(rng: random.Random) -> float:
    """Seconds of a tree of one to five turns, as trees are."""
    turns = 1
    while turns < 5 and rng.random() > 0.3:
        turns += 1
    return sum(rng.gammavariate(4, 5) for _ in range(turns))


def alike(rng: random.Random) -> float:
    """Of a tree that takes about as long as any other."""
    return rng.uniform(50, 70)


def run(trees: int, lanes: int, draw: Draw, rng: random.Random) -> list[tuple[float, float]]:
    """When each tree began and ended, in the order of ends."""
    free = [0.0] * lanes
    told = []
    for _ in range(trees):
        begin = heapq.heappop(free)
        end = begin + draw(rng)
        heapq.heappush(free, end)
        told.append((begin, end))
    return sorted(told, key=lambda one: one[1])


def watched(told: list[tuple[float, float]], until: float, every: float = 2.0) -> Course:
    """What was seen until a moment, looked at every few seconds."""
    course, ended, at = Course(), 0, 0.0
    while at <= until:
        while ended < len(told) and told[ended][1] <= at:
            begin, end = told[ended]
            course.ended(end - begin)
            ended += 1
        growing = sum(begin <= at < end for begin, end in told)
        course.mark(at, growing, len(told) - ended)
        at += every
    return course


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("trees", "lanes", "draw"), [(300, 16, by_turns), (60, 4, by_turns), (120, 8, alike)]
)
def test_the_bounds_hold_nine_of_ten_runs(trees: int, lanes: int, draw: Draw, share: float) -> None:
    rng, held, ratios = random.Random(f"{trees} {share}"), 0, []
    runs = 40
    for _ in range(runs):
        told = run(trees, lanes, draw, rng)
        moment = told[int(share * trees)][1] + 1
        truth = told[-1][1] - moment
        known = sum(end <= moment for _, end in told)
        found = watched(told, moment).left(trees - known)
        assert found
        assert found.least <= found.expected <= found.most
        held += found.least - 2 <= truth <= found.most + 2
        ratios.append(found.expected / truth)
    assert held >= 0.85 * runs
    assert 0.7 < statistics.median(ratios) < 1.5


def test_a_run_that_slowed_down_is_judged_by_what_it_does_now() -> None:
    course, at = Course(), 0.0
    for pause in [1.0] * 200 + [10.0] * 60:
        at += pause
        course.ended(pause)
        course.mark(at, 1, 100)
    left = course.left(100)
    assert left
    assert left.expected == pytest.approx(1000, rel=0.15)


def test_before_the_first_tree_nobody_knows_and_after_the_last_none_is_left() -> None:
    course = Course()
    course.mark(1.0, 4, 10)
    course.mark(9.0, 4, 10)
    assert course.left(10) is None
    course.ended(8.0)
    course.mark(11.0, 4, 9)
    assert course.left(9) is not None
    assert course.left(0) == (0, 0, 0)


def test_trees_that_ended_before_the_first_look_tell_no_rate() -> None:
    course = Course()
    course.ended(0.1)
    course.mark(1.0, 1, 20)
    course.mark(9.0, 1, 20)
    assert course.left(20) is None
    course.ended(3.0)
    course.mark(10.0, 1, 19)
    assert course.left(19) is not None


def test_a_course_of_any_length_takes_the_same_room() -> None:
    course = Course()
    for second in range(200_000):
        course.ended(1.0)
        course.mark(float(second), 1, 300_000 - second)
    left = course.left(100_000)
    assert left
    assert left.expected == pytest.approx(100_000, rel=0.05)
    assert len(course._marks) <= 129
    assert len(course._ordered) == 1000
