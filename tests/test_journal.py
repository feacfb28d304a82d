"""The journal keeps what it committed, once, and refuses a second owner."""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.test_run_folder import config
from ultrainteract.errors import DiskFull, JournalFault, RunFolderError
from ultrainteract.journal import Effect, End, Facts, Journal
from ultrainteract.locks import RunLock, WriterLock, in_use
from ultrainteract.recorder import Recorded
from ultrainteract.run_folder import changes
from ultrainteract.types import Claim, Instruction, Reference, Task, digest


def effect(key: str, data: bytes = b"{}", tree: str = "t") -> Effect:
    return Effect(tree, "sample", key, data, "m", 0.5)


def instruction(name: str) -> Instruction:
    return Instruction(name, name, "d", "math_pot", Task.MATH_POT, "s", "p", Reference("1"))


def test_what_was_recorded_first_stays(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record([effect("a", b'{"x":1}')])
    journal.record([effect("a", b'{"x":2}'), effect("b")])
    assert journal.effects("t") == {("sample", "a"): b'{"x":1}', ("sample", "b"): b"{}"}
    assert journal.effects("other") == {}
    journal.close()


def test_effects_survive_a_kill_right_after_record(tmp_path: Path) -> None:
    script = f"""
import os, pathlib
from ultrainteract.journal import Effect, End, Facts, Journal
journal = Journal(pathlib.Path({str(tmp_path)!r}))
journal.record([Effect("t", "sample", "k", b"1", "m", 0.0)])
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    journal = Journal(tmp_path)
    assert journal.effects("t") == {("sample", "k"): b"1"}
    journal.close()


def test_a_failed_batch_leaves_nothing_behind(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    broken = Effect("t", "sample", "k", None, "m", 0.0)  # type: ignore[arg-type]
    with pytest.raises(JournalFault, match="record effects"):
        journal.record([effect("a"), broken])
    assert journal.effects("t") == {}
    journal.record([effect("b")])
    assert ("sample", "b") in journal.effects("t")
    journal.close()


def test_instructions_keep_their_order_and_may_be_extended(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin([instruction("b")])
    journal.begin([instruction("a"), instruction("b"), instruction("c")])
    assert [one.id for one in journal.instructions()] == ["a", "b", "c"]
    journal.close()


def test_many_instructions_come_back_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(instruction(f"{number:05d}") for number in range(1201))
    assert [int(one.id) for one in journal.instructions()] == list(range(1201))
    journal.close()


def test_what_waits_and_what_has_ended_are_told_apart_in_the_order_of_groups(
    tmp_path: Path,
) -> None:
    journal = Journal(tmp_path)
    made = [instruction(name) for name in "dacb"]

    def facts() -> Facts:
        assert not read, "facts are asked for after the last instruction"
        return Facts(others={"said": "four"})

    def come() -> Iterator[Instruction]:
        yield from made
        read.clear()

    read = [True]
    journal.begin(come(), facts, group=lambda one: one.id in "cd")
    assert journal.meta("said") == "four"
    assert [one.id for one in journal.instructions()] == ["a", "b", "d", "c"]
    journal.record([], {"b": End("max_turns", 1), "c": End("too_easy", 1), "z": End("too_easy", 1)})
    assert [one.id for one in journal.waiting()] == ["a", "d"]
    assert [one.id for one in journal.finished()] == ["b", "c"]
    assert (journal.trees(), journal.grown()) == (4, 2)
    assert journal.waiting_in() == {made[0].environment}
    assert journal.stopped("too_easy") == {made[0].dataset: 1}
    journal.close()


def test_spending_is_summed_by_model(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    reply = {"usage": {"prompt_tokens": 3, "completion_tokens": 5}}
    data = json.dumps(reply).encode()
    journal.record([effect("a", data), effect("b", data, "u"), effect("c", b"{}")])
    spent = journal.spent()["m"]
    assert (spent.calls, spent.usage.prompt_tokens, spent.usage.completion_tokens) == (3, 6, 10)
    journal.close()


def test_a_folder_has_one_run_at_a_time(tmp_path: Path) -> None:
    lock = RunLock(tmp_path)
    with pytest.raises(RunFolderError, match="in use by another run"):
        RunLock(tmp_path)
    lock.release()
    RunLock(tmp_path).release()


def test_whoever_looks_whether_a_folder_is_in_use_keeps_no_run_out(tmp_path: Path) -> None:
    assert not in_use(tmp_path)
    RunLock(tmp_path).release()
    over = threading.Event()
    seen = [0] * 4

    def look(number: int) -> None:
        while not over.is_set():
            seen[number] += in_use(tmp_path)

    with ThreadPoolExecutor() as pool:
        looking = [pool.submit(look, number) for number in range(4)]
        try:
            runs = 0
            while runs < 300 or not all(seen):
                lock = RunLock(tmp_path)
                assert in_use(tmp_path)
                lock.release()
                runs += 1
        finally:
            over.set()
        for one in looking:
            one.result()


def test_a_writer_that_does_not_end_is_named_and_not_waited_for_for_ever(tmp_path: Path) -> None:
    lock = WriterLock(tmp_path)
    with pytest.raises(JournalFault, match=rf"process \({os.getpid()}\)"):
        WriterLock(tmp_path, seconds=0.1)
    lock.release()
    WriterLock(tmp_path, seconds=0.1).release()


def test_a_full_disk_takes_nothing_and_then_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.record([effect("before")])
    (pages,) = journal._db.execute("PRAGMA page_count").fetchone()
    journal._db.execute(f"PRAGMA max_page_count = {pages}")
    batch = [effect(f"{number}", b"x" * 5000) for number in range(20)]
    with pytest.raises(DiskFull, match="is full"):
        journal.record(batch)
    assert len(journal.effects("t")) == 1
    journal._db.execute(f"PRAGMA max_page_count = {pages + 1000}")
    journal.record(batch)
    assert len(journal.effects("t")) == 21
    journal.close()


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.set_meta(format="99")
    journal.note("version", "7.3.1")
    journal.close()
    for readonly in (True, False):
        with pytest.raises(RunFolderError) as refused:
            Journal(tmp_path, readonly=readonly)
        for told in ("format 99, written by ultrainteract 7.3.1;", "format 2: use the version"):
            assert told in str(refused.value)


def test_garbage_instead_of_a_journal_is_a_fault_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no database " * 1000)
    with pytest.raises(JournalFault, match=r"journal\.sqlite"):
        Journal(tmp_path)


def test_changes_name_each_key_that_differs() -> None:
    old = {"a": 1, "b": {"c": [1], "d": 2}, "gone": 0}
    new = {"a": 1, "b": {"c": [1, 2], "d": 2}, "new": None, "added": 3}
    assert changes(old, new) == ["added: None -> 3", "b.c: [1] -> [1, 2]", "gone: 0 -> None"]


def test_an_empty_file_is_no_journal_to_read(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").touch()
    with pytest.raises(JournalFault, match=r"journal\.sqlite is damaged .*keep a copy"):
        Journal(tmp_path, readonly=True)


READS: list[Callable[[Journal], object]] = [
    lambda journal: journal.meta("shape"),
    lambda journal: list(journal.instructions()),
    lambda journal: journal.effects("t"),
    Journal.spent,
    Journal.ended,
    lambda journal: journal.count("sample"),
]


@pytest.mark.parametrize("read", READS)
def test_every_read_of_a_damaged_journal_says_what_to_do(
    tmp_path: Path, read: Callable[[Journal], object]
) -> None:
    journal = Journal(tmp_path)
    journal._db.executescript(
        "DROP TABLE meta; DROP TABLE instruction; DROP TABLE effect; DROP TABLE ended"
    )
    with pytest.raises(JournalFault, match=r"damaged .*another RUN name, or restore a backup"):
        read(journal)
    journal.close()


def test_a_truncated_journal_is_a_fault_and_no_traceback(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(instruction(f"{number:05d}") for number in range(500))
    journal.close()
    path = tmp_path / "journal.sqlite"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(JournalFault, match="damaged"):
        list(Journal(tmp_path, readonly=True).instructions())


def test_an_instruction_that_is_none_is_a_fault(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal._db.execute("INSERT INTO instruction VALUES (0, 'a', '{}')")
    with pytest.raises(JournalFault, match=r"damaged .*ValidationError"):
        list(journal.instructions())
    journal.close()


async def test_a_record_that_is_none_names_tree_and_kind() -> None:
    claim = Claim("math", "1", "1")
    known = {("judge", digest(asdict(claim))): b'{"judgement": 1}'}
    recorder = Recorded("t1", config(), known)
    with pytest.raises(JournalFault, match="its judge record of tree t1 "):
        await recorder.judge(claim)


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """As on a read-only file system, for root as well."""
    folder.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_journal_is_read_where_nothing_can_be_written() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        journal = Journal(folder)
        journal.record([effect("a")])
        journal.close()
        with unwritable(folder):
            plain = sqlite3.connect(folder / "journal.sqlite")
            with pytest.raises(sqlite3.OperationalError):
                plain.execute("SELECT * FROM effect")
            plain.close()
            reader = Journal(folder, readonly=True)
            assert reader.count("sample") == 1
            reader.close()
        assert [path.name for path in folder.iterdir()] == ["journal.sqlite"]


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    Journal(tmp_path).close()
    reader = Journal(tmp_path, readonly=True)
    with pytest.raises(JournalFault, match="readonly"):
        reader.record([effect("a")])
    reader.close()
