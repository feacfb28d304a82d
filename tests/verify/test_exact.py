import pytest

from ultrainteract.verify.exact import decide


@pytest.mark.parametrize(
    ("predicted", "gold", "rule"),
    [
        ("5", "5", "string"),
        ("b", r"\text{(B)}", "option"),
        ("1450000", "1,450,000", "number"),
        ("0.75", r"\frac{3}{4}", "number"),
        ("Fraction(-2, 3)", r"-\dfrac{2}{3}", "number"),
        ("-7/2", r"-3 \frac{1}{2}", "number"),
        ("20", r"20\%", "number"),
        ("0.2", r"20\%", "number"),
        ("$18", "18", "number"),
        ("145 degrees", r"145^\circ", "number"),
        ("3.54e-07", r"3.54 \times 10^{-7}", "number"),
        ("two", "2", "number"),
        ("2516_{8}", "2516_8", "base"),
        ("the George Harrison.", "george harrison", "words"),
        ("True", "yes", "words"),
        ("[]", r"\text{no solution}", "nothing"),
    ],
)
def test_equal_answers_are_accepted_by_their_rule(predicted: str, gold: str, rule: str) -> None:
    finding = decide(predicted, gold)
    assert finding is not None
    assert (finding.judgement, finding.rule) == ("correct", rule)


@pytest.mark.parametrize(
    ("predicted", "gold", "rule"),
    [
        ("", "5", "empty"),
        ("  ", "5", "empty"),
        ("$$", "5", "empty"),
        ("C", r"\text{(B)}", "option"),
        ("15.2", "1520", "number"),
        ("332069186", "332069185.0", "number"),
        ("0", "3e-36", "number"),
        ("cannot be determined", "12", "words"),
        ("Friday", r"\text{Saturday}", "words"),
        ("1952", "Larry Richard Drake", "words"),
    ],
)
def test_what_is_wrong_for_certain_is_refused(predicted: str, gold: str, rule: str) -> None:
    finding = decide(predicted, gold)
    assert finding is not None
    assert (finding.judgement, finding.rule) == ("incorrect", rule)


@pytest.mark.parametrize(
    ("predicted", "gold", "rule"),
    [
        ("33.3", r"\frac{100}{3}", "rounding"),
        ("86.169", "86.17", "rounding"),
        ("5 cm", r"5 \text{ m}", "unit"),
        ("10%", r"\$10", "unit"),
        ("17", r"\text{(B)}", "option"),
        ("1358", "2516_8", "base"),
        ("George Harrison or Brooklyn", "George Harrison", "words"),
        ("1" * 3000, "1", "screen"),
        ("5", "  $ ", "gold"),
    ],
)
def test_what_a_person_would_hesitate_over_is_unverified(
    predicted: str, gold: str, rule: str
) -> None:
    finding = decide(predicted, gold)
    assert finding is not None
    assert (finding.judgement, finding.rule) == ("unverified", rule)


@pytest.mark.parametrize(
    ("predicted", "gold"),
    [("2*x", "2x"), ("2 xy", "2"), ("(1, 2)", "1,2"), ("pi/2", r"90^\circ")],
)
def test_formulas_are_left_to_the_slow_stage(predicted: str, gold: str) -> None:
    assert decide(predicted, gold) is None
