import pytest

from ultrainteract.verify import option_values
from ultrainteract.verify.choice import decide
from ultrainteract.verify.context import NOTHING, Context
from ultrainteract.verify.finding import Finding

SHIPS = ("24", "30 knots", "$ 36", r"\frac{45}{2}", "none of these")
VIEWS = (
    "The argument assumes what it sets out to prove.",
    "It treats a sufficient condition as a necessary one.",
    "It relies on an unrepresentative sample.",
    "a",
)


def verdict(predicted: str, gold: str, options: tuple[str, ...] = ()) -> Finding:
    context = Context(options=options)
    return decide(predicted, gold, context) or option_values.equal(predicted, gold, context)


@pytest.mark.parametrize(
    "form",
    [
        *("B", "b", "(B)", "(b)", "B.", "B)", "B:", "[B]", "**B**", "option B", "Option (B)"),
        *("the answer is B", "The correct answer is (B).", "Answer: B", "So the answer is B"),
        *(r"\boxed{B}", r"\text{(B)}", r"$\boxed{\text{B}}$", "B) 30 knots", "(B) 30 knots"),
        *("B. 30 knots", "B: 30 knots", "30 knots", "30 Knots.", "30", "30.0", r"\textbf{(B)}\ 30"),
    ],
)
def test_a_letter_in_any_form_and_the_text_name_the_same_option(form: str) -> None:
    assert verdict(form, "B", SHIPS).judgement == "correct"
    assert verdict(form, "30 knots", SHIPS).judgement == "correct"
    assert verdict(form, "C", SHIPS).judgement == "incorrect"


@pytest.mark.parametrize(
    ("predicted", "gold", "rule"),
    [
        ("22.5", "D", "option's value"),
        ("45/2", "d", "option's value"),
        ("$36.00", "c", "option's value"),
        ("None of these", "E", "option's text"),
    ],
)
def test_an_option_is_found_by_its_value_or_words(predicted: str, gold: str, rule: str) -> None:
    finding = verdict(predicted, gold, SHIPS)
    assert (finding.judgement, finding.rule) == ("correct", rule)


@pytest.mark.parametrize(
    ("predicted", "reason"),
    [
        ("A and B", "several options"),
        ("A, B", "several options"),
        ("F", "no such option"),
        ("31", "no option has this value"),
        ("", "no answer"),
        ("sqrt(2)*17", ""),
    ],
)
def test_what_names_no_single_right_option_is_not_correct(predicted: str, reason: str) -> None:
    finding = verdict(predicted, "B", SHIPS)
    assert finding.judgement != "correct"
    assert reason in finding.reason


@pytest.mark.parametrize(
    ("predicted", "gold", "options"),
    [
        ("C) 24", "C", SHIPS),  # letter and text disagree
        ("a", "A", VIEWS),  # a letter that is an option's text
        ("It assumes what it wants to show", "A", VIEWS),  # a paraphrase
        ("0.5", "A", ("1/2", "50%", "2")),  # two options of one value
        ("B", "G", ("1", "2")),  # the reference is no option
        ("2", "B", VIEWS),
        ("3.", "B", VIEWS),
    ],
)
def test_doubt_is_unverified(predicted: str, gold: str, options: tuple[str, ...]) -> None:
    assert verdict(predicted, gold, options).judgement == "unverified"


def test_two_options_with_the_same_text_are_one() -> None:
    assert verdict("A", "C", ("12", "13", "12")).judgement == "correct"
    assert verdict("12", "C", ("12", "13", "12")).judgement == "correct"


@pytest.mark.parametrize(
    "form", ["Option 1", "option1", "OPTION 1.", "A", "more", "Option 1: more"]
)
def test_options_may_be_numbered(form: str) -> None:
    assert verdict(form, "Option 1", ("more", "less")).judgement == "correct"
    assert verdict(form, "Option 2", ("more", "less")).judgement == "incorrect"


def test_an_options_text_that_looks_like_a_label_is_a_text() -> None:
    options = ("x - 3", "x + 3", "a : b", "2")
    assert verdict("x - 3", "A", options).judgement == "correct"
    assert verdict("a : b", "C", options).judgement == "correct"
    assert verdict("2", "D", options).judgement == "correct"
    assert verdict("x - 3", "B", options).judgement == "incorrect"


def test_a_sign_or_a_point_makes_another_option() -> None:
    options = ("- 5", "5", "0.5", "x + 5")
    assert verdict("5", "A", options).judgement == "incorrect"
    assert verdict("-5", "A", options).judgement == "correct"
    assert verdict(".5", "B", options).judgement == "incorrect"
    assert verdict("x - 5", "D", options).judgement != "correct"


@pytest.mark.parametrize(
    ("predicted", "gold", "judgement"),
    [
        ("d.", r"\text{(D)}", "correct"),
        ("D", "(D) Alina", "correct"),
        ("Alina", "(D) Alina", "correct"),
        ("A", "A Peter\nCelina bum", "correct"),
        ("C", r"\textbf{(D)}\ 17", "incorrect"),
        ("A or D", "D", "incorrect"),
        ("17", r"\text{(D)}", "unverified"),
        ("2*x", "2x", "correct"),
    ],
)
def test_without_options_a_letter_faces_a_letter(predicted: str, gold: str, judgement: str) -> None:
    finding = decide(predicted, gold, NOTHING) or option_values.equal(predicted, gold, NOTHING)
    assert finding.judgement == judgement
