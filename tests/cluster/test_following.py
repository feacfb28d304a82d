"""`replicas.yaml` is followed, and a file system that does not answer holds up nothing."""

import asyncio
import os
from pathlib import Path

import pytest

from ultrainteract.cluster import following
from ultrainteract.cluster.following import Following
from ultrainteract.cluster.roster import FILE, Replicas, Roster, write_roster
from ultrainteract.errors import ConfigError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "_LOOK", 0.0)
    monkeypatch.setattr(following, "_PATIENCE", 0.01)


async def test_each_change_is_told_once_and_so_is_what_cannot_be_read(tmp_path: Path) -> None:
    said: list[str] = []
    file = Following(tmp_path, said.append)
    assert await file.read() == {}
    changes = file.changes()
    for number in (1, 2):
        roster = {"actor": Replicas(count=number)}
        write_roster(tmp_path, roster)
        assert await anext(changes) == roster
    for spoilt in (b"actor: {count: -1}", b"\xff"):
        (tmp_path / FILE).write_bytes(spoilt)
        assert isinstance(await anext(changes), ConfigError)
        with pytest.raises(ConfigError, match=FILE):
            await file.read()
    (tmp_path / FILE).unlink()
    assert await anext(changes) == {}


def stands_still(folder: Path) -> Path:
    """The file as a pipe that nobody writes to: whoever reads it stands still."""
    (folder / FILE).unlink(missing_ok=True)
    os.mkfifo(folder / FILE)
    return folder / FILE


def test_a_file_that_does_not_answer_is_told_and_waited_for_by_none(tmp_path: Path) -> None:
    said: list[str] = []

    async def begin() -> asyncio.Task[Roster]:
        late = asyncio.Event()

        def say(line: str) -> None:
            said.append(line.partition(f"{FILE} ")[2])
            late.set()

        looking = asyncio.create_task(Following(tmp_path, say).read())
        await late.wait()
        return looking

    async def answered(pipe: Path) -> Roster:
        looking = await begin()
        await asyncio.to_thread(pipe.write_text, "actor: {count: 1}")
        return await looking

    stands_still(tmp_path)
    # Ends, although a thread still stands there.
    asyncio.run(begin())
    assert asyncio.run(answered(stands_still(tmp_path))) == {"actor": Replicas(count=1)}
    late, once_more, again = said
    assert late == once_more
    assert "has not answered" in late
    assert again == "can be read again"
