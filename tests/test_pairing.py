"""A turn that covered several reference solutions has several pairs; any other turn has one."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.conftest import grow_tree as plant
from tests.test_grow import Gate, World, configured
from ultrainteract.config import RunConfig
from ultrainteract.environment import instruct, load_environment
from ultrainteract.grow import grow_tree
from ultrainteract.journal import Effect, Journal
from ultrainteract.pairing import covered
from ultrainteract.recorder import Recorder, replay
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.tree import Match, Node, PreferenceTree
from ultrainteract.types import (
    Claim,
    Instruction,
    Judgement,
    Problem,
    Reference,
    Verdict,
)

TESTS = json.dumps({"type": "stdio", "inputs": ["1\n"], "outputs": ["1"]})


def posed(references: int) -> Instruction:
    solutions = tuple(f"print('reference {number}')" for number in range(references))
    problem = Problem(
        "codecontests",
        "1",
        "Print one.",
        Reference(solutions[0], solutions=solutions),
        ("coding",),
        {"kind": "program", "tests": TESTS},
    )
    return instruct(problem, "coding")


class Contest(World):
    """Whoever sees a reference solution is right in `guided` of 10 cases, others in `alone`."""

    def __init__(self, salt: int, *, alone: int, guided: int, variety: int = 1000) -> None:
        super().__init__(salt)
        self.alone, self.guided, self.variety = alone, guided, variety

    async def sample(self, request: Request) -> Reply:
        told = "print('reference" in request.messages[0].content
        chance = self.guided if told else self.alone
        choices = []
        for draw in range(request.n):
            word = "good" if self._draw(request.key(), draw) % 10 < chance else "bad"
            name = self._draw(request.key(), draw, "name") % self.variety
            choices.append(Choice(f"Step 1: x\n```python\nprint('{word} {name}')\n", "stop"))
        return Reply(tuple(choices))

    async def judge(self, claim: Claim) -> Verdict:
        right = "good" in claim.predicted
        return Verdict(Judgement.CORRECT if right else Judgement.INCORRECT, "tests", "test")


def grown(instruction: Instruction, config: RunConfig, world: World) -> PreferenceTree:
    return asyncio.run(grow_tree(instruction, config, world))


def in_turn(tree: PreferenceTree, number: int) -> list[Node]:
    return [node for node in tree.nodes if node.turn == number]


CHANCES = st.integers(0, 10)
WORLDS = st.builds(
    Contest,
    st.integers(0, 10**9),
    alone=st.integers(0, 3),
    guided=CHANCES,
    variety=st.sampled_from([1, 2, 1000]),
)


@settings(max_examples=150)
@given(world=WORLDS, references=st.integers(1, 6), rejected=st.booleans(), turns=st.integers(1, 3))
def test_each_reference_with_a_correct_action_has_its_pair(
    world: Contest, references: int, *, rejected: bool, turns: int
) -> None:
    config = configured(rejected=rejected, turns=turns)
    instruction = posed(references)
    guides = load_environment("coding").guides(instruction)
    tree = grown(instruction, config, world)
    for turn in tree.turns:
        nodes = in_turn(tree, turn.number)
        pairs = [pair for pair in tree.pairs() if pair.turn == turn.number]
        paired = [node.id for pair in pairs for node in (pair.chosen, pair.rejected)]
        assert len(paired) == len(set(paired))
        met = covered(guides, nodes)
        assert len(pairs) <= max(1, len(met))
        if turn.rejected is not None:
            assert turn.expanded in (turn.rejected, None)
        # A reference stays without a pair only where no text is left for one of its sides.
        chosen = {pair.chosen.action.text for pair in pairs}
        for_reject = {node.action.text for node in nodes if node.judgement is Judgement.INCORRECT}
        texts_left = for_reject - {pair.rejected.action.text for pair in pairs}
        for group in met.values():
            has_pair = bool({node.id for node in group} & {pair.chosen.id for pair in pairs})
            left = {node.action.text for node in group} - chosen
            assert has_pair or not left or not texts_left


@settings(max_examples=100)
@given(world=WORLDS, references=st.integers(0, 6), rejected=st.booleans())
def test_a_turn_of_at_most_one_reference_has_at_most_one_pair(
    world: Contest, references: int, *, rejected: bool
) -> None:
    instruction = posed(max(1, references))
    tree = grown(instruction, configured(rejected=rejected, turns=3), world)
    for turn in tree.turns:
        nodes = in_turn(tree, turn.number)
        guided = {n.action.sampling.guided[-1:] for n in nodes if n.action.sampling.guided}
        if len(guided) < 2:
            assert turn.further == ()


@settings(max_examples=60)
@given(salt=st.integers(0, 10**9), references=st.integers(1, 6))
def test_every_reference_is_covered_and_every_pair_is_of_two_authors(
    salt: int, references: int
) -> None:
    """Where nobody is right alone and everybody with a reference, in one turn."""
    config = configured(rejected=True, turns=1)
    world = Contest(salt, alone=0, guided=10, variety=10**9)
    tree = grown(posed(references), config, world)
    pairs = list(tree.pairs())
    # The other models have waves of 2 and 3: with a sixth pair the actors' own mistakes serve.
    assert len(pairs) == references
    assert [pair.further for pair in pairs] == [False, *[True] * (references - 1)]
    authors = [pair.rejected.action.sampling.model for pair in pairs]
    assert authors.count("other") == min(references, 5)
    assert len({pair.chosen.action.sampling.guided[-1] for pair in pairs}) == references
    drawn = sum(node.action.sampling.rung == -1 for node in tree.nodes)
    assert drawn == (2 if references <= 2 else 5)


@settings(max_examples=30)
@given(salt=st.integers(0, 10**9), references=st.integers(1, 4))
def test_a_reference_that_misleads_is_asked_by_each_guide_once(salt: int, references: int) -> None:
    config = configured(rejected=False, turns=1)
    tree = grown(posed(references), config, Contest(salt, alone=0, guided=0))
    guided = [node.action.sampling.guided for node in tree.nodes if node.action.sampling.guided]
    # The first wave has two samples of one guide.
    assert len(guided) == 2 * references + 1
    assert len(set(guided)) == 2 * references
    assert list(tree.pairs()) == []


@settings(max_examples=20)
@given(world=WORLDS, references=st.integers(2, 5), rejected=st.booleans())
def test_a_replay_has_the_same_pairs(
    world: Contest, references: int, *, rejected: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    config, instruction = configured(rejected=rejected, turns=3), posed(references)
    journal = Journal(tmp_path_factory.mktemp("run"))

    async def write(effect: Effect) -> bytes:
        journal.record([effect])
        return effect.data

    try:
        recorder = Recorder(instruction.id, config, {}, world, write, Gate())
        live = asyncio.run(grow_tree(instruction, config, recorder))
        assert asyncio.run(replay(journal, instruction, config)) == live
    finally:
        journal.close()


@pytest.mark.parametrize(
    ("further", "told"),
    [
        ((Match(1, 4),), "in two pairs"),
        ((Match(3, 2),), "in two pairs"),
        ((Match(3, 4), Match(5, 4)), "in two pairs"),
        ((Match(4, 3),), "chosen node 4 is incorrect"),
        ((Match(3, 5),), "rejected node 5 is correct"),
        ((Match(3, 0),), "node 0 is of turn 1, not of 2"),
    ],
)
def test_a_record_that_pairs_badly_is_refused(further: tuple[Match, ...], told: str) -> None:
    tree = plant(["I"])
    grafted = plant(["CICIC"]).nodes
    nodes = [tree.add(one.kind, one.action, one.observation, one.verdict) for one in grafted]
    with pytest.raises(ValueError, match=told):
        tree.close_turn(chosen=nodes[0], rejected=nodes[1], further=further)
