"""Returned values against expected JSON."""

from collections import deque

import pytest

from ultrainteract.programs.suite import Call
from ultrainteract.programs.values import agrees, same
from ultrainteract.types import JSON


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ((1, 2), [1, 2]),
        (deque([1]), [1]),
        ([(1, "a")], [[1, "a"]]),
        (0.1 + 0.2, 0.3),
        (1e9 + 1e-4, 1e9),
        (3, 3.0),
        (3.0, 3),
        (True, 1),
        ({1: "a"}, {"1": "a"}),
        (10**400, 10**400),
        (float("inf"), float("inf")),
        (None, None),
    ],
)
def test_equal_values_agree(got: object, wanted: object) -> None:
    assert same(got, wanted)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        (10**20 + 1, 10**20),
        (10**400, 1.5),
        (3.0000001, 3),
        (0.3001, 0.3),
        ("3", 3),
        (3, "3"),
        (None, 0),
        (0, None),
        ({1, 2}, [1, 2]),
        ("ab", ["a", "b"]),
        ({"a": 1}, {"a": 1, "b": 2}),
        (float("nan"), 1.0),
        (float("inf"), 1e300),
        (True, 2.0),
        (b"a", "a"),
    ],
)
def test_other_values_do_not(got: object, wanted: object) -> None:
    assert not same(got, wanted)


@pytest.mark.parametrize(
    ("returns", "wrapped", "agreed"),
    [([5], True, True), ([5], False, False), ([5, 6], True, False)],
)
def test_a_list_of_one_is_opened_only_where_the_dataset_wraps(
    returns: JSON, wrapped: bool, agreed: bool
) -> None:
    assert agrees(5, Call((), returns, wrapped=wrapped)) == agreed
