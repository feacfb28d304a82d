"""A writer of the journal that says nothing is not waited for for ever."""

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from tests.conftest import MODEL, Command
from tests.processes import called, descendants
from tests.test_run_folder import config
from ultrainteract.cluster import keeper
from ultrainteract.cluster.driver import ray_session
from ultrainteract.cluster.keeper import journal_writer, unless
from ultrainteract.cluster.writer import NAME, RemoteJournal
from ultrainteract.journal import Effect, End
from ultrainteract.locks import WriterLock
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import serve

pytestmark = pytest.mark.ray

JOB = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")


def test_a_writer_that_is_stopped_is_told_and_replaced_and_the_run_loses_nothing(
    command: Command, tmp_path: Path
) -> None:
    # So slow that the run cannot end before its writer is stopped.
    slow = FaultRule(kind=FaultKind.SLOW, seconds=2.0)
    with serve(models=(MODEL,), faults=(slow,)) as server:
        pace: dict[str, object] = {"limit": 12, "trees_in_flight": 2, "writer_seconds": 4}
        process = command.start(*JOB, "--config", command.config(server.url, pace=pace))
        server.await_arrivals(3)
        (writer,) = called("ray::JournalWriter", descendants(process.pid))
        os.kill(writer, signal.SIGSTOP)
        server.set_faults()
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
        assert set(server.calls().values()) == {1}, "an answered call was repeated"
    told = f"the journal's writer (process {writer}) has said nothing for 4 s"
    assert f"NOTICE: {told}" in output
    assert "NOTICE: the journal's writer is back" in output
    assert told in (tmp_path / "runs/r/log.jsonl").read_text()
    assert told in command("status", "runs/r").output


@pytest.fixture
def session() -> Iterator[None]:
    with ray_session(None):
        yield


async def test_a_writer_that_does_not_come_back_ends_the_run(
    session: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    paced = config(pace={"writer_seconds": 3})
    async with journal_writer(tmp_path, paced, said.append) as lost:
        journal = RemoteJournal(said.append)
        await journal.record(Effect("t", "sample", "1", b"{}", "m", 0.0))
        writer: Any = ray.get_actor(NAME)
        pid = await writer.pulse.remote()
        monkeypatch.setattr(keeper, "_START", 2.0)
        # The next writer waits for it, as for a process that a hanging disk keeps.
        keeping = asyncio.create_task(asyncio.to_thread(WriterLock, tmp_path))
        os.kill(pid, signal.SIGSTOP)
        recording = journal.end("t", End("max_turns", 1))
        why = await asyncio.wait_for(unless(lost, recording), 240)
        (await keeping).release()
    assert "the same command goes on" in why
    assert [f"process {pid}" in line for line in said] == [True]
