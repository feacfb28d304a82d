"""A finished run whose grader erred now and then, grown without models, Ray or Docker."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_grow import Gate, World, configured
from tests.test_run_folder import SEEDS, WHERE
from ultrainteract.config import RunConfig
from ultrainteract.environment import instruct
from ultrainteract.grow import grow_tree
from ultrainteract.journal import Effect, End, Journal
from ultrainteract.recorder import Recorder
from ultrainteract.run_folder import Beginning, open_run
from ultrainteract.types import Claim, Instruction, Judgement, Problem, Reference, Verdict

CONFIG = configured(rejected=True, turns=4)
OLD = "0+old"


class Erring(World):
    """Its grader takes some wrong answers for right and some right ones for wrong."""

    async def judge(self, claim: Claim) -> Verdict:
        right = claim.predicted.strip() == claim.gold
        if self._draw("errs", claim.predicted) % 3 == 0:
            return Verdict(Judgement.UNVERIFIED, "timeout", OLD)
        errs = self._draw("errs", claim.predicted, claim.gold) % 3 == 0
        return Verdict(Judgement.CORRECT if right != errs else Judgement.INCORRECT, "old", OLD)


def instructions(count: int) -> list[Instruction]:
    """Of one problem each."""
    return [
        instruct(
            Problem("math", str(n), f"{n}: 6 times 7?", Reference("42", "It is 42."), ()),
            "math_pot",
        )
        for n in range(count)
    ]


def grow_run(
    path: Path, rooted: list[Instruction], world: Callable[[int], World], config: RunConfig = CONFIG
) -> Path:
    """A run at `path` with a tree of each instruction, each in a world of its own."""

    async def grow(journal: Journal, one: Instruction, salt: int) -> End:
        async def write(effect: Effect) -> bytes:
            journal.record([effect])
            return effect.data

        recorder = Recorder(one.id, config, {}, world(salt), write, Gate())
        tree = await grow_tree(one, config, recorder)
        return End(str(tree.stop), tree.calls)

    with open_run(path) as run:
        run.begin(config, SEEDS, rooted, lambda: Beginning(WHERE))
        for salt, one in enumerate(rooted):
            run.journal.record([], {one.id: asyncio.run(grow(run.journal, one, salt))})
    return path


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twelve trees; tests copy it before they write into it."""
    return grow_run(tmp_path_factory.mktemp("runs") / "r", instructions(12), Erring)
