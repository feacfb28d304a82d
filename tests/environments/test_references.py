"""What the bundled samples call right is graded right: answers, programs, worked examples."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import pytest
import pytest_asyncio

from tests.environments.samples import pairs, posed
from ultrainteract.claims import OPINION, PROGRAM, claim_on, kind_of
from ultrainteract.environment import load_environment
from ultrainteract.programs.grader import grade
from ultrainteract.programs.suite import read_suite
from ultrainteract.sandbox.base import Sandbox
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.types import Instruction, Judgement, Limits, digest
from ultrainteract.verify.pool import Grader

IMAGE = "ultrainteract-sandbox:latest"
BY_TESTS = ("apps", "codecontests", "taco")

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def grader() -> AsyncIterator[Grader]:
    grader = Grader(1)
    yield grader
    await grader.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    box = DockerSandbox(IMAGE, Limits(), containers=1)
    yield box
    await box.close()


@pytest.mark.parametrize(("dataset", "name"), [one for one in pairs() if one[0] not in BY_TESTS])
async def test_every_gold_is_right(dataset: str, name: str, grader: Grader) -> None:
    for problem, instruction in posed(dataset, name):
        if kind_of(instruction) == OPINION:
            continue
        verdict = await grader.judge(claim_on(instruction, problem.reference.answer))
        assert verdict.judgement is Judgement.CORRECT, (problem.native_id, verdict)


@pytest.mark.parametrize(("dataset", "name"), [one for one in pairs() if one[0] not in BY_TESTS])
async def test_no_gold_is_right_for_another_answer(dataset: str, name: str, grader: Grader) -> None:
    """Each problem with the gold of the next: right only where both golds are the same."""
    all_of_them = posed(dataset, name)
    for (problem, instruction), (_, other) in zip(
        all_of_them, [*all_of_them[1:], all_of_them[0]], strict=True
    ):
        said = other.reference.answer
        if kind_of(instruction) == OPINION or said == problem.reference.answer:
            continue
        verdict = await grader.judge(claim_on(instruction, said))
        assert verdict.judgement is not Judgement.CORRECT, (problem.native_id, said, verdict)


@pytest.mark.docker
@pytest.mark.parametrize("dataset", BY_TESTS)
async def test_every_reference_solution_passes(dataset: str, sandbox: Sandbox) -> None:
    failed = []
    for problem, instruction in posed(dataset, "coding"):
        assert kind_of(instruction) == PROGRAM
        if tests := problem.meta.get("tests"):
            for solution in problem.reference.solutions:
                suite = read_suite(json.loads(tests))
                result = await grade(sandbox, solution, suite, digest([solution, tests]))
                if result.judgement is not Judgement.CORRECT:
                    failed.append((problem.native_id, result.observation()))
    assert failed == []


@pytest.mark.docker
@pytest.mark.parametrize("dataset", BY_TESTS)
async def test_a_program_of_another_problem_does_not_pass(dataset: str, sandbox: Sandbox) -> None:
    """The first few, each with the next one's solution; what fails tells nothing that is hidden."""
    tested = [pair for pair in posed(dataset, "coding") if pair[0].meta.get("tests")][:6]
    for (problem, _), (other, _) in pairwise(tested):
        tests = problem.meta["tests"]
        row = json.loads(tests)
        solution = other.reference.solutions[0]
        result = await grade(sandbox, solution, read_suite(row), digest([solution, tests]))
        assert result.judgement is not Judgement.CORRECT, problem.native_id
        told = result.failure is not None and result.failure.test <= row["public"]
        assert ("Expected" in result.observation()) == told


SCHEMAS = pytest.mark.parametrize("schema", ["chain_of_thought", "modularisation"])
EXAMPLES: dict[str, dict[str, object]] = {
    "stdio": {"inputs": ["5\n3 1 4 4 9\n", "1\n0\n"], "outputs": ["3", "1"]},
    "call": {
        "function": "count_vowels",
        "inputs": [["Apple"], [""], ["AEIOU you"]],
        "outputs": [2, 0, 7],
    },
}


def example(instruction: Instruction, schema: str) -> str:
    """The code of the worked example before an instruction."""
    environment = load_environment(instruction.environment)
    reply = environment.opening(instruction, schema)[-1].content
    return environment.read(instruction, reply, truncated=False).code


@pytest.mark.docker
@SCHEMAS
@pytest.mark.parametrize("form", EXAMPLES)
async def test_the_worked_programs_are_right(form: str, schema: str, sandbox: Sandbox) -> None:
    instruction = next(
        one for _, one in posed("taco", "coding") if f'"{form}"' in one.meta.get("tests", "")
    )
    code, suite = example(instruction, schema), read_suite(EXAMPLES[form])
    result = await grade(sandbox, code, suite, f"example {form} {schema}")
    assert result.judgement is Judgement.CORRECT, result


@pytest.mark.docker
@SCHEMAS
async def test_the_worked_computations_are_right(schema: str, sandbox: Sandbox) -> None:
    count = sum(n % 3 == 0 or n % 5 == 0 for n in range(1, 101))
    rows = [["1", "Home", "2-0"], ["2", "Away", "3-1"], ["3", "Home", "0-1"]]
    table = {"columns": ["Match", "Place", "Result"], "rows": rows}
    _, sums = posed("gsm8k", "math_pot")[0]
    _, matches = posed("wikitablequestions", "coding")[0]
    matches = replace(matches, meta={**matches.meta, "table": json.dumps(table)})
    for instruction, wanted in ((sums, str(count)), (matches, "1")):
        cell = await sandbox.root(f"example {schema}")
        if setup := load_environment(instruction.environment).setup(instruction):
            _, cell = await cell.run(setup)
        result, _ = await cell.run(example(instruction, schema))
        assert result.output.strip() == wanted, result
        await sandbox.release(f"example {schema}")
