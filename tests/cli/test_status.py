"""`status` tells how a run goes while it goes, and Prometheus is told the same."""

import json
import re
import time
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import MODEL, Command
from ultrainteract.testing.process import serve

pytestmark = [pytest.mark.ray]
JOB = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")


def test_a_run_is_watched_from_another_terminal_and_by_prometheus(
    command: Command, tmp_path: Path
) -> None:
    with serve(models=(MODEL,), latency_ms=800) as server:
        config = command.config(server.url, pace={"limit": 40, "trees_in_flight": 2})
        with command.start(*JOB, "--config", config) as process:
            assert process.stdout
            address = next(
                found[1]
                for line in process.stdout
                if (found := re.search(r"(http\S+/metrics)", line))
            )
            next(line for line in process.stdout if line.startswith("  tree "))
            scraped = scrape(address, "ultrainteract_calls")
            while "calls/s" not in (shown := command("status", "runs/r").output):
                assert process.poll() is None, shown
            told = json.loads(command("status", "runs/r", "--json").output)
            command.interrupt(process)
            process.communicate(timeout=240)
    assert told["running"]
    assert told["trees"] == 40
    assert told["live"]["workers"] == 1
    assert told["live"]["counts"]["calls{model=actor}"] > 0
    assert "growing" in shown
    assert 'model="actor"' in scraped
    after = json.loads(command("status", "runs/r", "--json").output)
    assert not after["running"]
    assert after["live"] is None
    assert 0 < after["ended"] < 40
    assert "the same command resumes it" in command("status", "runs/r").output


def test_a_folder_without_a_run_is_told(command: Command, tmp_path: Path) -> None:
    done = command("status", "runs/none")
    assert done.code == 2
    assert "holds no run" in done.output


def scrape(address: str, name: str) -> str:
    """The lines of a metric; Ray's agents tell it some seconds late."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            lines = []
        if found := [line for line in lines if name in line and not line.startswith("#")]:
            return "\n".join(found)
        time.sleep(0.5)
    raise AssertionError(f"{address} never told {name}")
