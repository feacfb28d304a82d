"""A run's test sets are the same ones when it goes on."""

import json
from pathlib import Path

import pytest

from ultrainteract.errors import SeedError
from ultrainteract.seeds.hub import Snapshot
from ultrainteract.seeds.registry import Hub
from ultrainteract.select.record import Compared, SelectionRecord, read_benchmarks

ROW = {"question": "one?"}


def record(*sources: str) -> SelectionRecord:
    return SelectionRecord(tuple(map(Compared.of, read_benchmarks(sources))))


def test_the_same_items_elsewhere_are_the_same_test_set(tmp_path: Path) -> None:
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "set.json").write_text(json.dumps([ROW]))
    first = record(str(tmp_path / "a/set.json"))
    assert read_benchmarks([str(tmp_path / "b/set.json")], first)
    assert str(tmp_path) not in repr(first)
    (tmp_path / "b/set.json").write_text(json.dumps([ROW, {"question": "two?"}]))
    with pytest.raises(SeedError, match=r"it has 2 items .* began with \(1 items\)"):
        read_benchmarks([str(tmp_path / "b/set.json")], first)


@pytest.mark.parametrize("source", ["owner/name", "owner/name:test/*.jsonl"])
def test_a_repository_is_held_to_its_commit(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "test.jsonl"
    file.write_text(json.dumps(ROW))
    asked: list[tuple[str, tuple[str, ...], str]] = []

    def fetch(hub: Hub, revision: str) -> Snapshot:
        asked.append((hub.id, hub.files, revision))
        return Snapshot((file,), revision or "newest")

    monkeypatch.setattr("ultrainteract.select.benchmarks.fetch", fetch)
    first = record(source)
    assert first.compared[0].revision == "newest"
    read_benchmarks([source], first)
    assert [revision for _, _, revision in asked] == ["", "newest"]
    assert {name for name, _, _ in asked} == {"owner/name"}
    if ":" in source:
        assert asked[0][1] == ("test/*.jsonl",)
