"""The process that keeps a catalogue up."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.layers.conftest import Erring, grow_run, instructions
from ultrainteract.catalogue.catalogue import FILE, Catalogue
from ultrainteract.catalogue.follower import Following

REFUSE = "CREATE TRIGGER full BEFORE INSERT ON tree BEGIN SELECT RAISE(FAIL, 'full'); END"


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 280
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_one_that_cannot_write_says_so_and_goes_on_once_it_can(tmp_path: Path) -> None:
    run = grow_run(tmp_path / "r", instructions(2), Erring)
    with closing(Catalogue(run)) as catalogue, closing(sqlite3.connect(run / FILE)) as db:
        db.execute(REFUSE)
        with closing(Following(run, run)) as following:
            assert not following.trouble
            until(lambda: following.trouble)
            assert "disk" in following.trouble
            assert not catalogue.known()
            db.execute("DROP TRIGGER full")
            until(lambda: not following.trouble)
            until(lambda: len(catalogue.known()) == 2)
        assert "start the viewer again" in following.trouble
