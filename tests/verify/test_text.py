import pytest

from ultrainteract.verify.context import NOTHING
from ultrainteract.verify.finding import Finding
from ultrainteract.verify.text import f1, hotpotqa, short, yes_no


def told(finding: Finding | None) -> tuple[str, str]:
    assert finding is not None
    return finding.judgement, finding.rule


@pytest.mark.parametrize(
    "form",
    ["George Harrison", "the George Harrison.", '"george  harrison"', r"\text{George Harrison}"],
)
def test_hotpotqa_matches_but_for_case_articles_and_punctuation(form: str) -> None:
    assert told(hotpotqa(form, "George Harrison", NOTHING)) == ("correct", "exact match")


@pytest.mark.parametrize(
    "form", ["George", "George Harrison or Brooklyn", "Harrison George", "1952", "Zdrilić"]
)
def test_hotpotqa_refuses_all_else_and_says_f1(form: str) -> None:
    finding = hotpotqa(form, "George Harrison", NOTHING)
    assert told(finding) == ("incorrect", "exact match")
    assert finding is not None
    assert finding.reason == f"F1 {f1(form, 'George Harrison'):.2f}"


@pytest.mark.parametrize(("predicted", "gold"), [("-5", "5"), ("3.5", "35"), ("$1.5", "15")])
def test_a_number_is_not_matched_without_its_sign_or_point(predicted: str, gold: str) -> None:
    assert told(hotpotqa(predicted, gold, NOTHING)) == ("incorrect", "number")


def test_letters_with_accents_are_letters() -> None:
    assert told(hotpotqa("Zdrilić", "Zdrili", NOTHING))[0] == "incorrect"
    assert told(hotpotqa(r"\text{21st Street}", "21st Street", NOTHING))[0] == "correct"
    assert told(hotpotqa("21 Street", "21st Street", NOTHING))[0] == "incorrect"


@pytest.mark.parametrize(
    ("predicted", "gold", "figure"),
    [
        ("George Harrison", "George", 2 / 3),
        ("yes", "no", 0.0),
        ("yes indeed", "yes", 0.0),
        ("a b", "c", 0.0),
    ],
)
def test_f1_is_the_official_one(predicted: str, gold: str, figure: float) -> None:
    assert f1(predicted, gold) == pytest.approx(figure)


@pytest.mark.parametrize(
    ("predicted", "gold", "told_as"),
    [
        ("the October", "October", ("correct", "words")),
        ("three", "3", ("correct", "number")),
        ("1,000", "1000", ("correct", "number")),
        ("12 km", "12", ("correct", "number")),
        ("4", "3", ("incorrect", "number")),
        ("-5", "5", ("incorrect", "number")),
        ("3.5", "35", ("incorrect", "number")),
        ("March 4, 2006", "2006-03-04", ("correct", "date")),
        ("5 March 2006", "March 4, 2006", ("incorrect", "date")),
        ("Friday", "Saturday", ("incorrect", "words")),
        ("George", "George Harrison", ("unverified", "words")),
        ("2004 Zanzibar", "2004", ("unverified", "unit")),
        ("x", "...", ("unverified", "words")),
    ],
)
def test_short_texts_match_as_words_numbers_or_dates(
    predicted: str, gold: str, told_as: tuple[str, str]
) -> None:
    assert told(short(predicted, gold, NOTHING)) == told_as


@pytest.mark.parametrize("gold", ["yes", "True", "Yes."])
@pytest.mark.parametrize(
    ("predicted", "judgement"),
    [
        *((form, "correct") for form in ("yes", "Yes.", "TRUE", "**Yes**", r"\text{Yes}", "y")),
        *((form, "correct") for form in ("Yes, because it is old.", "The answer is yes.")),
        *((form, "incorrect") for form in ("no", "False", "No, it is new", "", "Paris")),
        *((form, "unverified") for form in ("It is correct", "yes and no", "maybe not", "1")),
    ],
)
def test_yes_and_true_say_the_same(predicted: str, gold: str, judgement: str) -> None:
    assert told(yes_no(predicted, gold, NOTHING))[0] == judgement


@pytest.mark.parametrize("judge", [hotpotqa, short, yes_no])
def test_nothing_is_wrong_and_no_reference_is_no_verdict(judge: object) -> None:
    assert callable(judge)
    assert told(judge(" ", "yes", NOTHING)) == ("incorrect", "empty")
    assert told(judge("yes", " ", NOTHING)) == ("unverified", "gold")
    assert told(judge("y" * 3000, "yes", NOTHING)) == ("unverified", "screen")
