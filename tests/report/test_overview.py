"""An overview is a fold that may be taken apart, put together, and run backwards."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.report.facts import Actions, Asked, Decided, Lost, PairFacts, TreeFacts
from ultrainteract.report.likeness import KEY, SIZE
from ultrainteract.report.overview import LIKENESSES, Overview
from ultrainteract.report.sample import Sample
from ultrainteract.report.surface import Ending, Surface

counts = st.integers(0, 50)
names = st.sampled_from(["a", "b", "c"])
surfaces = st.builds(
    Surface,
    st.integers(0, 5000),
    st.integers(0, 60),
    st.integers(0, 9),
    counts,
    counts,
    st.sampled_from(Ending),
)
likenesses = st.integers(0, 40).map(lambda value: f"{value:0{2 * (KEY + SIZE)}x}")
pairs = st.builds(PairFacts, st.integers(1, 5), surfaces, surfaces, names, likenesses)
forests = st.lists(
    st.builds(
        TreeFacts,
        id=st.integers(0, 10**9).map(str),
        problem_id=names,
        dataset=names,
        environment=names,
        task=names,
        level=names,
        stop=st.sampled_from(["", "max_turns"]),
        turns=st.integers(0, 5),
        actions=st.lists(st.builds(Actions, st.integers(1, 5), names, counts), max_size=3).map(
            tuple
        ),
        first_graded=counts,
        first_correct=counts,
        rules=st.lists(st.builds(Decided, names, names, counts), max_size=3).map(tuple),
        pairs=st.lists(pairs, max_size=3).map(tuple),
        no_pair=st.sampled_from(["", "why"]),
        models=st.lists(
            st.builds(Asked, names, counts, counts, counts, st.floats(0, 1e6)), max_size=2
        ).map(tuple),
        lost=st.lists(st.builds(Lost, names, counts), max_size=2).map(tuple),
        critiques=counts,
        redrawn=counts,
        masked=counts,
    ),
    max_size=8,
)


@given(forests, forests)
@settings(max_examples=40)
def test_what_is_removed_was_never_there(stay: list[TreeFacts], go: list[TreeFacts]) -> None:
    overview = Overview.of([*stay, *go])
    for facts in go:
        overview.remove(facts)
    assert overview == Overview.of(stay)


@given(forests, forests)
@settings(max_examples=40)
def test_parts_merge_into_the_whole_in_any_order(
    one: list[TreeFacts], other: list[TreeFacts]
) -> None:
    whole = Overview.of([*one, *other])
    forth, back = Overview.of(one), Overview.of(other)
    forth.merge(Overview.of(other))
    back.merge(Overview.of(one))
    assert forth == back == whole


def test_a_trees_new_facts_take_the_place_of_its_old_ones() -> None:
    old = TreeFacts(
        *("t", "p", "d", "e", "k", "", "", 1), (), 1, 0, (), (), "no answer", (), (), 0, 0, 0
    )
    new = replace(old, stop="max_turns", turns=3)
    overview = Overview.of([old])
    overview.remove(old)
    overview.add(new)
    assert overview == Overview.of([new])
    assert overview.by("trees") == {"max_turns": 1}


keyed = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5)), max_size=60)


@given(keyed, st.integers(1, 12), st.randoms(use_true_random=False))
def test_a_sample_is_the_same_in_any_order_and_in_parts(
    entries: list[tuple[int, int]],
    most: int,
    chance: random.Random,
) -> None:
    whole: Sample[int] = Sample(most)
    for key, entry in entries:
        whole.add(key, entry)
    shuffled = list(entries)
    chance.shuffle(shuffled)
    cut = len(shuffled) // 3
    parts: list[Sample[int]] = [Sample(most), Sample(most)]
    for place, (key, entry) in enumerate(shuffled):
        parts[place < cut].add(key, entry)
    parts[0].merge(parts[1])
    assert parts[0] == whole
    assert len(whole) == len(list(whole)) <= most


@given(keyed, keyed, st.integers(1, 12))
def test_a_full_sample_holds_nothing_that_was_removed(
    stay: list[tuple[int, int]], go: list[tuple[int, int]], most: int
) -> None:
    sample: Sample[int] = Sample(most)
    for key, entry in [*stay, *go]:
        sample.add(key, entry)
    for key, entry in go:
        sample.remove(key, entry)
    bound = sample.ceiling
    assert sorted(sample) == sorted(entry for key, entry in stay if bound is None or key < bound)


def test_memory_is_bounded_whatever_comes() -> None:
    sample: Sample[int] = Sample(LIKENESSES)
    for number in range(3 * LIKENESSES):
        sample.add(number * 7919 % 2**20, number)
    assert len(sample) <= LIKENESSES


def test_a_sample_whose_entries_come_and_go_forgets_them() -> None:
    sample: Sample[int] = Sample(10)
    for number in range(5000):
        sample.add(number % 5, number)
        sample.remove(number % 5, number)
    assert len(sample) == 0
    assert len(sample._largest) < 200
