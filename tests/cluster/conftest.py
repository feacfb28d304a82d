"""A run that nothing disturbs, for all tests that end up where it does."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import MODEL, Command
from ultrainteract.testing.process import serve

JOB = ("synthesize", "math,gsm8k", "--source", "sample", "--env", "math_cot")
PACE: dict[str, object] = {"limit": 5, "trees_in_flight": 3}


@dataclass(frozen=True)
class Whole:
    """What `JOB` at `PACE` comes to: its run's folder, its dataset's fingerprint, its calls."""

    run: Path
    dataset: str
    calls: int


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """See `Whole`."""
    command = Command(tmp_path_factory.mktemp("whole"))
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url, pace=PACE)
        done = command(*JOB, "--run", "whole", "--config", config)
        assert done.code == 0, done.output
        calls = len(server.received())
    run = command.folder / "runs/whole"
    return Whole(run, fingerprint(run / "dataset"), calls)


def fingerprint(dataset: Path) -> str:
    hasher = hashlib.sha256()
    for path in sorted(path for path in dataset.rglob("*") if path.is_file()):
        hasher.update(path.relative_to(dataset).as_posix().encode() + path.read_bytes())
    return hasher.hexdigest()
