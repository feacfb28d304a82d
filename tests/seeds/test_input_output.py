"""TACO's and APPS' input_output: standard input, calls, and what cannot be carried."""

import json

import pytest

from ultrainteract.seeds import Row, Skip
from ultrainteract.seeds.input_output import input_output_tests
from ultrainteract.seeds.program_tests import ProgramTests

METHOD = "class Solution:\n    def f(self, x):\n        "


def read(content: object, starter: str = "", statement: str = "") -> ProgramTests:
    text = content if isinstance(content, str) else json.dumps(content)
    return input_output_tests(Row(input_output=text, starter_code=starter), statement)


def call(inputs: object, outputs: object, starter: str = METHOD) -> ProgramTests:
    return read({"fn_name": "f", "inputs": inputs, "outputs": outputs}, starter)


def values(tests: ProgramTests) -> list[tuple[object, object]]:
    return [(test.input, test.output) for test in (*tests.public, *tests.hidden)]


def test_input_shown_by_the_statement_is_public() -> None:
    content = {"inputs": ["9 9\n", "3\n1 2 3\n"], "outputs": ["18", "6"]}
    tests = read(content, statement="Sum.\nExample\n3\n 1 2 3")
    assert [test.output for test in tests.public] == ["6"]
    assert [test.output for test in tests.hidden] == ["18"]


def test_lists_of_lines_are_joined() -> None:
    tests = read({"inputs": [["2", "1 2"]], "outputs": [["3", "4"]]})
    assert values(tests) == [("2\n1 2", "3\n4")]


@pytest.mark.parametrize("content", ["", "  ", "{}", '{"inputs": [], "outputs": []}', "null"])
def test_empty_field_holds_no_tests(content: str) -> None:
    assert not read(content)


def test_output_of_a_method_is_the_value_itself() -> None:
    assert values(call([[[1, 2], 3]], [[9]])) == [([[1, 2], 3], [9])]
    assert call([[1]], [2]).function == "f"


def test_output_of_a_plain_function_stands_in_a_list_of_one() -> None:
    assert values(call([[1], [2]], [[False], [[3]]], "def f(x):\n\t")) == [
        ([1], False),
        ([2], [3]),
    ]
    assert values(call([[1], [2]], [[1, 2], [3]], "def f(x):\n\t"))[1] == ([2], [3])


def test_arguments_as_lines_of_json_are_read() -> None:
    assert values(call(['[1, 2]\n"a"'], [5])) == [([[1, 2], "a"], 5)]


def test_quoted_strings_stay_and_make_the_tests_doubtful() -> None:
    tests = call([['"abba"']], [True])
    assert (values(tests), tests.doubtful) == ([(['"abba"'], True)], True)
    assert not call([["abba"]], [True]).doubtful
    assert not call([['"abba"']], [[True]], "def f(x):\n\t").doubtful


@pytest.mark.parametrize("number", ["9" * 4301, "NaN", "-Infinity"])
def test_number_that_json_cannot_carry_costs_its_test_only(number: str) -> None:
    content = f'{{"fn_name": "f", "inputs": [[1], [{number}]], "outputs": [2, 3]}}'
    tests = read(content, METHOD)
    assert (values(tests), tests.dropped) == ([([1], 2)], 1)
    json.loads(tests.json())


def test_large_integer_that_fits_is_exact() -> None:
    digits = "7" * 4000
    tests = read(f'{{"fn_name": "f", "inputs": [[{digits}]], "outputs": [1]}}', METHOD)
    assert values(tests) == [([int(digits)], 1)]


@pytest.mark.parametrize(
    ("content", "starter", "reason"),
    [
        ("{broken", "", "field input_output is not valid JSON"),
        ("[" * 100_000, "", "field input_output is not valid JSON"),
        ("[1]", "", "field input_output is not an object"),
        ({"inputs": ["1"], "outputs": []}, "", "unequal numbers of inputs and outputs"),
        ({"inputs": "1", "outputs": "2"}, "", "field input_output holds no lists"),
        ({"inputs": ["n = 5\narr[] = {5}"], "outputs": ["1"]}, METHOD, "nor call a function"),
        ({"fn_name": 3, "inputs": [], "outputs": []}, "", "a fn_name that is no name"),
        ({"fn_name": "os.system", "inputs": [], "outputs": []}, "", "a fn_name that is no name"),
        ({"fn_name": "f", "inputs": [1], "outputs": [1]}, "", "arguments that are no list"),
    ],
)
def test_malformed_field_skips_the_row(content: object, starter: str, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        read(content, starter)


def test_absent_field_is_named() -> None:
    with pytest.raises(Skip, match="missing field input_output"):
        input_output_tests(Row(question="q"), "q")
