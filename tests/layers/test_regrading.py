"""Regrading finds exactly the verdicts that the present graders would give otherwise."""

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.layers.conftest import CONFIG, OLD, Erring, grow_run
from tests.test_grow import World
from ultrainteract.environment import instruct
from ultrainteract.errors import GraderFault, RunFolderError
from ultrainteract.layers.layer import Tail, read_layer
from ultrainteract.layers.recall import recall
from ultrainteract.layers.regrading import Regrading, regrade_run
from ultrainteract.run_folder import read_run
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.types import Claim, Judgement, Problem, Reference, Verdict
from ultrainteract.verify.pool import Grader
from ultrainteract.verify.regrade import Stored


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """The run, to write into."""
    return Path(shutil.copytree(run, tmp_path / "r"))


def regrade(run: Path, name: str = "x", *, programs: bool = False) -> Regrading:
    journal, config = read_run(run)
    try:
        return asyncio.run(regrade_run(run, journal, config, name, programs=programs))
    finally:
        journal.close()


def contents(run: Path) -> list[str]:
    db = sqlite3.connect(run / "journal.sqlite")
    try:
        return list(db.iterdump())
    finally:
        db.close()


async def present(run: Path) -> dict[tuple[str, str], tuple[Stored, Verdict]]:
    """Each recorded claim with what the present grader says, one after another."""
    journal, config = read_run(run)
    grader = Grader()
    found = {}
    for one in journal.instructions():
        for key, stored in (await recall(journal, one, config)).claims.items():
            found[one.id, key] = stored, await grader.judge(stored.claim)
    await grader.close()
    journal.close()
    return found


def test_the_layer_holds_each_verdict_that_changed_and_no_other(copy: Path) -> None:
    result = regrade(copy)
    judged = asyncio.run(present(copy))
    changed = {
        place: verdict
        for place, (stored, verdict) in judged.items()
        if verdict.judgement is not stored.verdict.judgement
    }
    layer = read_layer(copy, "x")
    assert layer.verdicts == changed
    assert 0 < len(changed) < len(judged)
    known = {stored.claim.predicted.strip(): verdict for stored, verdict in judged.values()}
    assert known["42"].judgement is Judgement.CORRECT
    assert known["13"].judgement is Judgement.INCORRECT
    assert layer.head.grader == known["42"].grader != OLD
    assert (result.claims, result.changes.total()) == (len(judged), len(changed))
    assert layer.tail == Tail(
        claims=len(judged), changed=len(changed), programs=0, faults=0, trees=0
    )
    for change, examples in result.examples.items():
        assert len(examples) == min(3, result.changes[change])


def test_the_journal_is_left_as_it_is(copy: Path) -> None:
    before = contents(copy)
    regrade(copy)
    assert contents(copy) == before


def test_the_same_graders_write_the_same_layer(copy: Path) -> None:
    regrade(copy, "a")
    regrade(copy, "b")
    assert read_layer(copy, "a").sha256 == read_layer(copy, "b").sha256


def test_a_name_that_is_taken_is_refused_before_anything_is_judged(copy: Path) -> None:
    regrade(copy)
    with pytest.raises(RunFolderError, match="choose another --name"):
        regrade(copy)


def test_a_claim_that_machinery_fails_on_keeps_its_verdict_and_is_counted(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = regrade(copy, "whole")
    real = Grader.judge

    async def failing(self: Grader, claim: Claim) -> Verdict:
        if claim.predicted.strip() == "13":
            raise GraderFault("killed from outside")
        return await real(self, claim)

    with monkeypatch.context() as patched:
        patched.setattr(Grader, "judge", failing)
        result = regrade(copy, "failing")
    faults = result.faults["GraderFault: killed from outside"]
    assert faults > 0
    assert result.claims + faults == whole.claims
    layer, complete = read_layer(copy, "failing"), read_layer(copy, "whole")
    assert layer.tail.faults == faults
    assert layer.verdicts.items() < complete.verdicts.items()
    lacking = complete.verdicts.keys() - layer.verdicts.keys()
    claims = asyncio.run(present(copy))
    assert {claims[place][0].claim.predicted.strip() for place in lacking} == {"13"}


def test_trees_that_have_not_ended_are_counted_apart(copy: Path) -> None:
    whole = regrade(copy, "whole")
    db = sqlite3.connect(copy / "journal.sqlite")
    db.execute("DELETE FROM ended WHERE tree = (SELECT id FROM instruction WHERE position = 0)")
    db.commit()
    db.close()
    result = regrade(copy)
    assert (result.trees, result.unfinished, result.misfits) == (11, 1, 0)
    assert result.claims < whole.claims


TESTS = {"type": "stdio", "inputs": ["1\n", "2\n"], "outputs": ["2\n", "4\n"], "public": 0}


class Programmer(Erring):
    """Writes a right program and a wrong one; its grader takes each for the other."""

    async def sample(self, request: Request) -> Reply:
        codes = ("print(2 * int(input()))", "print(3 * int(input()))")
        texts = (f"Step 1: x\n```python\n{codes[n % 2]}\n```" for n in range(request.n))
        return Reply(tuple(Choice(text, "stop") for text in texts))

    async def judge(self, claim: Claim) -> Verdict:
        wrong = "3 *" in claim.predicted
        return Verdict(Judgement.CORRECT if wrong else Judgement.INCORRECT, "tests:old", OLD)


def programming(path: Path) -> Path:
    meta = {"kind": "program", "tests": json.dumps(TESTS)}
    problem = Problem("taco", "1", "Double a number.", Reference(""), (), meta)
    world: type[World] = Programmer
    return grow_run(path, [instruct(problem, "coding")], world, CONFIG)


def test_programs_are_counted_and_keep_their_verdicts(tmp_path: Path) -> None:
    result = regrade(programming(tmp_path / "r"))
    assert (result.claims, result.programs, result.changes.total()) == (0, 2, 0)
    assert read_layer(tmp_path / "r", "x").head.programs == ""


@pytest.mark.docker
def test_programs_are_run_again_where_it_is_asked_for(tmp_path: Path) -> None:
    result = regrade(programming(tmp_path / "r"), programs=True)
    assert (result.claims, result.programs, result.faults) == (2, 0, {})
    changes = {(one.before, one.after): count for one, count in result.changes.items()}
    assert changes == {
        (Judgement.CORRECT, Judgement.INCORRECT): 1,
        (Judgement.INCORRECT, Judgement.CORRECT): 1,
    }
    assert read_layer(tmp_path / "r", "x").head.programs
