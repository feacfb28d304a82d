"""Cases through the real loop: they hold, and a case that expects something else fails."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ultrainteract.config_file import load_config
from ultrainteract.environment import environments, load_environment
from ultrainteract.errors import SandboxFault
from ultrainteract.rehearsal import Case, Stage, read_cases
from ultrainteract.rehearsal.case import Posed
from ultrainteract.types import Judgement, NodeKind

TEXT_ONLY = tuple(name for name in environments() if not load_environment(name).tools)
WITH_CODE = tuple(name for name in environments() if load_environment(name).tools)
PROBLEM = Posed(name="p", dataset="d", statement="What is 6 times 7?", answer="42")
ENDLESS = "while True:\n"
PATIENT, BRIEF = 60.0, 1.0
RIGHT = Case(
    name="right",
    problem=PROBLEM,
    reply="Step 1: Multiply.\nAnswer: 42",
    kind=NodeKind.ANSWER,
    judgement=Judgement.CORRECT,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """With time for a busy machine."""
    async with Stage(load_config(Path("cpu"), [f"sandbox.seconds={PATIENT}"])) as stage:
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hurried() -> AsyncIterator[Stage]:
    """For programs that run out of whatever time they have."""
    async with Stage(load_config(Path("cpu"), [f"sandbox.seconds={BRIEF}"])) as stage:
        yield stage


def within(case: Case, seconds: float) -> Case:
    """The case, where each test of its problem may take so long."""
    tests = case.problem.meta.get("tests")
    if not isinstance(tests, dict):
        return case
    meta = {**case.problem.meta, "tests": {**tests, "seconds": seconds}}
    problem = case.problem.model_copy(update={"meta": meta})
    return case.model_copy(update={"problem": problem})


async def complaints(stage: Stage, **changed: object) -> tuple[str, ...]:
    case = RIGHT.model_copy(update=changed)
    return (await stage.play("math_cot", case)).complaints


@pytest.mark.parametrize("name", TEXT_ONLY)
async def test_the_cases_of_an_environment_without_tools_hold(name: str, stage: Stage) -> None:
    outcomes = [await stage.play(name, case) for case in read_cases(name)]
    assert [(one.case.name, one.complaints) for one in outcomes if one.complaints] == []


@pytest.mark.docker
@pytest.mark.parametrize("name", WITH_CODE)
async def test_the_cases_of_an_environment_with_tools_hold(
    name: str, stage: Stage, hurried: Stage
) -> None:
    outcomes = [
        await hurried.play(name, within(case, BRIEF))
        if ENDLESS in case.reply
        else await stage.play(name, within(case, PATIENT))
        for case in read_cases(name)
    ]
    assert [(one.case.name, one.complaints) for one in outcomes if one.complaints] == []


async def test_another_expectation_is_complained_of(stage: Stage) -> None:
    assert await complaints(stage) == ()
    assert await complaints(stage, judgement=Judgement.INCORRECT) == ("correct, not incorrect",)
    assert await complaints(stage, kind=NodeKind.STEP) == ("answer, not step",)
    assert await complaints(stage, rule="no such") == ("decided by string, not no such",)
    assert await complaints(stage, shows=("is wrong",)) == ("'is wrong' is not told",)
    assert await complaints(stage, hides=("Multiply",)) == ("'Multiply' is not hidden",)


async def test_a_reply_is_cut_as_an_endpoint_cuts_it(stage: Stage) -> None:
    code = "Step 1: Compute.\n```python\nprint(6 * 7"
    cut = RIGHT.model_copy(
        update={"reply": code, "truncated": True, "kind": NodeKind.MALFORMED, "judgement": None}
    )
    assert (await stage.play("math_pot", cut)).complaints == ()


async def test_a_fault_fails_a_case_as_what_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise SandboxFault("no container")

    monkeypatch.setattr("ultrainteract.verify.pool.Grader.judge", fail)
    outcome = await stage.play("math_cot", RIGHT)
    assert outcome.node is None
    assert outcome.complaints == ("SandboxFault: no container",)
