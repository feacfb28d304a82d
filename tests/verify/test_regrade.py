from collections.abc import AsyncIterator

import pytest

from ultrainteract.errors import GraderFault
from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.context import Context
from ultrainteract.verify.pool import GRADER_VERSION, Grader
from ultrainteract.verify.regrade import Stored, regraded

OLD = "0+hand"


@pytest.fixture
async def grader() -> AsyncIterator[Grader]:
    grader = Grader()
    yield grader
    await grader.close()


def stored(key: str, claim: Claim, judgement: Judgement, rule: str = "old") -> Stored:
    return Stored(key, claim, Verdict(judgement, rule, OLD))


async def test_only_changed_judgements_are_reported_in_order(grader: Grader) -> None:
    options = Context(options=("24", "30")).text()
    records = [
        stored("a", Claim("math", "[[6 0]\n [12 6]]", "Matrix([[6, 0], [12, 6]])"),
               Judgement.UNVERIFIED),
        stored("b", Claim("math", "4", "4"), Judgement.CORRECT),
        stored("c", Claim("choice", "30", "B", options), Judgement.INCORRECT),
        stored("d", Claim("wtq", "5", "6"), Judgement.CORRECT),
    ]  # fmt: skip
    changed = [change async for change in regraded(records, grader.judge)]
    assert [(one.key, one.before.judgement, one.after.judgement) for one in changed] == [
        ("a", Judgement.UNVERIFIED, Judgement.CORRECT),
        ("c", Judgement.INCORRECT, Judgement.CORRECT),
        ("d", Judgement.CORRECT, Judgement.INCORRECT),
    ]
    assert {one.after.grader for one in changed} == {GRADER_VERSION}
    assert changed[0].claim == records[0].claim


async def test_the_same_grader_changes_nothing(grader: Grader) -> None:
    claims = [Claim("math", str(number), "7") for number in range(150)]
    records = [Stored(c.predicted, c, await grader.judge(c)) for c in claims]
    assert [change async for change in regraded(records, grader.judge)] == []


async def test_a_grader_that_fails_gives_no_verdict() -> None:
    async def broken(claim: Claim) -> Verdict:
        raise GraderFault("no worker")

    with pytest.raises(GraderFault):
        async for _ in regraded([stored("a", Claim("math", "1", "1"), Judgement.CORRECT)], broken):
            pass
