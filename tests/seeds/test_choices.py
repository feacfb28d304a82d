"""Options: listed with letters, checked, and readable for those who grade and guard."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.leak.gold import split_options
from ultrainteract.seeds import Skip
from ultrainteract.seeds.choices import choice

texts = st.lists(st.text("abcxyz 0123456789", min_size=1).map(str.strip).filter(bool), min_size=2)


@given(texts.filter(lambda found: len(found) <= 10), st.data())
def test_letter_and_text_name_the_same_option(options: list[str], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(options) - 1))
    made = choice(options, right)
    assert f"\n{made.letter}) {made.value}" in f"\n{made.listed}"
    assert json.loads(made.meta["options"]) == options
    assert options["ABCDEFGHIJ".index(made.letter)] == made.value


def test_the_leak_guard_finds_the_options_in_a_statement() -> None:
    made = choice(["12 km", "a cat", "7/8"], 2)
    body, options = split_options(f"How far?\n\n{made.asked}")
    assert body.startswith("How far?")
    assert options == {"A": "12 km", "B": "a cat", "C": "7/8"}


@pytest.mark.parametrize(
    ("options", "right", "reason"),
    [
        ([], 0, "0 options"),
        (["a"], 0, "1 options"),
        (["a"] * 11, 0, "11 options"),
        (["a", ""], 0, "an empty option"),
        (["a", "b"], 2, "none of those listed"),
        (["a", "b"], -1, "none of those listed"),
    ],
)
def test_what_is_no_choice_is_skipped(options: list[str], right: int, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        choice(options, right)
