"""Runs with a dataset, and a hub that this process takes for the real one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.layers.conftest import Erring, grow_run, instructions
from tests.push.hub import TOKEN, Hub, hub_at
from ultrainteract.dataset.publish import publish
from ultrainteract.layers.recall import finished_trees
from ultrainteract.push.stamp import stamp_of, write_stamp
from ultrainteract.report.about import about_run
from ultrainteract.run_folder import read_run


@pytest.fixture(scope="session")
def pushable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four trees with its dataset."""
    run = grow_run(tmp_path_factory.mktemp("runs") / "r", instructions(4), Erring)
    publish_again(run)
    return run


def publish_again(run: Path) -> None:
    journal, config = read_run(run)
    trees = finished_trees(journal, config, [])
    publish(trees, run / "dataset", about_run(journal, config))
    write_stamp(run / "dataset", stamp_of(journal))
    journal.close()


@pytest.fixture
def run(pushable: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(pushable, tmp_path / "r"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, with a token that it knows."""
    with hub_at() as one:
        monkeypatch.setattr(constants, "ENDPOINT", one.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        # The way to its store of chunks is a binary that no test server speaks.
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield one
