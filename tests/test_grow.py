"""Invariants of every tree, whatever a model says and a grader finds; and its replay is equal."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.environment import instruct
from ultrainteract.errors import Draining, ModelFault
from ultrainteract.grow import Effects, grow_tree
from ultrainteract.journal import Effect, Journal
from ultrainteract.ladder import lot
from ultrainteract.recorder import Recorder, Unrecorded, replay
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Judgement,
    Outcome,
    Problem,
    Reference,
    StopReason,
    Verdict,
    digest,
)

PROBLEM = Problem("d", "1", "What is 6 times 7?", Reference("42", "It is 42."), ("math_pot",))
REPLIES = [
    "Step 1: x\n```python\nprint(42)\n",
    "Step 1: y\n```python\nprint(13)\n",
    "Step 1: z\n```python\nx = 1\n",
    "Step 1: s\n```python\nprint(\n",
    "Step 1: e\n```python\n1/0\n",
    "no code at all",
]


class World:
    """Effects that answer by a hash of what is asked and of a salt."""

    def __init__(self, salt: int) -> None:
        self.salt = salt
        self.asked = 0

    def _draw(self, *what: object) -> int:
        self.asked += 1
        return int(digest([self.salt, *map(str, what)])[:8], 16)

    async def sample(self, request: Request) -> Reply:
        if self._draw("lost", request.key()) % 10 == 0:
            return Reply((), lost="HTTP 400: no")
        draws = (self._draw(request.key(), draw) for draw in range(request.n))
        texts = (REPLIES[draw % len(REPLIES)] for draw in draws)
        return Reply(tuple(Choice(f"{text} #{self._draw(text)}", "stop") for text in texts))

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        self.asked += 1
        if "print(\n" in f"{code}\n":
            return ExecResult(Outcome.SYNTAX, "SyntaxError")
        if "1/0" in code:
            return ExecResult(Outcome.EXCEPTION, "ZeroDivisionError")
        shown = code.partition("print(")[2].partition(")")[0]
        return ExecResult(Outcome.OK, shown)

    async def judge(self, claim: Claim) -> Verdict:
        if self._draw("judge", claim) % 7 == 0:
            return Verdict(Judgement.UNVERIFIED, "timeout", "test")
        right = claim.predicted == claim.gold
        return Verdict(Judgement.CORRECT if right else Judgement.INCORRECT, "exact", "test")


class Gate:
    draining = False


def configured(*, rejected: bool, turns: int) -> RunConfig:
    models = {name: {"model": name} for name in ("a", "b", "other", "critic")}
    return parse_config(
        {
            "models": models,
            "roles": {
                "actors": ["a", "b"],
                "rejected": ["other"] if rejected else [],
                "critic": "critic",
            },
            "sampling": {"waves": [2, 3], "guided_samples": 2},
            "tree": {"max_turns": turns},
        },
        "test",
    )


def instruction() -> Instruction:
    return instruct(PROBLEM, "math_pot")


def grown(world: Effects, config: RunConfig) -> PreferenceTree:
    return asyncio.run(grow_tree(instruction(), config, world))


@settings(max_examples=60)
@given(salt=st.integers(0, 10**9), rejected=st.booleans(), turns=st.integers(1, 5))
def test_every_tree_keeps_its_invariants(salt: int, rejected: bool, turns: int) -> None:
    config = configured(rejected=rejected, turns=turns)
    tree = grown(World(salt), config)

    assert tree.stop is not None
    assert len(tree.turns) <= turns
    assert (tree.stop is StopReason.MAX_TURNS) == (len(tree.turns) == turns)
    for place, node in enumerate(tree.nodes):
        assert node.id == place
        above = tree.path(node)[:-1]
        assert [one.turn for one in above] == list(range(1, node.turn))
        assert above == tree.spine()[: node.turn - 1]
    for pair in tree.pairs():
        assert pair.chosen.judgement is Judgement.CORRECT
        assert pair.rejected.judgement is Judgement.INCORRECT
        assert pair.chosen.turn == pair.rejected.turn == pair.turn
        assert pair.history[0].content == tree.instruction.prompt
        assert pair.history[-1].role == "user"
        assert len(pair.history) == 2 * pair.turn - 1
    for node in tree.spine():
        assert node.judgement in {Judgement.INCORRECT, None}
    waves = sum(2 + 3 for _ in (*config.roles.actors, *config.roles.rejected))
    asked = waves + 2 + 1 + config.sampling.critic_draws
    for turn in tree.turns:
        nodes = [node for node in tree.nodes if node.turn == turn.number]
        lost = sum(loss.samples for loss in tree.losses if loss.turn == turn.number)
        assert 0 < len(nodes) + lost <= asked


@settings(max_examples=25)
@given(salt=st.integers(0, 10**9), rejected=st.booleans())
def test_a_replay_is_equal_and_asks_nothing(
    salt: int, rejected: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = configured(rejected=rejected, turns=5)
    journal = Journal(tmp_path_factory.mktemp("run"))
    try:
        live = asyncio.run(recorded(World(salt), config, journal, stop_after=None))
        assert asyncio.run(replay(journal, instruction(), config)) == live
        assert live == grown(World(salt), config)
    finally:
        journal.close()


@settings(max_examples=25)
@given(salt=st.integers(0, 10**9), stop_after=st.integers(0, 40))
def test_a_tree_stopped_anywhere_goes_on_to_the_same_tree(
    salt: int, stop_after: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config = configured(rejected=True, turns=5)
    journal = Journal(tmp_path_factory.mktemp("run"))
    whole = World(salt)
    expected = grown(whole, config)
    first, second = World(salt), World(salt)
    try:
        try:
            asyncio.run(recorded(first, config, journal, stop_after))
        except Draining:
            with pytest.raises(Unrecorded):
                asyncio.run(replay(journal, instruction(), config))
        assert asyncio.run(recorded(second, config, journal, stop_after=None)) == expected
    finally:
        journal.close()


async def recorded(
    world: World, config: RunConfig, journal: Journal, stop_after: int | None
) -> PreferenceTree:
    """Grow with a journal; drain after `stop_after` effects."""
    gate = Gate()
    written = 0

    async def write(effect: Effect) -> bytes:
        nonlocal written
        written += 1
        gate.draining = stop_after is not None and written >= stop_after
        journal.record([effect])
        return effect.data

    tree = instruction().id
    gate.draining = stop_after == 0
    recorder = Recorder(tree, config, journal.effects(tree), world, write, gate)
    try:
        return await grow_tree(instruction(), config, recorder)
    finally:
        await recorder.settle()


def test_a_changed_model_is_asked_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    config = configured(rejected=False, turns=3)
    journal = Journal(tmp_path)
    asyncio.run(recorded(World(5), config, journal, stop_after=None))
    same, other = World(5), World(5)
    asyncio.run(recorded(same, config, journal, stop_after=None))
    assert same.asked == 0
    data = config.model_dump()
    data["models"]["a"]["model"] = "another"
    asyncio.run(recorded(other, parse_config(data, "test"), journal, stop_after=None))
    assert other.asked > 0
    journal.close()


def test_a_fault_ends_the_tree_and_is_never_recorded(tmp_path: Path) -> None:
    class Broken(World):
        async def sample(self, request: Request) -> Reply:
            raise ModelFault("wrong key")

    journal = Journal(tmp_path)
    config = configured(rejected=False, turns=2)
    with pytest.raises(ModelFault, match="wrong key"):
        asyncio.run(recorded(Broken(1), config, journal, stop_after=None))
    assert journal.effects(instruction().id) == {}
    journal.close()


def test_equal_questions_of_one_wave_are_asked_once(tmp_path: Path) -> None:
    class Counting(World):
        executed = 0

        async def sample(self, request: Request) -> Reply:
            return Reply(tuple(Choice(REPLIES[0], "stop") for _ in range(request.n)))

        async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
            self.executed += 1
            await asyncio.sleep(0)
            return ExecResult(Outcome.OK, f"{self.executed}")

    journal = Journal(tmp_path)
    world = Counting(3)
    config = configured(rejected=False, turns=1)
    live = asyncio.run(recorded(world, config, journal, stop_after=None))
    assert world.executed == 1
    assert {node.observation.text for node in live.nodes} == {"1"}
    assert asyncio.run(replay(journal, instruction(), config)) == live
    journal.close()


def test_lots_depend_on_seed_instruction_turn_and_purpose_alone() -> None:
    config = configured(rejected=False, turns=1)
    other = config.model_copy(update={"seed": 1})
    draws = [
        lot(config, "a", 1, "pair").random(),
        lot(config, "b", 1, "pair").random(),
        lot(config, "a", 2, "pair").random(),
        lot(config, "a", 1, "schema").random(),
        lot(other, "a", 1, "pair").random(),
    ]
    assert len(set(draws)) == len(draws)
    assert lot(config, "a", 1, "pair").random() == draws[0]


def test_schemas_are_drawn_by_lot_for_each_action() -> None:
    config = configured(rejected=False, turns=5)
    trees = [grown(World(salt), config) for salt in range(5)]
    schemas = [node.action.sampling.schema for tree in trees for node in tree.nodes]
    for schema in ("chain_of_thought", "modularisation"):
        assert 0.25 < schemas.count(schema) / len(schemas) < 0.75
