"""What a grade says, and to whom."""

from ultrainteract.programs.grade import Failure, failed, passed, undecided, verdict_of
from ultrainteract.types import Judgement


def test_a_failed_test_decides_before_an_undecided_one() -> None:
    doubt = Failure(1, "uncrossable", judgement=Judgement.UNVERIFIED)
    wrong = Failure(3, "answer")
    assert verdict_of([doubt, wrong], 5).judgement is Judgement.INCORRECT
    assert verdict_of([doubt, wrong], 5).passed == 2
    assert verdict_of([doubt], 5).judgement is Judgement.UNVERIFIED
    assert verdict_of([], 5) == passed(5)


def test_an_observation_shows_what_happened_in_short() -> None:
    failure = Failure(2, "answer", given="f(1)", got="7" * 1000, error="word 1 of 1 differs")
    text = failed(failure, 9).observation()
    assert text.startswith("Test 2 of 9 failed: wrong answer.\nInput: f(1)\nGot: 777")
    assert len(text) < 500
    assert "Expected" not in text


def test_a_public_test_shows_what_it_expects() -> None:
    failure = Failure(1, "answer", given="1", got="2", wanted="3")
    assert "Expected: 3" in failed(failure, 1).observation()


def test_the_verdict_records_rule_version_and_place() -> None:
    verdict = failed(Failure(2, "timeout", wanted="secret"), 3).verdict()
    assert verdict.rule == "tests:timeout"
    assert verdict.grader
    assert verdict.reason == "test 2 of 3: timeout"


def test_nothing_to_go_by_is_unverified() -> None:
    grade = undecided("no tests", "there are no tests")
    assert grade.verdict().judgement is Judgement.UNVERIFIED
    assert "there are no tests" in grade.reason()
