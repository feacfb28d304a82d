"""Texts that are nearly the same are found, others are not, and no text is kept."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.report.likeness import KEY, SIZE, near_duplicates, signature


def marked(texts: list[str], groups: list[int] | None = None) -> list[bool]:
    rows = np.frombuffer(b"".join(map(signature, texts)), np.uint8).reshape(len(texts), -1)
    return list(near_duplicates(rows, np.array(groups or range(len(texts)), np.int64)))


def words(seed: int, count: int = 200) -> list[str]:
    drawn = random.Random(seed)
    return [f"w{drawn.randrange(5000)}" for _ in range(count)]


@given(st.text())
def test_any_text_has_a_signature_of_one_size(text: str) -> None:
    assert len(signature(text)) == KEY + SIZE
    assert marked([text, text]) == [False, True]


def test_one_word_of_two_hundred_makes_no_difference_and_half_of_them_do() -> None:
    texts = []
    for seed in range(40):
        one, other = words(seed), words(seed)
        other[100] = "changed"
        half = words(seed)[:100] + words(seed + 1000)[:100]
        texts += [" ".join(it) for it in (one, other, half)]
    found = marked(texts)
    assert sum(found[1::3]) >= 38
    assert sum(found[2::3]) == 0
    assert sum(found[0::3]) == 0


def test_texts_of_one_group_are_no_duplicates_of_each_other() -> None:
    assert marked(["a b c d e f"] * 3, [7, 7, 8]) == [False, False, True]


def test_a_difference_in_white_space_or_case_is_none() -> None:
    assert marked(["Add the two  numbers of it", "add the TWO numbers\nof it"]) == [False, True]


def test_nothing_is_found_in_nothing() -> None:
    empty = near_duplicates(np.zeros((0, KEY + SIZE), np.uint8), np.zeros(0, np.int64))
    assert list(empty) == []
