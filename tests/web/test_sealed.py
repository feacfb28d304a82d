"""A run whose folder cannot be written to is looked at all the same: it is somebody else's."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.conftest import Command
from tests.layers.conftest import Erring, grow_run, instructions
from tests.web.conftest import wait_until
from ultrainteract.catalogue.catalogue import FILE
from ultrainteract.catalogue.shelf import Shelf
from ultrainteract.layers.marks import Decision, Mark, actions_digest, add
from ultrainteract.run_folder import read_run
from ultrainteract.web.app import viewer_app
from ultrainteract.web.shown import ShownRun

TREES = 2


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A run with a mark in it, in a folder that this process cannot write to."""
    folder = tmp_path_factory.mktemp("sealed")
    run = grow_run(folder / "r", instructions(TREES), Erring)
    journal, _ = read_run(run)
    tree = next(journal.instructions()).id
    journal.close()
    shown = ShownRun(run)
    node = shown.tree(tree).tree.nodes[0]
    shown.close()
    told = {"decision": Decision.DROP, "note": "seen before", "actions": actions_digest(node)}
    add(run, Mark(tree=tree, nodes=(0,), **told))
    for file in run.glob("catalogue.*"):
        file.unlink()
    if os.geteuid():
        run.chmod(0o555)
        yield run
        run.chmod(0o755)
        return
    # Nothing but its file system refuses root.
    mount = shutil.which("mount")
    bound = subprocess.run([mount, "--bind", run, run], check=False) if mount else None
    if not mount or not bound or bound.returncode:
        pytest.skip("root may write anywhere here, and may not mount")
    subprocess.run([mount, "-o", "remount,ro,bind", run], check=True)
    yield run
    # What this process has open in it is closed when it is collected.
    subprocess.run(["umount", "--lazy", run], check=True)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ULTRAINTERACT_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_pages_are_there_marks_are_shown_and_none_is_taken(sealed: Path, cache: Path) -> None:
    before = sorted(sealed.rglob("*"))
    run = ShownRun(sealed)
    wait_until(lambda: sum(run.catalogue.states().values()) == TREES, "nothing was listed")
    client = TestClient(viewer_app(run), base_url="http://127.0.0.1", follow_redirects=False)
    tree = next(run.journal.instructions()).id
    assert f"/trees/{tree}" in client.get("/trees").text
    for address in ("/", f"/trees/{tree}", f"/trees/{tree}/nodes/0"):
        assert "Nothing can be marked" in client.get(address).text
    shown = client.get(f"/trees/{tree}/nodes/0").text
    assert "seen before" in shown
    assert '<form class="marking' not in shown
    answer = client.post(f"/trees/{tree}/marks", data={"target": "0", "decision": "keep"})
    assert answer.status_code == 409
    assert "Mark in a copy" in answer.text
    run.close()
    assert sorted(sealed.rglob("*")) == before
    assert list(cache.rglob(FILE))


def test_where_there_is_no_cache_either_the_catalogue_is_lent(sealed: Path, cache: Path) -> None:
    cache.write_text("no folder")
    shelf = Shelf.of(sealed)
    assert shelf.lent
    shelf.leave()
    assert not shelf.folder.exists()


def test_what_reads_a_run_reads_it_and_what_writes_says_where_to(
    sealed: Path, command: Command
) -> None:
    for words in (("stats",), ("inspect",), ("status",)):
        assert command(*words, sealed).code == 0
    refused = command("report", sealed)
    assert refused.code == 2
    assert "--to" in refused.output
    done = command("report", sealed, "--to", "report.html")
    assert done.code == 0, done.output
    assert (command.folder / "report.html").exists()
