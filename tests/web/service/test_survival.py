"""A service that is killed, whole: real processes, journals, Docker; the model is the protocol
server."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL, Command
from tests.web.service.running import children, fingerprint, serving
from ultrainteract.testing.process import serve

pytestmark = [pytest.mark.ray, pytest.mark.docker]

ASKED: dict[str, dict[str, Any]] = {
    name: {"datasets": ["math"], "source": "sample", "environments": [env], "limit": 2}
    for name, env in {"first": "math_pot", "second": "math_cot", "third": "math_pot"}.items()
}


def plainly(command: Command, config: Path) -> dict[str, str]:
    """The datasets of the plain command, by environment."""
    words = ("synthesize", "math", "--source", "sample", "--limit", "2", "--config", config)
    going = {
        env: command.start(*words, "--env", env, "--run", env) for env in ("math_pot", "math_cot")
    }
    for process in going.values():
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    return {env: fingerprint(command.folder / "runs" / env / "dataset") for env in going}


def test_a_service_killed_at_random_moments_loses_no_run_and_changes_no_dataset(
    command: Command,
) -> None:
    with serve(models=(MODEL,), latency_ms=100) as server:
        config = command.config(server.url)
        plain = plainly(command, config)
        for strike in range(2):
            with serving(command, config, "--at-once", "2") as service:
                if strike == 0:
                    for name, asked in ASKED.items():
                        service.ask("/api/runs", {"name": name, **asked})
                time.sleep(random.uniform(0, 6))
                service.kill()
                left = children(service.runs)
            if strike == 1:
                # A power cut takes the runs as well.
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
        with serving(command, config, "--at-once", "2") as service:
            states = service.until(lambda now: set(now.values()) == {"done"})
            runs = service.runs
    assert states == dict.fromkeys(ASKED, "done")
    for name, asked in ASKED.items():
        assert fingerprint(runs / name / "dataset") == plain[asked["environments"][0]], name
    assert not children(runs)
