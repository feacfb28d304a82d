"""What is paired does not depend on how many samples waves left out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.test_early import RIGHT, WRONG, Sure
from tests.test_grow import World, configured, grown
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Judgement


def others(*names: str) -> RunConfig:
    data = configured(rejected=False, turns=5).model_dump()
    data["models"] |= {name: {"model": name} for name in names}
    data["roles"]["rejected"] = names
    return parse_config(data, "test")


def authors(tree: PreferenceTree, turn: int, rung: int) -> list[str]:
    drawn = [node.action.sampling for node in tree.nodes if node.turn == turn]
    return [one.model for one in drawn if one.rung == rung]


@settings(max_examples=60)
@given(salt=st.integers(0, 10**9), rejected=st.booleans())
def test_sides_are_of_the_ladder_and_of_the_lowest_rung_that_was_wrong(
    salt: int, rejected: bool
) -> None:
    tree = grown(World(salt), configured(rejected=rejected, turns=5))
    for pair in tree.pairs():
        assert pair.chosen.action.sampling.rung >= 0
        wrong = [
            node.action.sampling.rung
            for node in tree.with_verdict(Judgement.INCORRECT)
            if node.turn == pair.turn
        ]
        # Other models stand on rung -1, below the ladder.
        assert pair.rejected.action.sampling.rung == min(wrong)


@settings(max_examples=60)
@given(salt=st.integers(0, 10**9))
def test_another_model_is_drawn_only_once_one_was_wrong(salt: int) -> None:
    tree = grown(World(salt), others("x", "y", "z"))
    for turn in tree.turns:
        wrong = {
            node.action.sampling.model
            for node in tree.with_verdict(Judgement.INCORRECT)
            if node.turn == turn.number
        }
        drawn = dict.fromkeys(authors(tree, turn.number, -1))
        assert set(list(drawn)[:-1]) <= wrong


def test_who_is_nearly_always_right_is_asked_a_whole_rung() -> None:
    tree = grown(Sure(RIGHT), others("other"))
    assert authors(tree, 1, -1) == ["other"] * (2 + 3)


class Late(Sure):
    """Other models are right; the first actor is wrong in its second wave alone."""

    async def sample(self, request: Request) -> Reply:
        second = self.samples >= 2 + 2 + 3 and request.model == "a"
        reply = await super().sample(request)
        texts = (WRONG if second else choice.text for choice in reply.choices)
        return Reply(tuple(Choice(text, "stop") for text in texts))


@pytest.mark.parametrize("models", [(), ("other",)])
def test_an_actor_finishes_its_rung_where_no_action_was_wrong(models: tuple[str, ...]) -> None:
    world = Late(RIGHT) if models else Sure(RIGHT)
    tree = grown(world, others(*models))
    assert authors(tree, 1, 0) == ["a"] * (2 + 3)
    assert len(list(tree.pairs())) == (5 if models else 0)
