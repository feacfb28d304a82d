"""Effects that wait together share a commit; a commit that fails tells everyone who waited."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest

from ultrainteract.cluster.writer import GroupCommit, JournalWriter
from ultrainteract.errors import JournalFault
from ultrainteract.journal import Effect, Journal


class Counting(Journal):
    """A real journal that counts its commits."""

    commits = 0

    def record(self, effects: Iterable[Effect]) -> None:
        self.commits += 1
        super().record(effects)


def effect(number: int) -> Effect:
    return Effect("t", "sample", str(number), b"{}", "m", 0.0)


async def test_effects_that_wait_together_share_a_commit(tmp_path: Path) -> None:
    journal = Counting(tmp_path)
    group = GroupCommit(journal)
    await asyncio.gather(*(group.record(effect(number)) for number in range(100)))
    assert len(journal.effects("t")) == 100
    assert journal.commits < 100
    await group.record(effect(100))
    assert len(journal.effects("t")) == 101
    journal.close()


async def test_what_record_returned_for_is_on_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await GroupCommit(journal).record(effect(1))
    reader = Journal(tmp_path, readonly=True)
    assert ("sample", "1") in reader.effects("t")
    reader.close()
    journal.close()


async def test_a_failed_commit_is_a_fault_for_all_who_waited(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    group = GroupCommit(journal)
    results = await asyncio.gather(
        *(group.record(effect(number)) for number in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [JournalFault] * 3
    with pytest.raises(JournalFault):
        await group.record(effect(4))


async def test_trees_may_end_while_effects_are_committed(tmp_path: Path) -> None:
    writer = JournalWriter(str(tmp_path))
    for round_ in range(20):
        numbers = range(round_ * 20, round_ * 20 + 20)
        ends = (writer.end(f"t{round_}.{number}", "max_turns") for number in range(4))
        await asyncio.gather(*(writer.record(effect(number)) for number in numbers), *ends)
    assert len(await writer.effects("t")) == 400
    reader = Journal(tmp_path, readonly=True)
    assert len(reader.ended()) == 80
    reader.close()
    await writer.close()
