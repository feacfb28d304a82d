"""`replicas.yaml`: what it says goes before the configuration, and nothing else does."""

from pathlib import Path

import pytest

from ultrainteract.cluster.roster import FILE, Replicas, read_roster, wanted, write_roster
from ultrainteract.config import ServeConfig
from ultrainteract.errors import ConfigError

HOSTED = ServeConfig(base_url=("http://a/v1",))
OWN = ServeConfig(replicas=2)


def test_what_is_written_is_read_and_none_is_empty(tmp_path: Path) -> None:
    assert read_roster(tmp_path) == {}
    roster = {"actor": Replicas(urls=("http://b/v1",)), "critic": Replicas(count=3)}
    write_roster(tmp_path, roster)
    assert read_roster(tmp_path) == roster
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("text", ["- a", "actor: {url: x}", "actor: {count: -1}", "{"])
def test_what_makes_no_sense_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(ConfigError, match=FILE):
        read_roster(tmp_path)


def test_without_an_entry_it_is_as_configured() -> None:
    assert wanted(HOSTED, None) == Replicas(urls=("http://a/v1",), count=0)
    assert wanted(OWN, None) == Replicas(urls=(), count=2)


def test_an_entry_replaces_what_it_names() -> None:
    assert wanted(HOSTED, Replicas(count=1)) == Replicas(urls=("http://a/v1",), count=1)
    assert wanted(OWN, Replicas(urls=("http://b/v1",))) == Replicas(urls=("http://b/v1",), count=2)
    assert wanted(OWN, Replicas(urls=("http://b/v1",), count=0)).count == 0


def test_one_address_is_a_list_of_one() -> None:
    one = ServeConfig.model_validate({"base_url": "http://a/v1"})
    assert one == HOSTED == ServeConfig.model_validate(one.model_dump(mode="json"))
    assert ServeConfig.model_validate({"base_url": ""}).base_url == ()
