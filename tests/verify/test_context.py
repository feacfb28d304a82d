import pytest

from ultrainteract.errors import UserError
from ultrainteract.types import Claim, Judgement
from ultrainteract.verify.context import NOTHING, Context, parsed
from ultrainteract.verify.pool import Grader


@pytest.mark.parametrize(
    "context",
    [
        NOTHING,
        Context(options=("a | b", "ü")),
        Context(canonical=("1995-01-26",), rounded=True),
        Context(tolerance=0.01),
    ],
)
def test_a_context_survives_the_way_through_a_claim(context: Context) -> None:
    assert parsed(context.text()) == context


def test_an_empty_context_leaves_no_trace_in_the_claim() -> None:
    assert NOTHING.text() == Claim("math", "1", "1").context == ""


@pytest.mark.parametrize("text", ["{", "[1]", '{"option": ["a"]}', "7"])
def test_a_text_that_is_no_context_is_an_error_that_names_the_fields(text: str) -> None:
    with pytest.raises(UserError, match="options, canonical, rounded, tolerance"):
        parsed(text)


@pytest.mark.parametrize(
    ("predicted", "gold", "context", "rule"),
    [
        ("5.625", "5.63", Context(rounded=True), "rounded"),
        ("sqrt(2)/3", "0.47", Context(rounded=True), "rounded"),
        ("1/6", "0.165", Context(tolerance=0.02), "tolerance"),
        ("100.5", "100", Context(tolerance=0.01), "tolerance"),
    ],
)
async def test_a_datasets_policy_widens_what_is_equal(
    predicted: str, gold: str, context: Context, rule: str
) -> None:
    grader = Grader()
    strict = await grader.judge(Claim("math", predicted, gold))
    lenient = await grader.judge(Claim("math", predicted, gold, context.text()))
    await grader.close()
    assert (lenient.judgement, lenient.rule) == (Judgement.CORRECT, rule)
    assert strict.rule not in ("rounded", "tolerance")


@pytest.mark.parametrize(
    ("predicted", "gold", "context"),
    [
        ("5.64", "5.63", Context(rounded=True)),
        ("6", "5.63", Context(rounded=True)),
        ("12.4", "12", Context(rounded=True)),
        ("5 cm", r"5.0001 \text{ m}", Context(tolerance=0.01)),
        ("1/6", "0.165", Context(tolerance=0.001)),
        ("-100", "100", Context(tolerance=0.01)),
        ("sqrt(-1)", "0.47", Context(tolerance=0.01)),
    ],
)
async def test_a_policy_forgives_no_more_than_it_says(
    predicted: str, gold: str, context: Context
) -> None:
    grader = Grader()
    verdict = await grader.judge(Claim("math", predicted, gold, context.text()))
    await grader.close()
    assert verdict.judgement is not Judgement.CORRECT
