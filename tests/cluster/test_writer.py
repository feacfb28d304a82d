"""Effects that wait together share a commit; a commit that fails tells everyone who waited."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ultrainteract.cluster.writer import Batch, Gathering, JournalWriter, with_room
from ultrainteract.errors import DiskFull, JournalFault
from ultrainteract.journal import Effect, End, Journal, Place
from ultrainteract.limits import UNLIMITED


class Counting(Journal):
    """A real journal that counts its commits."""

    commits = 0

    def record(
        self, effects: Sequence[Effect], ended: Mapping[str, End] | None = None
    ) -> dict[Place, bytes]:
        self.commits += 1
        return super().record(effects, ended)


def effect(number: int, data: bytes = b"{}") -> Effect:
    return Effect("t", "sample", str(number), data, "m", 0.0)


def gathering(journal: Journal) -> Gathering:
    async def commit(batch: Batch) -> dict[Place, bytes]:
        return await asyncio.to_thread(journal.record, batch.effects, batch.ended)

    return Gathering(commit)


async def test_effects_that_wait_together_share_a_commit(tmp_path: Path) -> None:
    journal = Counting(tmp_path)
    group = gathering(journal)
    await asyncio.gather(*(group.record(Batch([effect(number)])) for number in range(100)))
    assert len(journal.effects("t")) == 100
    assert journal.commits <= 2
    await group.record(Batch([effect(100)]))
    assert len(journal.effects("t")) == 101
    journal.close()


async def test_what_record_returned_for_is_on_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await gathering(journal).record(Batch([effect(1)]))
    reader = Journal(tmp_path, readonly=True)
    assert ("sample", "1") in reader.effects("t")
    reader.close()
    journal.close()


async def test_a_failed_commit_is_a_fault_for_all_who_waited(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    group = gathering(journal)
    asked = (group.record(Batch([effect(number)])) for number in range(3))
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(result) for result in results] == [JournalFault] * 3
    with pytest.raises(JournalFault):
        await group.record(Batch([effect(4)]))


async def test_nobody_is_forgotten_when_a_commit_fails_in_an_unforeseen_way() -> None:
    begun, come = asyncio.Event(), asyncio.Event()

    async def commit(batch: Batch) -> dict[Place, bytes]:
        if not come.is_set():
            begun.set()
            await come.wait()
            raise ZeroDivisionError
        return {one.place: b"recorded" for one in batch.effects}

    group = Gathering(commit)
    first = asyncio.create_task(group.record(Batch([effect(1)])))
    await begun.wait()
    second = asyncio.create_task(group.record(Batch([effect(2)])))
    await asyncio.sleep(0)
    come.set()
    with pytest.raises(JournalFault, match="ZeroDivisionError"):
        await first
    assert await asyncio.wait_for(second, 60) == {effect(2).place: b"recorded"}


async def test_one_who_gives_up_takes_nothing_from_the_others(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    group = gathering(journal)
    first = asyncio.create_task(group.record(Batch([effect(1)])))
    second = asyncio.create_task(group.record(Batch([effect(2)])))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == {}
    assert len(journal.effects("t")) == 2
    journal.close()


async def test_trees_end_with_the_effects_they_ended_by(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path), UNLIMITED, {})
    for round_ in range(20):
        batches = [Batch([effect(round_ * 20 + number)]) for number in range(20)]
        batches += [
            Batch(ended={f"t{round_}.{number}": End("max_turns", 1)}) for number in range(4)
        ]
        await asyncio.gather(*map(writer.record, batches))
    assert len(await writer.effects("t")) == 400
    reader = Journal(tmp_path, readonly=True)
    assert len(reader.ended()) == 80
    reader.close()
    await writer.close()


async def test_who_asks_a_second_time_gets_the_first_answer(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path), UNLIMITED, {})
    first, second = effect(1, b'{"by":1}'), effect(1, b'{"by":2}')
    assert await writer.record(Batch([first, effect(2)])) == {}
    held = await writer.record(Batch([second, effect(3)]))
    assert held == {second.place: first.data}
    both = await asyncio.gather(
        writer.record(Batch([effect(4, b"1")])), writer.record(Batch([effect(4, b"2")]))
    )
    assert {
        held.get(effect(4).place, data) for held, data in zip(both, (b"1", b"2"), strict=True)
    } == {(await writer.effects("t"))["sample", "4"]}
    await writer.close()


async def test_a_full_disk_is_told_once_and_waited_for() -> None:
    said: list[str] = []
    full = 3

    async def commit(batch: Batch) -> dict[Place, bytes]:
        nonlocal full
        full -= 1
        if full >= 0:
            raise DiskFull("the disk is full")
        return {one.place: b"recorded" for one in batch.effects}

    held = await with_room(commit, said.append, Batch([effect(1)]))
    assert held == {effect(1).place: b"recorded"}
    assert said == ["the disk is full: work waits until there is room"]


async def test_a_journal_that_was_removed_takes_nothing_more(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path), UNLIMITED, {})
    await writer.record(Batch([effect(1)]))
    (tmp_path / "journal.sqlite").unlink()
    with pytest.raises(JournalFault, match="is gone"):
        await writer.record(Batch([effect(2)]))
    await writer.close()
