"""Tests of programs: one shape, bounded, each input once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.seeds import Skip
from ultrainteract.seeds import program_tests as pt
from ultrainteract.seeds.program_tests import ProgramTest, as_stream, bounded, paired


def some(count: int, size: int = 1, start: int = 0) -> list[ProgramTest]:
    return [ProgramTest(f"{n:04d}" * size, f"{n}") for n in range(start, start + count)]


def test_public_tests_come_first_and_are_counted() -> None:
    tests = bounded("stdio", some(2), some(3, start=2))
    row = json.loads(tests.json("2.5", "256"))
    assert row["inputs"] == ["0000", "0001", "0002", "0003", "0004"]
    assert row["outputs"] == ["0", "1", "2", "3", "4"]
    assert (row["type"], row["public"], row["seconds"], row["memory_mb"]) == ("stdio", 2, 2.5, 256)
    assert "function" not in row


def test_unknown_limits_are_left_out() -> None:
    assert json.loads(bounded("stdio", some(1), ()).json()).keys() == {
        "type", "inputs", "outputs", "public",
    }  # fmt: skip


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 3000))
def test_bounds_hold_and_every_test_is_kept_or_counted(first: int, more: int, size: int) -> None:
    tests = bounded("stdio", some(first, size), some(more, size, start=first))
    assert len(tests.public) <= pt.PUBLIC_TESTS
    assert len(tests.hidden) <= pt.HIDDEN_TESTS
    for kept, chars in ((tests.public, pt.PUBLIC_CHARS), (tests.hidden, pt.HIDDEN_CHARS)):
        assert sum(len(str(test.input)) for test in kept) <= chars
    assert len(tests.public) + len(tests.hidden) + tests.dropped == first + more


def test_small_tests_are_kept_after_one_that_is_too_large() -> None:
    large = ProgramTest("x" * pt.HIDDEN_CHARS, "1")
    tests = bounded("stdio", (), [large, *some(2)])
    assert (tests.hidden, tests.dropped) == (tuple(some(2)), 1)


def test_hidden_test_with_a_public_input_is_no_further_test() -> None:
    tests = bounded("stdio", some(2), some(3))
    assert (len(tests.public), len(tests.hidden), tests.doubtful) == (2, 1, False)


def test_one_input_with_two_outputs_makes_the_tests_doubtful() -> None:
    assert bounded("stdio", [ProgramTest("1", "2")], [ProgramTest("1", "3")]).doubtful
    assert not bounded("stdio", [ProgramTest("1", "2 3")], [ProgramTest("1", "2  3")]).doubtful


def test_test_that_a_silent_program_passes_is_dropped() -> None:
    tests = bounded("stdio", [ProgramTest("1", " \n")], ())
    assert (bool(tests), tests.dropped, tests.json()) == (False, 1, "")
    assert bounded("call", [ProgramTest([1], [])], (), function="f")


@pytest.mark.parametrize(
    "value",
    [
        {"input": ["1", "2"], "output": ["a", "b"]},
        [{"input": "1", "output": "a"}, {"input": "2", "output": "b"}],
    ],
)
def test_both_shapes_of_tests_are_one(value: object) -> None:
    assert paired(value, "tests") == (ProgramTest("1", "a"), ProgramTest("2", "b"))


def test_absent_tests_are_none() -> None:
    assert paired(None, "tests") == paired({"input": [], "output": []}, "tests") == ()


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"input": ["1"], "output": []}, "field tests has unequal numbers"),
        ({"input": "1", "output": "2"}, "field tests holds no tests"),
        (["1"], "field tests holds no tests"),
        (7, "field tests holds no tests"),
    ],
)
def test_malformed_tests_skip_the_row(value: object, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        paired(value, "tests")


def test_lines_and_numbers_become_what_a_program_reads() -> None:
    assert as_stream(["3", ["1 2", 5]]) == "3\n1 2\n5"
    assert as_stream(None) == ""
