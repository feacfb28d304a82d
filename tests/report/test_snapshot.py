"""A snapshot says what there is to say and no more."""

from pathlib import Path

from ultrainteract.report.left import TimeLeft
from ultrainteract.report.snapshot import FILE, Snapshot, label, read_snapshot, total
from ultrainteract.types import Spent, Usage


def snapshot(**changes: object) -> Snapshot:
    facts: dict[str, object] = {
        "at": 1100.0,
        "since": 1000.0,
        "pid": 1,
        "trees": 100,
        "before": 10,
        "workers": 1,
        "nodes": 1,
        "window": 10.0,
        "counts": {"trees{stop=max_turns}": 20.0, "trees{stop=all_correct}": 5.0},
        "gauges": {},
        "rates": {},
        "spent": {"small": Spent(3, Usage(10, 20))},
        "money": 0.5,
        "budget": ("budget.calls: 3 of 10 spent",),
        "time_left": TimeLeft(60.0, 30.0, 120.0),
        "troubles": (),
        "notices": (),
    }
    return Snapshot.model_validate({**facts, **changes})


def test_a_count_is_labelled_as_prometheus_would_label_it() -> None:
    assert label(("tokens", "small", "prompt")) == "tokens{model=small,kind=prompt}"
    assert label(("pairs",)) == "pairs"


def test_a_total_is_over_the_labels_that_are_not_named() -> None:
    counts = {"tokens{model=a,kind=prompt}": 1.0, "tokens{model=b,kind=prompt}": 2.0, "turns": 9.0}
    assert total(counts, "tokens") == 3
    assert total(counts, "tokens", "model=a") == 1
    assert total(counts, "tokens", "kind=completion") == 0


def test_what_is_left_counts_neither_earlier_trees_nor_those_that_ended() -> None:
    assert snapshot().ended == 25
    assert snapshot().left == 65


def test_a_snapshot_reads_back_and_a_torn_one_is_none(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path) is None
    snapshot().write(tmp_path)
    assert read_snapshot(tmp_path) == snapshot()
    (tmp_path / FILE).write_text('{"at": 1')
    assert read_snapshot(tmp_path) is None
