"""The log tells each thing once; the snapshot sums what workers told."""

import json
import os
import time
from pathlib import Path

import pytest

from ultrainteract.cluster import chronicle
from ultrainteract.cluster.chronicle import LOG, Chronicle, Progress
from ultrainteract.cluster.rounds import Round, TreeReport
from ultrainteract.report.snapshot import FILE, read_snapshot


def events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_what_is_said_on_the_terminal_is_in_the_log_too(tmp_path: Path) -> None:
    said: list[str] = []
    grown: list[TreeReport] = []
    with Chronicle(tmp_path, trees=3, before=1) as told:
        progress = told.beside(Progress(said.append, grown.append))
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
    with Chronicle(tmp_path, trees=3, before=0) as told:
        for worker in (1, 2):
            heard = Round(
                counts={("calls", "m"): 5, ("trees", "max_turns"): 1},
                gauges={("trees_growing",): 4},
            )
            told.told(worker, "node", heard)
            told.told(worker, "node", heard)
        told.lost(2)
        told.write()
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
    with Chronicle(tmp_path, trees=1, before=0) as told:
        told.beside(Progress(said.append, lambda report: None)).say("goes on")
        told.write()
    assert said == ["goes on"]


def test_a_disk_that_hangs_holds_up_neither_the_words_on_the_terminal_nor_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle, "_FAREWELL", 0.2)
    # A pipe that nobody reads: a write waits, as on a disk that hangs.
    os.mkfifo(tmp_path / LOG)
    reader = os.open(tmp_path / LOG, os.O_RDONLY | os.O_NONBLOCK)
    said: list[str] = []
    with Chronicle(tmp_path, trees=1, before=0) as told:
        say = told.beside(Progress(said.append, lambda report: None)).say
        for _ in range(3):
            say("x" * 100_000)
    assert len(said) == 3
    assert len(os.read(reader, 1 << 20)) < 100_000
    os.close(reader)
