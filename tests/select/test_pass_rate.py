"""The pass-rate rule: only verdicts count, and no sample is asked for in vain."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.select.made import some
from ultrainteract.select import Decision, Tried, decide, failing, tally
from ultrainteract.types import Judgement

VERDICTS = st.lists(st.sampled_from(list(Judgement)), max_size=6)
RATES = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])


@given(VERDICTS)
def test_every_verdict_is_counted_under_its_name(verdicts: list[Judgement]) -> None:
    tried = tally(verdicts)
    assert tried.correct == verdicts.count(Judgement.CORRECT)
    assert tried.incorrect == verdicts.count(Judgement.INCORRECT)
    assert tried.samples == len(verdicts)


@given(VERDICTS, RATES)
def test_after_k_samples_the_rate_decides(verdicts: list[Judgement], rate: float) -> None:
    tried = tally(verdicts)
    decision = decide(tried, k=len(verdicts), max_pass_rate=rate)
    verified = tried.correct + tried.incorrect
    passes = verified > 0 and tried.correct / verified <= rate
    assert decision is (Decision.KEEP if passes or rate >= 1 else Decision.DROP)


@given(VERDICTS, st.integers(0, 3), RATES)
def test_an_early_decision_is_the_final_one_whatever_follows(
    verdicts: list[Judgement], left: int, rate: float
) -> None:
    k = len(verdicts) + left
    early = decide(tally(verdicts), k=k, max_pass_rate=rate)
    finals = {
        decide(tally([*verdicts, *rest]), k=k, max_pass_rate=rate)
        for rest in itertools.product(Judgement, repeat=left)
    }
    # Where every outcome agrees, no further sample is asked for.
    assert finals == {early} if early is not Decision.MORE else len(finals) > 1


def test_one_right_sample_is_enough_to_drop_at_rate_zero() -> None:
    assert decide(Tried(correct=1), k=8, max_pass_rate=0) is Decision.DROP
    assert decide(Tried(incorrect=7), k=8, max_pass_rate=0) is Decision.MORE
    assert decide(Tried(incorrect=8), k=8, max_pass_rate=0) is Decision.KEEP


def test_samples_without_a_verdict_are_no_failures() -> None:
    assert decide(Tried(unverified=8), k=8, max_pass_rate=0.5) is Decision.DROP
    assert decide(Tried(incorrect=1, unverified=7), k=8, max_pass_rate=0.5) is Decision.KEEP


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        (Tried(correct=3, incorrect=1), "3 of 4 samples right"),
        (Tried(unverified=4), "none of 4 samples verified"),
        (Tried(incorrect=1), "only 1 of 4 samples"),
        (Tried(), "only 0 of 4 samples"),
    ],
)
def test_what_goes_says_why(tried: Tried, words: str) -> None:
    hard, other = some(2)
    selection = failing(
        [hard, other], {hard.id: Tried(incorrect=4), other.id: tried}, k=4, max_pass_rate=0.25
    )
    assert selection.kept == (hard,)
    assert [one.reason.words for one in selection.removed] == [words]
    assert selection.counts() == {"pass rate": 1}
