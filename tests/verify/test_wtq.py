import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.wtq import decide, normalise


def judged(predicted: str, gold: str, *canonical: str) -> str:
    finding = decide(predicted, gold, Context(canonical=canonical) if canonical else NOTHING)
    assert finding is not None
    return finding.judgement


@pytest.mark.parametrize(
    ("predicted", "gold", "canonical"),
    [
        ("italy", "Italy", "Italy"),
        ("Yo Te Estare Cuidando.", "Yo Te Estaré Cuidando", ""),
        ("Van", "Van (e.g. Ford)[2]", ""),
        ('"Blue Train (live)".', '"Blue Train (live)"', ""),
        ("['Italy']", "Italy", ""),
        ("17", "17 years", "17.0"),
        ("17", "17 years", ""),
        ("17 years", "17", "17.0"),
        ("1,974", "1974", "1974.0"),
        ("1974.0", "1974", ""),
        ("1560000000", "$1.56 billion", "1560000000.0"),
        ("$1.56 billion", "1560000000", ""),
        ("three", "3", "3.0"),
        ("1", "1st", ""),
        ("1995-01-26", "January 26, 1995", "1995-01-26"),
        ("26 January 1995", "January 26, 1995", ""),
        ("Jan 26th, 1995", "1995-01-26", ""),
        ("xxxx-08-31", "August 31", "xxxx-08-31"),
        ("2011-10-xx", "October 2011", "2011-10-xx"),
        ("2000", "2000-xx-xx", ""),
        ("1982-1985", "1982\u20131985", "1982-1985"),
    ],
)
def test_one_item_matches_as_text_number_or_date(predicted: str, gold: str, canonical: str) -> None:
    assert judged(predicted, gold, *([canonical] if canonical else [])) == "correct"


@pytest.mark.parametrize(
    ("predicted", "gold", "canonical"),
    [
        ("Lake", "Lake of Fire", ""),
        ("Lake of Fire|Lake of Fire 2", "Lake of Fire", ""),
        ("18", "17 years", "17.0"),
        ("17000", "17", ""),
        ("1995-01-27", "January 26, 1995", "1995-01-26"),
        ("1990-08-31", "August 31", "xxxx-08-31"),
        ("1995", "January 26, 1995", ""),
        ("inf", "5", ""),
        ("", "5", ""),
    ],
)
def test_anything_else_is_incorrect(predicted: str, gold: str, canonical: str) -> None:
    assert judged(predicted, gold, *([canonical] if canonical else [])) == "incorrect"


@pytest.mark.parametrize(
    "form",
    [
        *("13.8|13.5|13.9", "13.8, 13.5, 13.9", "13.5; 13.8; 13.9", "13.5\n13.8\n13.9"),
        *("[13.5, 13.8, 13.9]", "['13.5', '13.8', '13.9']", "13.5, 13.8 and 13.9"),
    ],
)
def test_a_list_has_no_order_and_any_separator(form: str) -> None:
    assert judged(form, "13.5|13.8|13.9", "13.5", "13.8", "13.9") == "correct"


@pytest.mark.parametrize("form", ["13.5|13.8", "13.5, 13.8, 13.9, 14", "13.5, 13.8, 14", "13.5"])
def test_a_list_needs_every_item_and_no_other(form: str) -> None:
    assert judged(form, "13.5|13.8|13.9") == "incorrect"


def test_commas_within_items_part_none() -> None:
    assert judged("2004, Ipoh, Malaysia", "2004|Ipoh, Malaysia") == "correct"
    assert judged("Ipoh, Malaysia, 2004", "2004|Ipoh, Malaysia") == "correct"
    assert judged("Ipoh, Malaysia", "Ipoh, Malaysia") == "correct"
    assert judged("2005, Ipoh, Malaysia", "2004|Ipoh, Malaysia") == "incorrect"


def test_canonical_values_must_be_as_many_as_items() -> None:
    assert judged("1", "1|2", "1.0") == "unverified"


def _official(text: str) -> str:
    """`normalize` of evaluator.py 1.0.2, its steps as published, for Python 3."""
    text = "".join(
        c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c) != "Mn"
    )
    while True:
        before = text
        text = re.sub(r"((?<!^)\[[^\]]*\]|\[\d+\]|[•♦†‡*#+])*$", "", text.strip())
        text = re.sub(r"(?<!^)( \([^)]*\))*$", "", text.strip())
        text = re.sub(r'^"([^"]*)"$', r"\1", text.strip())
        if text == before:
            break
    text = text.removesuffix(".")
    return re.sub(r"\s+", " ", text).lower().strip()


_pieces = ["a", "B c", "[", "]", "(", ")", " (", "[1]", "[x]", "†", "*", " ", '"', ".", "é", "1"]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(_pieces), max_size=10).map("".join))
def test_texts_are_normalised_as_the_official_evaluator_does(text: str) -> None:
    assert normalise(text) == _official(text)


@pytest.mark.parametrize("piece", ["[1]", " (a)", "(", "*", "1", "|", ", a"])
def test_texts_that_hang_the_official_patterns_are_answered(piece: str) -> None:
    assert judged(piece * 600 + "x", "5|" + piece * 300) == "incorrect"
