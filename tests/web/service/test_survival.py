"""A service that is killed, whole: real processes, journals, Docker; the model is the protocol
server."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MODEL, Command
from tests.web.service.running import children, fingerprint, serving, stubbed
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
        output, _ = process.communicate(timeout=280)
        assert process.returncode == 0, output
    return {env: fingerprint(command.folder / "runs" / env / "dataset") for env in going}


def test_a_service_killed_early_and_late_loses_no_run_and_changes_no_dataset(
    command: Command,
) -> None:
    with serve(models=(MODEL,), latency_ms=100) as server:
        config = command.config(server.url)
        plain = plainly(command, config)
        before = len(server.received())
        with serving(command, config, "--at-once", "2") as service:
            for name, asked in ASKED.items():
                service.ask("/api/runs", {"name": name, **asked})
            service.kill()
        with serving(command, config, "--at-once", "2") as service:
            server.await_arrivals(before + 3, seconds=280)
            service.kill()
            # A power cut takes the runs as well.
            for pid in children(service.runs):
                os.kill(pid, signal.SIGKILL)
        with serving(command, config, "--at-once", "2") as service:
            states = service.until(lambda now: set(now.values()) == {"done"})
            runs = service.runs
    assert states == dict.fromkeys(ASKED, "done")
    for name, asked in ASKED.items():
        assert fingerprint(runs / name / "dataset") == plain[asked["environments"][0]], name
    assert not children(runs)


@pytest.mark.slow
def test_a_run_whose_servers_went_with_the_service_goes_on_with_new_ones(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = command.folder
    monkeypatch.setenv("PYTHONPATH", stubbed(folder))
    weights, starts = folder / "weights", folder / "starts"
    weights.mkdir()
    (weights / "config.json").write_text("{}", encoding="utf-8")
    env = {"STARTS": str(starts), "LATENCY": "500"}
    serve = {"device": "cpu", "vllm_env": env}
    config = command.config("", models={"actor": {"model": str(weights), "serve": serve}})
    with serving(command, config) as service:
        service.ask("/api/runs", {"name": "first", **ASKED["second"]})
        deadline = time.monotonic() + 280
        while not (service.runs / "first/live.json").exists():
            assert time.monotonic() < deadline, service.ask("/api/runs")
            time.sleep(0.1)
        service.kill()
    (orphan,) = children(service.runs)
    with serving(command, config) as service:
        service.until(lambda now: now == {"first": "done"})
    assert len(starts.read_text(encoding="utf-8").splitlines()) == 2
    log = (service.runs / "first/log.jsonl").read_text(encoding="utf-8")
    assert "replicas of model 'actor' are now" in log
    assert f'"pid": {orphan}' in log
    assert (service.runs / "first/dataset/run.yaml").exists()
