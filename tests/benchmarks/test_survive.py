"""A struck run comes to the bytes of an undisturbed one; the strikes do what they say."""

import json
import random
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.cradle import Cradle
from benchmarks.second_engine import startable
from benchmarks.survive_campaign import Figures, schedule
from benchmarks.survive_torn import tear
from benchmarks.survive_wire import Wire
from ultrainteract.journal import Effect, Journal
from ultrainteract.testing.process import serve

ROOT = Path(__file__).parents[2]
TEN = "driver,torn,worker,writer,replica,endpoint,container,engine,node,disk"


@pytest.mark.timeout(900)
@pytest.mark.ray
@pytest.mark.docker
@pytest.mark.skipif(not startable(), reason="engine, container and disk are struck by root only")
def test_ten_faults_change_no_byte() -> None:
    words = f"--faults 10 --problems 20 --latency-ms 250 --trees 4 --outage 1 --kinds {TEN}"
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/survive.py", *words.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=880,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = Figures(**json.loads(done.stdout.splitlines()[-1]))
    assert figures.met(10)
    assert figures.by_kind == dict.fromkeys(sorted(TEN.split(",")), 1)
    assert figures.restarts


def test_every_kind_has_its_turn() -> None:
    plan = schedule(["a", "b", "c"], 7, random.Random(0))
    assert sorted(plan.count(kind) for kind in "abc") == [2, 2, 3]


def effect(number: int) -> Effect:
    return Effect("t", "sample", str(number), b"x" * 3000, "m", 0.0)


@pytest.mark.parametrize("seed", range(12))
def test_a_torn_write_costs_the_last_commit_at_most(tmp_path: Path, seed: int) -> None:
    journal = Journal(tmp_path)
    for number in range(5):
        journal.record([effect(number)])
    killed = tmp_path / "killed"
    killed.mkdir()
    # As a killed process leaves them: nothing is folded in at the end.
    for file in tmp_path.glob("journal.sqlite*"):
        shutil.copy(file, killed)
    journal.close()
    said = tear(killed / "journal.sqlite", random.Random(seed))
    left = Journal(killed)
    kept = 5 if "added" in said else 4
    assert sorted(key for _, key in left.effects("t")) == [str(number) for number in range(kept)]
    assert left._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    left.record([effect(9)])
    assert ("sample", "9") in left.effects("t")
    left.close()


def answers(url: str, within: float) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/models", timeout=within) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, TimeoutError):
        return False


def test_a_wire_refuses_swallows_and_is_mended() -> None:
    with serve() as server:
        wire = Wire(server.port)
        url = f"http://127.0.0.1:{wire.port}/v1"
        for spoil in (wire.cut, wire.swallow):
            assert answers(url, within=120)
            spoil()
            assert not answers(url, within=0.5)
            wire.mend()
        assert answers(url, within=120)
        wire.close()


def test_what_a_command_leaves_behind_stays_in_its_cradle(tmp_path: Path) -> None:
    script = "(setsid sleep 301 &); echo done; exit 7"
    cradle = Cradle(tmp_path / "log", ["sh", "-c", script], {})
    assert cradle.wait(120) == 7
    assert (tmp_path / "log").read_text() == "done\n"
    # Until then it is still on its way to be that.
    wait_until(lambda: list(cradle.living().values()) == ["sleep 301"])
    (left,) = cradle.living()
    cradle.close()
    wait_until(lambda: not Path(f"/proc/{left}").exists())


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
