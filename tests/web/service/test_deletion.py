"""A run that is deleted is gone, and its name never means another."""

import asyncio
from pathlib import Path
from typing import Literal

import pytest

from tests.layers.conftest import Erring, grow_run, instructions
from tests.web.service.conftest import Service, asked
from ultrainteract.errors import Fault
from ultrainteract.locks import RunLock
from ultrainteract.web.service.deletion import Deletion
from ultrainteract.web.service.ledger import ENDED, Ledger, State, UnknownRun


def recorded(service: Service, name: str = "first", state: State = State.DONE) -> Path:
    """The folder of a run that was submitted, has a tree and is in that state."""
    service.client.post("/api/runs", json=asked(name))
    folder = service.house.run(name)
    grow_run(folder, instructions(1), Erring)
    (folder / "dataset/data").mkdir(parents=True)
    (folder / "dataset/run.yaml").write_text("text", encoding="utf-8")
    configs = service.house.config(name)
    configs.parent.mkdir(exist_ok=True)
    configs.write_text("text", encoding="utf-8")
    service.dispatcher.ledger.become(name, state)
    return folder


def traces(service: Service, name: str) -> list[Path]:
    return [path for path in service.house.runs.rglob(f"*{name}*") if "logs" not in path.parts]


@pytest.mark.parametrize("way", ["program", "person"])
def test_it_is_gone_from_lists_pages_and_disk(
    service: Service, way: Literal["program", "person"]
) -> None:
    recorded(service, "kept")
    recorded(service)
    client = service.client
    assert client.get("/runs/first/trees").status_code == 200, "the viewer holds it open"
    if way == "program":
        answered = client.delete("/api/runs/first")
        assert (answered.status_code, answered.content) == (204, b"")
    else:
        assert "for good" in client.get("/runs/first/delete").text
        answered = client.post("/runs/first/delete?before=9", follow_redirects=False)
        assert answered.headers["location"] == "/?before=9"
    assert not traces(service, "first")
    for path in ("", "/events?follow=false", "/dataset", "/dataset/files"):
        assert client.get(f"/api/runs/first{path}").status_code == 404, path
    for path in ("", "trees", "delete"):
        assert client.get(f"/runs/first/{path}").status_code == 404, path
    assert client.delete("/api/runs/first").status_code == 404
    assert [one["name"] for one in client.get("/api/runs").json()["runs"]] == ["kept"]
    assert "first" not in client.get("/").text
    assert client.get("/runs/kept/trees").status_code == 200


def test_neither_its_name_nor_its_number_is_used_again(service: Service) -> None:
    client = service.client
    numbers = [client.post("/api/runs", json=asked(name)).json()["number"] for name in "ab"]
    client.post("/api/runs/b/cancel")
    assert client.delete("/api/runs/b").status_code == 204
    refused = client.post("/api/runs", json=asked("b"))
    assert (refused.status_code, "was deleted" in refused.json()["detail"]) == (409, True)
    assert "was deleted" in client.get("/api/runs/b").json()["detail"]
    assert client.post("/api/runs", json=asked("c")).json()["number"] > max(numbers)
    later = Ledger(service.house.own)
    with pytest.raises(UnknownRun, match="was deleted"):
        later["b"]
    later.close()


def test_only_what_has_ended_may_go(service: Service) -> None:
    for state in State:
        service.client.post("/api/runs", json=asked(state))
        service.dispatcher.ledger.become(state, state)
        answered = service.client.delete(f"/api/runs/{state}")
        assert answered.status_code == (204 if state in ENDED else 409), state
        shown = service.client.get(f"/api/runs/{state}")
        assert shown.status_code == (404 if state in ENDED else 200), state


def test_what_a_command_works_on_is_left_alone(service: Service) -> None:
    folder = recorded(service)
    lock = RunLock(folder)
    refused = service.client.delete("/api/runs/first")
    assert (refused.status_code, "in use" in refused.json()["detail"]) == (409, True)
    assert (folder / "journal.sqlite").exists()
    lock.release()
    assert service.client.delete("/api/runs/first").status_code == 204


def test_a_download_under_way_ends_with_the_whole_of_it(service: Service) -> None:
    folder = recorded(service)
    (folder / "dataset/data/rows").write_bytes(bytes(range(256)) * 4096)
    with service.client.stream("GET", "/api/runs/first/dataset") as answered:
        assert service.client.delete("/api/runs/first").status_code == 204
        content = answered.read()
    assert bytes(range(256)) * 4096 in content


@pytest.mark.parametrize("killed", ["before its files went", "before its entry went", "at last"])
def test_one_that_was_cut_off_is_finished_by_the_next_service(
    service: Service, killed: str
) -> None:
    folder, client = recorded(service, state=State.FAILED), service.client
    left = service.house.deleted("first")
    if killed == "before its files went":
        folder.rename(left)
    else:
        left.mkdir()
        (left / "journal.sqlite").touch()
    if killed == "at last":
        service.dispatcher.ledger.forget("first")
    else:
        # Half deleted, it does not go on.
        assert client.post("/api/runs/first/resume").status_code == 409
        assert client.get("/runs/first/").status_code == 404
    Deletion(service.house, service.dispatcher.ledger, service.viewed).finish()
    assert client.get("/api/runs/first").status_code == 404
    assert not left.exists()


def test_a_disk_that_does_not_let_go_is_a_fault_and_the_same_again_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(service)
    deletion = Deletion(service.house, service.dispatcher.ledger, service.viewed)

    def fails(_: object) -> None:
        raise OSError("it is stuck")

    with monkeypatch.context() as broken:
        broken.setattr("shutil.rmtree", fails)
        with pytest.raises(Fault, match="stuck"):
            asyncio.run(deletion.delete("first"))

    async def twice() -> list[str]:
        both = deletion.delete("first"), deletion.delete("first")
        return [str(one) for one in await asyncio.gather(*both, return_exceptions=True)]

    assert sorted("being deleted" in said for said in asyncio.run(twice())) == [False, True]
    assert not traces(service, "first")
