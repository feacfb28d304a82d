"""Words, whatever the typesetting, and the runs that two texts share."""

from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.select.words import N, folded, grams, shared, words


def test_typesetting_hides_no_word() -> None:
    assert words("What is $\\frac{1}{2}$ of «Jo's» ﬁsh?") == [
        "what", "is", "frac", "1", "2", "of", "jo", "s", "fish",
    ]  # fmt: skip
    assert words("Straße") == words("STRASSE")
    assert words("snake_case, camelCase") == ["snake_case", "camelcase"]


def test_drawings_are_no_words() -> None:
    assert words("Look:\n[asy]\ndraw((0,0)--(1,1));\n[/asy]\nWhy? [asy] open") == ["look", "why"]


@given(st.lists(st.sampled_from("abc"), max_size=20))
def test_there_is_a_gram_for_each_run_of_words(text: list[str]) -> None:
    assert len(list(grams(text))) == max(0, len(text) - N + 1)


def test_shared_run_is_the_longest_around_the_gram() -> None:
    mine = ["x", "x", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "y"]
    theirs = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "z"]
    assert shared(mine, theirs, 3) == "one two three four five six seven eight nine"
    assert shared(mine, theirs, 0) == ""


def test_numbers_alone_are_shared_by_chance() -> None:
    row = ["draw", "0", "0", "5", "0", "5", "5", "0"]
    assert shared(row, row, 0) == ""
    told = ["draw", "0", "0", "5", "0", "and", "5", "0"]
    assert shared(told, told, 0) == " ".join(told)


def test_folding_changes_white_space_only() -> None:
    assert folded("  A\n\tb  C. ") == "A b C."
