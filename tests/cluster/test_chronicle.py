"""The log tells each thing once; the snapshot sums what workers told."""

import contextlib
import json
import os
import resource
import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report.test_snapshot import snapshot
from ultrainteract.budget import Price
from ultrainteract.cluster import log as run_log
from ultrainteract.cluster.accounts import Accounts
from ultrainteract.cluster.chronicle import Chronicle
from ultrainteract.cluster.log import LOG, Progress, RunLog
from ultrainteract.cluster.rounds import Round, TreeReport
from ultrainteract.limits import BudgetConfig
from ultrainteract.report.snapshot import FILE, Snapshot, read_snapshot
from ultrainteract.types import Spent, Usage


def events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


@contextlib.contextmanager
def chronicled(
    folder: Path, trees: int, before: int = 0, accounts: Accounts | None = None
) -> Iterator[tuple[RunLog, Chronicle]]:
    with (
        RunLog(folder) as log,
        Chronicle(log, trees, before, accounts or Accounts()) as chronicle,
    ):
        yield log, chronicle


def test_what_is_said_on_the_terminal_is_in_the_log_too(tmp_path: Path) -> None:
    said: list[str] = []
    grown: list[TreeReport] = []
    with chronicled(tmp_path, trees=3, before=1) as (log, chronicle):
        progress = chronicle.beside(log.beside(Progress(said.append, grown.append)))
        progress.say("NOTICE: a node is gone")
        progress.grown(TreeReport("a", stop="max_turns", turns=2, pairs=1))
        progress.grown(TreeReport("b", trouble="ModelFault: gone"))
        progress.grown(TreeReport("c", trouble="stops", drained=True))
    kinds = [row["event"] for row in events(tmp_path)]
    assert kinds == ["begin", "notice", "tree", "tree_failed"]
    assert said == ["NOTICE: a node is gone"]
    assert [one.tree for one in grown] == ["a", "b", "c"]
    assert all(set(row) >= {"time", "event"} for row in events(tmp_path))


def test_counts_add_up_and_what_is_under_way_ends_with_its_worker(tmp_path: Path) -> None:
    with chronicled(tmp_path, trees=3) as (_, chronicle):
        for worker in (1, 2):
            heard = Round(
                counts={("calls", "m"): 5, ("trees", "max_turns"): 1},
                gauges={("trees_growing",): 4},
            )
            chronicle.told(worker, "node", heard)
            chronicle.told(worker, "node", heard)
        chronicle.lost(2)
        chronicle.write()
        while (live := read_snapshot(tmp_path)) is None:
            time.sleep(0.01)
    assert live.counts == {"calls{model=m}": 20, "trees{stop=max_turns}": 4}
    assert live.gauges == {"trees_growing": 4}
    assert (live.workers, live.nodes) == (1, 1)
    ended = read_snapshot(tmp_path)
    assert ended
    assert ended.gauges == {}


def test_a_full_disk_costs_lines_and_no_run(tmp_path: Path) -> None:
    (tmp_path / LOG).symlink_to("/dev/full")
    (tmp_path / f"{FILE}.draft").symlink_to("/dev/full")
    said: list[str] = []
    with chronicled(tmp_path, trees=1) as (log, chronicle):
        chronicle.beside(log.beside(Progress(said.append, lambda report: None))).say("goes on")
        chronicle.write()
    assert said == ["goes on"]


def test_a_disk_that_hangs_holds_up_neither_the_words_on_the_terminal_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "_FAREWELL", 0.2)
    # A pipe that nobody reads: a write waits, as on a disk that hangs.
    os.mkfifo(tmp_path / LOG)
    reader = os.open(tmp_path / LOG, os.O_RDONLY | os.O_NONBLOCK)
    said: list[str] = []
    with chronicled(tmp_path, trees=1) as (log, chronicle):
        say = chronicle.beside(log.beside(Progress(said.append, lambda report: None))).say
        for _ in range(3):
            say("x" * 100_000)
    assert len(said) == 3
    assert select.select([reader], [], [], 60)[0]
    assert len(os.read(reader, 1 << 20)) < 100_000
    os.close(reader)


@contextlib.contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_lines_that_a_full_disk_did_not_take_are_written_once_it_does(tmp_path: Path) -> None:
    most, room = 1 << 30, 100
    (tmp_path / LOG).touch()
    os.truncate(tmp_path / LOG, most - room)
    with RunLog(tmp_path) as log:
        with no_file_larger_than(most):
            for number in range(300):
                log.event("said", text=f"{number} {'x' * room}")
            log.flush(snapshot())
            while read_snapshot(tmp_path) is None:
                time.sleep(0.01)
        assert (tmp_path / LOG).stat().st_size == most
    with (tmp_path / LOG).open("rb") as file:
        file.seek(most - room)
        said = [json.loads(line)["text"].split()[0] for line in file]
    assert said == [str(number) for number in range(300)]


def test_spending_goes_on_from_what_the_journal_held(tmp_path: Path) -> None:
    held, limits = {"m": Spent(2, Usage(1_000_000, 0))}, BudgetConfig(money=100, calls=9)
    accounts = Accounts(held, {"m": Price(3.0, 5.0)}, limits)
    seen: list[Snapshot] = []
    with chronicled(tmp_path, trees=3, accounts=accounts) as (_, chronicle):
        chronicle.beside(Progress(lambda line: None, lambda report: None, seen.append))
        counts = {("calls", "m"): 1, ("tokens", "m", "completion"): 1_000_000}
        chronicle.told(1, "node", Round(counts=counts))
        chronicle.write()
    assert seen[0].spent == {"m": Spent(3, Usage(1_000_000, 1_000_000))}
    assert seen[0].money == 8.0
    assert seen[0].budget == ("budget.money: 8 of 100 spent", "budget.calls: 3 of 9 spent")


def test_the_last_troubles_and_notices_are_told_again(tmp_path: Path) -> None:
    seen: list[Snapshot] = []
    with chronicled(tmp_path, trees=30) as (_, chronicle):
        progress = chronicle.beside(Progress(lambda line: None, lambda report: None, seen.append))
        for number in range(9):
            progress.grown(TreeReport(f"t{number}", trouble=f"ModelFault: {number}"))
            progress.say(f"NOTICE: {number}")
            progress.say("of no weight")
    assert [one.split(" ", 1)[1] for one in seen[-1].troubles] == [
        f"tree t{number}: ModelFault: {number}" for number in range(4, 9)
    ]
    assert [one.split(" ", 1)[1] for one in seen[-1].notices] == [
        f"NOTICE: {number}" for number in range(4, 9)
    ]
