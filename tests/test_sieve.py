"""A problem that the filter model solves too often grows no tree, and the record says so."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_branches import CRITIC, HINT, MODELS, PROBLEM, RIGHT, TALK, WRONG, code
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.environment import instruct
from ultrainteract.errors import Draining
from ultrainteract.grow import Effects, grow_tree
from ultrainteract.journal import Effect, Journal
from ultrainteract.live import LiveEffects
from ultrainteract.recorder import Recorder, Unrecorded, replay
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.scripted import Rule
from ultrainteract.sieve import Decision, Tried, decide, fewest
from ultrainteract.testing.process import serve
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Judgement,
    Outcome,
    Problem,
    StopReason,
    Verdict,
)
from ultrainteract.verify.pool import Grader

RATES = st.sampled_from([0.0, 0.25, 0.5, 0.75])


def configured(rate: float, samples: int = 2, **roles: object) -> RunConfig:
    return parse_config(
        {
            "models": {name: {"model": name} for name in MODELS},
            "roles": {"actors": ["weak", "strong"], "critic": "critic", **roles},
            "sampling": {"waves": [2, 2], "guided_samples": 2},
            "select": {"max_pass_rate": rate, "samples": samples},
            "tree": {"max_turns": 2},
        },
        "test",
    )


@dataclass
class World:
    """The filter model (`other`) says one text after the other; the rest of the models are wrong
    and right in turns. A text with UNSURE in it is never verified."""

    filtering: tuple[str, ...]
    asked: int = 0
    tried: int = 0

    async def sample(self, request: Request) -> Reply:
        self.asked += 1
        texts: tuple[str, ...]
        if request.model != "other":
            texts = (HINT,) if request.model == "critic" else (WRONG, RIGHT)
        else:
            texts = tuple(
                self.filtering[(self.tried + draw) % len(self.filtering)]
                for draw in range(request.n)
            )
            self.tried += request.n
        if "LOST" in texts:
            return Reply((), lost="HTTP 400: no")
        drawn = (texts[draw % len(texts)] for draw in range(request.n))
        return Reply(tuple(Choice(text, "stop") for text in drawn))

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        self.asked += 1
        return ExecResult(Outcome.OK, "42" if path and "print" in code else "")

    async def judge(self, claim: Claim) -> Verdict:
        self.asked += 1
        if claim.predicted == "UNSURE":
            return Verdict(Judgement.UNVERIFIED, "timeout", "test")
        right = claim.predicted == claim.gold
        return Verdict(Judgement.CORRECT if right else Judgement.INCORRECT, "exact", "test")


class Gate:
    draining = False


def instruction(environment: str = "math_cot", problem: Problem = PROBLEM) -> Instruction:
    return instruct(problem, environment)


def grown(world: Effects, config: RunConfig, environment: str = "math_cot") -> PreferenceTree:
    return asyncio.run(grow_tree(instruction(environment), config, world))


UNSURE = "Step 1: Who knows.\nAnswer: UNSURE"


@pytest.mark.parametrize(
    ("replies", "rate", "samples", "remark"),
    [
        ((RIGHT,), 0.5, 4, "3 of 3 samples right"),
        ((RIGHT, WRONG), 0.0, 8, "1 of 1 samples right"),
        ((WRONG, RIGHT), 0.0, 2, "1 of 2 samples right"),
        ((RIGHT, WRONG), 0.5, 4, ""),
        ((WRONG,), 0.0, 3, ""),
        ((TALK,), 0.0, 3, ""),
        ((UNSURE,), 0.5, 3, "none of 3 samples verified"),
        ((UNSURE, WRONG), 0.5, 4, ""),
        ((UNSURE, RIGHT), 0.5, 4, "2 of 2 samples right"),
        (("LOST",), 0.5, 3, "none of 3 samples verified"),
    ],
)
def test_the_filter_models_rate_decides(
    replies: tuple[str, ...], rate: float, samples: int, remark: str
) -> None:
    tree = grown(World(replies), configured(rate, samples, filter="other"))
    assert tree.remark == remark
    assert (tree.stop is StopReason.TOO_EASY) == bool(remark)
    assert bool(tree.nodes) != bool(remark)
    if "LOST" in replies:
        assert {loss.turn for loss in tree.losses} == {0}
        assert sum(loss.samples for loss in tree.losses) == samples


def test_a_step_goes_on_to_its_answer() -> None:
    world = World((code("x = 42"), code("print(x)")))
    config = configured(0.0, 1, filter="other")
    tree = grown(world, config, "math_pot")
    assert (tree.stop, tree.remark) == (StopReason.TOO_EASY, "1 of 1 samples right")
    # A model that never gets to an answer has failed.
    assert grown(World((code("x = 42"),)), config, "math_pot").stop is not StopReason.TOO_EASY


def test_the_sieve_changes_nothing_of_a_tree_that_it_lets_pass() -> None:
    untried = grown(World((WRONG,)), configured(1.0))
    tried = grown(World((WRONG,)), configured(0.5, filter="other"))
    assert (tried.nodes, tried.turns) == (untried.nodes, untried.turns)


def test_no_action_of_the_tree_repeats_a_draw_of_the_sieve() -> None:
    seeds: list[tuple[str, int]] = []

    class Noting(World):
        async def sample(self, request: Request) -> Reply:
            seeds.append((request.model, request.seed))
            return await super().sample(request)

    tree = grown(Noting((WRONG,)), configured(0.9, 8))
    assert tree.nodes
    assert len(set(seeds)) == len(seeds)


def test_a_judges_opinion_is_no_ground_truth_to_pass() -> None:
    world = World((RIGHT,))
    asked = instruction("coding", Problem("d", "1", "Do it.", PROBLEM.reference, ("coding",)))
    opinion = Instruction(
        asked.id, asked.problem_id, asked.dataset, asked.environment, asked.task, asked.statement,
        asked.prompt, asked.reference, {"kind": "opinion"},
    )  # fmt: skip
    tree = asyncio.run(grow_tree(opinion, configured(0.0, filter="other"), world))
    assert world.tried == 0
    assert tree.stop is not StopReason.TOO_EASY


@given(st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4), RATES)
def test_no_fewer_samples_could_decide(
    correct: int, incorrect: int, unverified: int, left: int, rate: float
) -> None:
    tried = Tried(correct, incorrect, unverified)
    k = tried.samples + left
    more = fewest(tried, k=k, max_pass_rate=rate)
    assert (more == 0) == (decide(tried, k=k, max_pass_rate=rate) is not Decision.MORE)
    for asked in range(more):
        for right in range(asked + 1):
            end = tried + Tried(right, asked - right)
            assert decide(end, k=k, max_pass_rate=rate) is Decision.MORE


async def recorded(
    world: World, config: RunConfig, journal: Journal, stop_after: int | None = None
) -> PreferenceTree:
    gate, written = Gate(), 0

    async def write(effect: Effect) -> bytes:
        nonlocal written
        written += 1
        gate.draining = stop_after is not None and written >= stop_after
        journal.record([effect])
        return effect.data

    asked = instruction()
    recorder = Recorder(asked.id, config, journal.effects(asked.id), world, write, gate)
    try:
        return await grow_tree(asked, config, recorder)
    finally:
        await recorder.settle()


@pytest.mark.parametrize("reply", [RIGHT, WRONG])
@pytest.mark.parametrize("stop_after", [None, 1, 2, 3])
def test_a_resumed_sieve_asks_nothing_again_and_a_replay_is_equal(
    reply: str, stop_after: int | None, tmp_path: Path
) -> None:
    config = configured(0.5, 4, filter="other")
    whole = World((reply,))
    expected = grown(whole, config)
    journal = Journal(tmp_path)
    first, second, third = (World((reply,)) for _ in range(3))
    try:
        try:
            asyncio.run(recorded(first, config, journal, stop_after))
        except Draining:
            with pytest.raises(Unrecorded):
                asyncio.run(replay(journal, instruction(), config))
        assert asyncio.run(recorded(second, config, journal)) == expected
        assert first.tried + second.tried == whole.tried
        assert asyncio.run(recorded(third, config, journal)) == expected
        assert third.asked == 0
        assert asyncio.run(replay(journal, instruction(), config)) == expected
    finally:
        journal.close()


async def test_the_scripted_filter_model_is_asked_as_an_actor_is() -> None:
    rules = (Rule(model="other", replies=(RIGHT,)), Rule(any=".", replies=(WRONG, RIGHT)), CRITIC)
    config = configured(0.5, 4, filter="other")
    grader = Grader(1)
    try:
        with serve(rules=rules, models=MODELS) as server:
            samplers = {
                name: Fleet(name, model, (server.url,)) for name, model in config.models.items()
            }
            live = LiveEffects(samplers, None, None, grader)
            tree = await grow_tree(instruction(), config, live)
            asked = [(line.model, line.n) for line in server.received()]
            await asyncio.gather(*(sampler.close() for sampler in samplers.values()))
    finally:
        await grader.close()
    assert tree.stop is StopReason.TOO_EASY
    # Two wrong ones of four would have kept it, three right ones are too many.
    assert asked == [("other", 2), ("other", 1)]
