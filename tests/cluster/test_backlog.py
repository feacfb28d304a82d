"""Each tree is held by one worker at a time; a lost worker's trees wait again."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.cluster.backlog import GUILTY, SUSPECT, Backlog
from ultrainteract.types import Instruction, Reference, Task


def instruction(number: int) -> Instruction:
    name = f"{number:016x}"
    return Instruction(name, name, "d", "math_cot", Task.MATH_COT, "?", "?", Reference("1"))


def backlog(count: int, touched: set[str] | None = None) -> Backlog:
    source = (instruction(number) for number in range(count))
    return Backlog(source, count, lambda trees: set(trees) & (touched or set()))


@given(st.integers(0, 700), st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=30))
def test_every_tree_is_handed_out_until_it_is_done_and_never_twice_at_once(
    count: int, rounds: list[tuple[int, bool]]
) -> None:
    trees, held, done = backlog(count), set[str](), set[str]()
    for wanted, loses in [*rounds, *[(64, False)] * (count + 1)]:
        taken = {one.tree for one in trees.take(wanted, 1)}
        assert not taken & (held | done)
        held |= taken
        if loses:
            trees.lost(held, died=False)
        else:
            assert all(trees.done(tree) for tree in held)
            done |= held
        held = set()
    assert trees.finished
    assert len(done) == count


def test_workers_share_what_is_left() -> None:
    trees = backlog(8)
    assert len(trees.take(64, 2)) == 4
    assert len(trees.take(64, 2)) == 2


def test_only_trees_without_effects_are_fresh() -> None:
    known = instruction(1).id
    trees = backlog(3, {known})
    taken = trees.take(64, 1)
    assert [one.fresh for one in taken] == [True, False, True]
    trees.lost([one.tree for one in taken], died=True)
    assert not any(one.fresh for one in trees.take(64, 1))


def test_older_trees_go_first_again() -> None:
    trees = backlog(6)
    first, second = trees.take(2, 1), trees.take(2, 1)
    trees.lost([one.tree for one in second], died=True)
    trees.lost([one.tree for one in first], died=True)
    assert [one.order for one in trees.take(64, 1)] == [0, 1, 2, 3, 4, 5]


def test_a_tree_that_kills_its_workers_is_found_and_the_others_are_grown() -> None:
    trees, killer, given_up, grown = backlog(20), instruction(7).id, [], set()
    for _ in range(200):
        taken = trees.take(64, 1)
        if any(one.tree == killer for one in taken):
            assert sum(one.deaths >= SUSPECT for one in taken) <= 1
            given_up += trees.lost([one.tree for one in taken], died=True)
        else:
            grown |= {one.tree for one in taken if trees.done(one.tree)}
    assert [one.tree for one in given_up] == [killer]
    assert given_up[0].deaths == GUILTY
    assert len(grown) == 19
    assert trees.finished


def test_a_suspect_that_must_wait_for_another_is_not_on_offer() -> None:
    trees = backlog(2)
    for _ in range(SUSPECT):
        trees.lost([one.tree for one in [*trees.take(2, 1), *trees.take(2, 1)]], died=True)
    assert trees.open == 2
    (first,) = trees.take(2, 1)
    assert (trees.take(2, 1), trees.waiting, trees.open) == ([], 1, 0)
    trees.done(first.tree)
    assert trees.open == 1


def test_a_report_of_a_worker_that_was_taken_for_dead_does_not_count() -> None:
    trees = backlog(1)
    (one,) = trees.take(1, 1)
    trees.lost([one.tree], died=True)
    assert not trees.done(one.tree)
    assert trees.waiting == 1


async def test_who_waits_for_a_change_hears_of_it() -> None:
    trees = backlog(1)
    (one,) = trees.take(1, 1)
    waiting = asyncio.create_task(trees.changed())
    await asyncio.sleep(0)
    trees.done(one.tree)
    await asyncio.wait_for(waiting, 60)
