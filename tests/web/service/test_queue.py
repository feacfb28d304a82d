"""What keeps a run from beginning, and what is told of it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.web.service.conftest import BASE, Service, asked, serviced
from ultrainteract import run_folder
from ultrainteract.config import ModelConfig, RunConfig, ServeConfig
from ultrainteract.errors import DiskFull
from ultrainteract.web.service import dispatcher, events
from ultrainteract.web.service.ledger import State
from ultrainteract.web.service.shown import Progress, show


@contextlib.asynccontextmanager
async def working(service: Service) -> AsyncIterator[None]:
    """Its queue moves."""
    async with asyncio.TaskGroup() as group:
        group.create_task(service.dispatcher.work())
        yield
        await service.dispatcher.stop()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
def starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    """Of a service whose server never answers that it is up."""
    package = tmp_path / "stub/vllm/entrypoints/openai"
    package.mkdir(parents=True)
    for one in (package, *list(package.parents)[:2]):
        (one / "__init__.py").touch()
    waits = "import signal\nsignal.pause()\n"
    (package / "api_server.py").write_text(waits, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'stub'}:{Path(__file__).parents[3]}")
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    base = RunConfig.model_validate(BASE)
    model = ModelConfig(model=str(tmp_path), serve=ServeConfig(device="cpu"))
    return base.model_copy(update={"models": {**base.models, "small": model}})


async def test_a_run_that_waits_for_servers_says_so_and_is_stopped_at_once(
    tmp_path: Path, starting: RunConfig
) -> None:
    with serviced(tmp_path, starting) as service:
        runs, ledger = service.dispatcher, service.dispatcher.ledger
        service.client.post("/api/runs", json=asked())

        async def waits() -> None:
            await until(lambda: ledger["first"].reason.startswith("waits for the servers"))

        try:
            async with working(service):
                await waits()
                runs.pause("first")
                await until(lambda: ledger["first"].state is State.PAUSED)
                assert not ledger["first"].reason
                runs.resume("first")
                await waits()
                runs.cancel("first")
                await until(lambda: ledger["first"].state is State.CANCELLED)
        finally:
            await service.engines.close()


async def test_a_disk_without_room_delays_runs_and_fails_none(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = service.dispatcher.ledger
    monkeypatch.setattr(dispatcher, "_FULL", 0.01)
    full = iter([True] * 3)
    become = ledger.become

    def becomes(name: str, state: State, reason: str = "") -> None:
        if state is State.FAILED and next(full, False):
            raise DiskFull("the disk is full")
        become(name, state, reason)

    monkeypatch.setattr(ledger, "become", becomes)
    service.client.post("/api/runs", json=asked())
    # So that it ends as soon as it begins.
    service.house.run("first").touch()
    with monkeypatch.context() as small:
        small.setattr(run_folder, "_SPACE_MB", 2**60)
        async with working(service):
            await until(lambda: "free disk space" in ledger["first"].reason)
            assert ledger["first"].state is State.QUEUED
            small.undo()
            await until(lambda: ledger["first"].state is State.FAILED)
    assert "cannot begin the run" in ledger["first"].reason
    assert not next(full, False), "it was settled although the disk was full"


async def test_events_tell_what_changed_and_not_every_rate(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_LOOK", 0)
    service.client.post("/api/runs", json=asked())
    queued = show(service.house, service.dispatcher.ledger["first"])
    looks = [
        queued.model_copy(
            update={
                "state": State.RUNNING if look < 9 else State.DONE,
                "progress": Progress(
                    at=datetime.fromtimestamp(look, UTC),
                    trees=4,
                    ended=look // 5,
                    pairs=0,
                    tokens_per_second=look,
                    seconds_left=None,
                ),
            }
        )
        for look in range(10)
    ]
    coming = iter(looks)
    told = [
        event
        async for event in events.events(
            service.house.runs / "absent",
            0,
            lambda: next(coming),
            lambda shown: shown.state is State.DONE,
        )
    ]
    assert [b'"ended":0' in event for event in told] == [True, False, False]
    assert b'"state":"done"' in told[-1]
