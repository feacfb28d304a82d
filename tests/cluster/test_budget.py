"""A run with a limit stops in time, loses nothing, and goes on once the limit is raised."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cluster.conftest import JOB, PACE, Whole, fingerprint
from tests.conftest import MODEL, Command
from ultrainteract.testing.process import serve

pytestmark = pytest.mark.ray

LIMITED = 3
# Requests that two workers of three trees each have begun and not recorded, a wave's two in each:
# the server sees fewer, as some are on their way.
AT_ONCE = 2 * 3 * 2


def tokens(run: Path) -> list[int]:
    """Of each recorded call."""
    with closing(sqlite3.connect(run / "journal.sqlite")) as database:
        rows = database.execute("SELECT data FROM effect WHERE kind = 'sample'").fetchall()
    usages = (json.loads(data)["usage"] for (data,) in rows)
    return [usage["prompt_tokens"] + usage["completion_tokens"] for usage in usages]


def test_a_budget_is_overrun_by_what_is_in_flight_at_most_and_goes_on_when_raised(
    command: Command, tmp_path: Path, whole: Whole
) -> None:
    pace = {**PACE, "workers": 2}
    spent = sum(tokens(whole.run))
    limit = spent // 3
    with serve(models=(MODEL,), latency_ms=50) as server:
        limited = command.config(server.url, pace=pace, budget={"tokens": limit})
        first = command(*JOB, "--run", "r", "--config", limited)
        assert first.code == LIMITED, first.output
        assert "the run stopped at its budget: budget.tokens:" in first.output
        assert "nothing recorded is lost" in first.output
        largest = sorted(tokens(tmp_path / "runs/r"), reverse=True)[:AT_ONCE]
        assert limit <= sum(tokens(tmp_path / "runs/r")) <= limit + sum(largest)
        asked = len(server.received())
        assert asked == len(tokens(tmp_path / "runs/r")), "a reply that came was not recorded"
        again = command(*JOB, "--run", "r", "--config", limited)
        assert again.code == LIMITED, again.output
        assert len(server.received()) == asked, "a spent budget asked for more"
        raised = command.config(server.url, pace=pace, budget={"tokens": 2 * spent})
        done = command(*JOB, "--run", "r", "--config", raised)
        assert done.code == 0, done.output
        assert set(server.calls().values()) == {1}, "an answered call was repeated"
    assert fingerprint(tmp_path / "runs/r/dataset") == whole.dataset


def test_a_time_limit_stops_a_run_in_time_and_the_same_command_goes_on(
    command: Command, tmp_path: Path
) -> None:
    with serve(models=(MODEL,), latency_ms=400) as server:
        pace = {**PACE, "trees_in_flight": 1}
        # A busy machine may take all of a short time to start.
        for seconds in (8, 16, 32, 64):
            config = command.config(server.url, pace=pace, budget={"seconds": seconds})
            first = command(*JOB, "--run", "r", "--config", config)
            assert first.code == LIMITED, first.output
            assert f"budget.seconds: {seconds} are over. The same command goes on" in first.output
            if asked := len(server.received()):
                break
        unlimited = command.config(server.url, pace=pace)
        again = command.start(*JOB, "--run", "r", "--config", unlimited)
        server.await_arrivals(asked + 1)
        command.interrupt(again)
        again.communicate(timeout=240)
        assert set(server.calls().values()) == {1}


def test_trees_that_reach_their_own_limit_are_published_and_go_on_when_it_is_raised(
    command: Command, tmp_path: Path, whole: Whole
) -> None:
    with serve(models=(MODEL,)) as server:
        small = command.config(server.url, pace=PACE, budget={"tree": {"calls": 2}})
        first = command(*JOB, "--run", "r", "--config", small)
        assert first.code == 0, first.output
        assert "trees stopped at a limit of their own" in first.output
        assert "(tree_budget)" in first.output
        assert "tree_budget" in command("inspect", "runs/r").output
        before = fingerprint(tmp_path / "runs/r/dataset")
        again = command(*JOB, "--run", "r", "--config", small)
        assert again.code == 0, again.output
        assert fingerprint(tmp_path / "runs/r/dataset") == before
        done = command(*JOB, "--run", "r", "--config", command.config(server.url, pace=PACE))
        assert done.code == 0, done.output
        assert set(server.calls().values()) == {1}, "an answered call was repeated"
    assert fingerprint(tmp_path / "runs/r/dataset") == whole.dataset
