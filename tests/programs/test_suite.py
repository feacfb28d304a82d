"""Rows of tests become suites, and back."""

import pytest

from ultrainteract.errors import UserError
from ultrainteract.programs.suite import (
    AssertSuite,
    Call,
    CallSuite,
    Stdio,
    StdioSuite,
    Suite,
    read_suite,
)

SUITES: list[tuple[dict[str, object], Suite]] = [
    (
        {"type": "stdio", "inputs": ["1\n", "3"], "outputs": ["2\n", "4"], "seconds": 2.5}
        | {"public": 1, "memory_mb": 768},
        StdioSuite((Stdio("1\n", "2\n", 2.5, public=True), Stdio("3", "4", 2.5)), memory_mb=768),
    ),
    ({"type": "stdio", "inputs": [], "outputs": []}, StdioSuite(())),
    (
        {"type": "call", "function": "f", "inputs": [[1, [2], {"a": None}], []]}
        | {"outputs": [[3, 4], 7.5]},
        CallSuite("f", (Call((1, [2], {"a": None}), [3, 4]), Call((), 7.5))),
    ),
    (
        {"type": "call", "function": "f", "inputs": [["a"]], "outputs": [[False]]},
        CallSuite("f", (Call(("a",), [False], wrapped=True),)),
    ),
    (
        {"type": "assert", "code": "assert f(1) == 2", "entry_point": "f", "seconds": 3}
        | {"memory_mb": 512, "public": 1},
        AssertSuite("assert f(1) == 2", "f", seconds=3.0, memory_mb=512, public=True),
    ),
]


@pytest.mark.parametrize(("row", "suite"), SUITES)
def test_a_suite_is_read_as_its_row_says(row: dict[str, object], suite: Suite) -> None:
    assert read_suite(row) == suite


def test_shapes_are_told_without_a_type() -> None:
    taco = {"fn_name": "Solution.f", "inputs": [[[1, 2]]], "outputs": [3]}
    assert read_suite(taco) == CallSuite("f", (Call(([1, 2],), 3),))
    assert read_suite({"code": "assert f()"}) == AssertSuite("assert f()")
    lines = {"inputs": [["1", "2"]], "outputs": ["3"]}
    assert read_suite(lines) == StdioSuite((Stdio("1\n2", "3"),))


def test_missing_limits_are_the_usual_ones() -> None:
    suite = read_suite({"inputs": [""], "outputs": ["1"], "seconds": None, "memory_mb": 0})
    assert suite == StdioSuite((Stdio("", "1"),))


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"type": "riddle", "inputs": [], "outputs": []}, "unknown shape of tests 'riddle'"),
        ({"type": "stdio"}, "lists of inputs and outputs"),
        ({"inputs": ["1"], "outputs": []}, "1 inputs and 0 outputs"),
        ({"type": "call", "inputs": [], "outputs": []}, "call with function"),
        ({"code": "", "seconds": "fast"}, "seconds is 'fast'"),
    ],
)
def test_a_row_that_is_no_suite_is_refused_with_the_reason(
    row: dict[str, object], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        read_suite(row)
