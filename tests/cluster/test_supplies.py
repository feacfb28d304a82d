"""Trees are let in while the model they begin with has room, and nowhere do too many wait."""

from collections.abc import Iterable

import pytest

from ultrainteract.cluster.rounds import Work
from ultrainteract.cluster.supplies import Supplies
from ultrainteract.config import RunConfig
from ultrainteract.sampling.base import ReplicaLoad
from ultrainteract.sampling.scripted import ScriptedSampler


class Supply(ScriptedSampler):
    """A supply whose load is set."""

    room = 10
    loads: tuple[ReplicaLoad, ...] = ()

    def wants(self) -> int:
        return self.room

    def load(self) -> tuple[ReplicaLoad, ...]:
        return self.loads


def load(*, waiting: int = 0, state: str = "living", retries: int = 0) -> ReplicaLoad:
    again = {"HTTP 429": retries} if retries else {}
    return ReplicaLoad("http://u", state, 8, 4, waiting, 100, 1, 1, again)


def made(monkeypatch: pytest.MonkeyPatch) -> tuple[Supplies, Supply, Supply]:
    models = {name: {"model": name, "kind": "scripted"} for name in ("actor", "critic")}
    roles = {"actors": ["actor"], "critic": "critic"}
    config = RunConfig.model_validate({"models": models, "roles": roles})
    monkeypatch.setattr("ultrainteract.cluster.supplies.ScriptedSampler", Supply)
    supplies = Supplies(Work(config, {}, (), False, ""), lambda _: None, None)
    actor, critic = supplies["actor"], supplies["critic"]
    assert isinstance(actor, Supply)
    assert isinstance(critic, Supply)
    return supplies, actor, critic


def test_the_model_that_trees_begin_with_says_how_many_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    supplies, actor, critic = made(monkeypatch)
    critic.room = 0
    assert supplies.room() == 10
    actor.room = -3
    assert supplies.room() == 0


@pytest.mark.parametrize(
    ("loads", "room"),
    [
        ([load(waiting=8)], 10),
        ([load(waiting=9)], 0),
        ([load(waiting=9), load()], 10),
        ([load(waiting=9), load(state="parked")], 0),
    ],
)
def test_no_tree_begins_while_a_later_model_has_a_queue_longer_than_it_serves(
    monkeypatch: pytest.MonkeyPatch, loads: Iterable[ReplicaLoad], room: int
) -> None:
    supplies, _, critic = made(monkeypatch)
    critic.loads = tuple(loads)
    assert supplies.room() == room


def test_a_retry_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies, actor, _ = made(monkeypatch)
    actor.loads = (load(retries=3),)
    assert supplies.retries() == {("retries", "actor", "HTTP 429"): 3}
    assert not supplies.retries()
    actor.loads = (load(retries=5),)
    assert supplies.retries() == {("retries", "actor", "HTTP 429"): 2}


def test_what_is_under_way_is_told_by_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    supplies, actor, _ = made(monkeypatch)
    actor.loads = (load(waiting=2),)
    assert supplies.gauges() == {
        ("requests_in_flight", "actor", "http://u"): 4,
        ("requests_waiting", "actor", "http://u"): 2,
        ("requests_limit", "actor", "http://u"): 8,
    }
