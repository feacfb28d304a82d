"""Problems that are all right or all wrong stop early where a configuration asks for it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_grow import World, configured, grown
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.types import Claim, Judgement, StopReason, Verdict

RIGHT, WRONG = (f"Step 1: x\n```python\nprint({said})\n" for said in (42, 13))


class Sure(World):
    """The actors always say one thing, the models of rejected actions another."""

    def __init__(self, actors: str, others: str = RIGHT) -> None:
        super().__init__(0)
        self.actors, self.others = actors, others
        self.samples = self.critiques = 0

    async def sample(self, request: Request) -> Reply:
        if request.model == "critic":
            self.critiques += 1
        else:
            self.samples += request.n
        said = self.others if request.model == "other" else self.actors
        return Reply(tuple(Choice(said, "stop") for _ in range(request.n)))

    async def judge(self, claim: Claim) -> Verdict:
        right = claim.predicted == claim.gold
        return Verdict(Judgement.CORRECT if right else Judgement.INCORRECT, "exact", "test")


def early(*, rejected: bool, right: int | None = None, wrong: int | None = None) -> RunConfig:
    data = configured(rejected=rejected, turns=5).model_dump()
    data["sampling"]["all_correct_after"] = right
    data["tree"]["never_correct_after"] = wrong
    return parse_config(data, "test")


@pytest.mark.parametrize(
    ("rejected", "right", "samples", "stop"),
    [
        (False, None, 2 + 3, StopReason.ALL_CORRECT),
        (False, 2, 2, StopReason.ALL_CORRECT_EARLY),
        (False, 3, 2 + 3, StopReason.ALL_CORRECT_EARLY),
        (False, 6, 2 + 3, StopReason.ALL_CORRECT),
        (True, None, 2 + 2 + 3 + 3, StopReason.ALL_CORRECT),
        (True, 2, 2 + 2, StopReason.ALL_CORRECT_EARLY),
    ],
)
def test_a_problem_that_is_all_right_stops_after_so_many_correct_actions(
    rejected: bool, right: int | None, samples: int, stop: StopReason
) -> None:
    world = Sure(RIGHT)
    tree = grown(world, early(rejected=rejected, right=right))
    assert (world.samples, tree.stop, len(tree.turns)) == (samples, stop, 1)


def test_other_models_that_are_wrong_give_pairs_all_the_same() -> None:
    trees = [grown(Sure(RIGHT, WRONG), early(rejected=True, right=m)) for m in (1, None)]
    assert trees[0] == trees[1]
    assert len(list(trees[0].pairs())) == 5


@pytest.mark.parametrize("wrong", [1, 2, 4])
def test_a_problem_that_is_all_wrong_stops_after_so_many_turns(wrong: int) -> None:
    world = Sure(WRONG)
    tree = grown(world, early(rejected=False, wrong=wrong))
    assert (len(tree.turns), tree.stop) == (wrong, StopReason.NEVER_CORRECT)
    assert world.critiques == wrong - 1, "the last turn's action needs no critique"
    # Both actors and the guided rung were tried first.
    assert world.samples == wrong * (2 + 3 + 2 + 3 + 2 + 1)


@settings(max_examples=60)
@given(salt=st.integers(0, 10**9), right=st.integers(1, 6), wrong=st.integers(1, 4))
def test_an_early_end_cuts_a_tree_and_changes_nothing_before(
    salt: int, right: int, wrong: int
) -> None:
    whole = grown(World(salt), early(rejected=False))
    tree = grown(World(salt), early(rejected=False, right=right, wrong=wrong))
    assert tree.nodes == whole.nodes[: len(tree.nodes)]
    assert tree.turns[:-1] == whole.turns[: len(tree.turns) - 1]
    if tree.stop is StopReason.ALL_CORRECT_EARLY:
        last = [node.judgement for node in tree.nodes if node.turn == len(tree.turns)]
        assert last.count(Judgement.CORRECT) >= right
        assert Judgement.INCORRECT not in last
    elif tree.stop is StopReason.NEVER_CORRECT:
        assert len(tree.turns) >= wrong
        late = [node for node in tree.nodes if node.turn > len(tree.turns) - wrong]
        assert Judgement.CORRECT not in {node.judgement for node in late}
    else:
        assert (tree.stop, len(tree.turns)) == (whole.stop, len(whole.turns))
