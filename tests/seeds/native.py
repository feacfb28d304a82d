"""The collected rows of a dataset, where they are at hand, and what must hold for all of them."""

import json
from pathlib import Path

import pytest

from ultrainteract.seeds import Loaded, load

_SEEDS = Path(__file__).parents[2] / "../shared/data/seeds"


def natives(name: str) -> pytest.MarkDecorator:
    """Parametrises `path` over the row files of a dataset; skips where there are none."""
    paths = sorted((_SEEDS / name).glob("rows*.jsonl"))
    if not paths:
        return pytest.mark.skip(reason="no shared data")
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.name)


def accounted(name: str, path: Path, needed: set[str]) -> Loaded:
    """Loads the file: every row is a problem or skipped for a reason, and nine in ten of those
    that have the needed fields are problems."""
    loaded = load(name, source=path, everything=True, allow_empty=True)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert loaded.rows == len(rows) == loaded.available + sum(loaded.skipped.values())
    assert all(loaded.skipped), "a row was skipped without a reason"
    complete = [row for row in rows if row.keys() >= needed]
    assert loaded.available >= 0.9 * len(complete)
    for row in rows:
        missing = {f"missing field {field}" for field in needed - row.keys()}
        assert not missing or missing & loaded.skipped.keys()
    return loaded
