"""What counts as the same output, and what does not."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.verify.outputs import compare

CASES = Path(__file__).parents[2] / "../shared/data/grading/stdout_cases.jsonl"


def accepted(expected: str, actual: str) -> bool:
    return compare(expected, actual).judgement == "correct"


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("1 2\n3\n", "1  2 \r\n3"),
        ("3\n9\n", "3 9\n"),
        ("", "\n"),
        ("80", "80.0"),
        ("-7", "-7."),
        ("10000000000000000", "1e+16"),
        ("12345678901234567890", "12345678901234567890.0"),
        ("0.333333", "0.3333333333333333"),
        ("112.00000000", "112"),
        ("0.0", "-0.0"),
        ("0.0000001", "1e-07"),
        ("1000000000000.1", "1000000000000.099976"),
        ("3 0.5", "2.9999999999 0.5"),
        ("YES\nNo", "Yes\nno"),
        ("True", "true"),
        ("YES\nabc", "yes\nABC"),
        (" *\n***", " *  \n***\n"),
        ("  5\n", "5"),
        ("nan", "nan"),
    ],
)
def test_another_form_of_the_output_is_accepted(expected: str, actual: str) -> None:
    assert accepted(expected, actual)


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("5", ""),
        ("", "0"),
        ("1\n2", "2\n1"),
        ("1 1 2", "1 2"),
        ("80", "080"),
        ("80", "80.0000001"),
        ("4999999990", "4999999991"),
        ("4999999990.0", "4999999991"),
        ("1000000000000 0.5", "1000000000001 0.5"),
        ("12345678901234567890", "12345678901234567891.0"),
        ("10000000000000001", "1e+16"),
        ("112.0", "112.0004"),
        ("1624.2867736884", "1624.287173688400"),
        ("abc 123.1", "abc 123"),
        ("abC", "Abc"),
        ("YES\nabC", "YES\nAbC"),
        ("YES", "NO"),
        (" *\n***", "*\n***"),
        ("0.5", "0,5"),
        ("1", "True"),
        ("0011", "11"),
        ("1", "1e999999999"),
        ("7", "\u0667"),
    ],
)
def test_another_output_is_refused(expected: str, actual: str) -> None:
    assert not accepted(expected, actual)


@given(st.integers(), st.integers())
def test_integers_are_equal_only_to_themselves(one: int, other: int) -> None:
    assert accepted(str(one), str(other)) == (one == other)


@given(st.text(), st.text())
def test_any_two_texts_are_judged_and_equal_ones_are_equal(one: str, other: str) -> None:
    assert accepted(one, one)
    assert accepted(one, one + "\n")
    assert compare(one, other).judgement in {"correct", "incorrect"}


def test_digits_beyond_the_limit_of_int_are_compared_exactly() -> None:
    long = "7" * 100_000
    assert accepted(long, long + ".0")
    assert not accepted(long, long[:-1] + "8")
    assert not accepted("1." + long, "1." + long[:-1] + "8")


def test_megabytes_are_compared() -> None:
    numbers = "\n".join(map(str, range(500_000)))
    assert accepted(numbers, numbers.replace("\n", " "))
    assert not accepted(numbers, numbers + " 1")
    assert not accepted("1" * 5_000_000, "1." * 2_500_000)


def test_a_reason_names_no_expected_word() -> None:
    finding = compare("secret 1", "other 1")
    assert "secret" not in finding.reason
    assert finding.reason == "word 1 of 2 differs"


@pytest.mark.skipif(not CASES.exists(), reason="needs the shared cases")
def test_the_shared_cases_are_judged_as_labelled() -> None:
    rows = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    assert rows
    wrong = [row for row in rows if accepted(row["expected"], row["actual"]) != row["label"]]
    assert not wrong
