"""Values cross as they are, or not at all."""

import math
import re
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.programs.wire import ROOM, Reader, Uncrossable, Writer, foreign

Point = namedtuple("Point", "x y")  # noqa: PYI024
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.complex_numbers(allow_nan=False)
    | st.fractions(),
    lambda parts: (
        st.lists(parts)
        | st.tuples(parts, parts)
        | st.dictionaries(st.text() | st.integers() | st.tuples(st.integers()), parts)
    ),
    max_leaves=20,
)


class Colour(IntEnum):
    RED = 3


class Always(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


def read(text: str) -> object:
    return Reader(lambda tag, _: foreign(tag), rich=True).read(text)


def crossed(value: object) -> object:
    return read(Writer().write(value))


@given(plain)
def test_a_plain_value_comes_back_equal_and_of_its_type(value: object) -> None:
    back = crossed(value)
    assert back == value
    assert repr(back) == repr(value)


@pytest.mark.parametrize(
    "value",
    [
        10**5000, -(2**63), bytearray(b"x"), {1, (2, "a")}, frozenset("ab"), range(1, 9, 2),
        deque([1, 2]), Counter("aab"), OrderedDict(b=1, a=2), Decimal("1.10"), Fraction(1, 3),
        -0.0, "\ud800", {None: []},
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_richer_values_cross_too(value: object) -> None:
    back = crossed(value)
    assert type(back) is type(value)
    assert back == value


def test_values_that_are_no_numbers_keep_their_kind() -> None:
    assert math.isnan(crossed(math.nan))  # type: ignore[arg-type]
    assert crossed([math.inf, -math.inf]) == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("value", "base"),
    [(Colour.RED, 3), (Point(1, 2), (1, 2)), (defaultdict(int, a=1), {"a": 1}), (Always(5), 5)],
)
def test_a_subclass_crosses_as_its_plain_base(value: object, base: object) -> None:
    back = crossed(value)
    assert type(back) is type(base)
    assert back == base


def test_a_match_crosses_as_a_match() -> None:
    back = crossed(re.search(r"b+", "abbc"))
    assert isinstance(back, re.Match)
    assert back.span() == (1, 3)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (object(), "type object"),
        ([lambda: 0], "type function"),
        (iter([1]), "type list_iterator"),
        ("x" * ROOM, "larger"),
        (1 << (8 * ROOM), "larger"),
    ],
    ids=["object", "function", "iterator", "text", "integer"],
)
def test_what_cannot_cross_says_why(value: object, reason: str) -> None:
    with pytest.raises(Uncrossable, match=reason):
        Writer().write(value)


def test_a_value_that_holds_itself_is_too_deep() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(Uncrossable, match="nested"):
        Writer().write(loop)


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "[" * 100_000, '{"int":"zz"}', '{"a":1,"b":2}', "{}", '{"set":[[1]]}', "1" * 5000,
        '{"range":[1,2,0]}', '{"bytes":3}', '{"fraction":[1,0]}', '{"unheard":1}', '{"dict":[1]}',
        '{"match":["(","",0,0]}', '{"numpy":["system","x"]}', '{"decimal":["x"]}',
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_a_forged_text_is_unreadable_and_nothing_worse(text: str) -> None:
    with pytest.raises(Uncrossable):
        read(text)
