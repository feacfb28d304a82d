"""Servers that a run starts and holds: lost, joined, dismissed, and gone at its end."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cluster.stand_in import make_stand_in, make_weights
from tests.conftest import MODEL, Command
from tests.processes import alive, assert_gone, called, descendants, leaf
from tests.test_run_folder import SEEDS, WHERE
from ultrainteract.cluster.driver import ray_session
from ultrainteract.cluster.engines import Engines
from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config
from ultrainteract.run_folder import Beginning, open_run
from ultrainteract.testing.process import serve

pytestmark = pytest.mark.ray


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """The environment in which the stand-in for vLLM is found."""
    return make_stand_in(tmp_path)


@pytest.fixture
def hold(tmp_path: Path) -> Path:
    """See `make_stand_in`."""
    file = tmp_path / "hold"
    file.touch()
    return file


def test_a_lost_engine_actor_is_replaced_and_the_run_goes_on(
    command: Command, stand_in: dict[str, str], hold: Path, tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    serve_ = {"device": "cpu", "replicas": 2}
    config = command.config(
        "", models={"actor": {"model": str(weights), "serve": serve_}}, pace={"limit": 40}
    )
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    told(process, "  tree ")
    engines = called("ray::Engine", descendants(process.pid))
    assert len(engines) == 2
    os.kill(engines[0], signal.SIGKILL)
    assert "1 left" in told(process, "a server of model 'actor' is lost")
    hold.unlink()
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert (tmp_path / "runs/r/dataset/README.md").exists()


async def test_a_server_that_nobody_holds_any_more_ends_the_run(
    stand_in: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in stand_in.items():
        monkeypatch.setenv(name, value)
    model = {"model": str(make_weights(tmp_path / "weights")), "serve": {"device": "cpu"}}
    roles = {"actors": ["actor"], "critic": "actor", "allow_self_critique": True}
    config = RunConfig.model_validate({"models": {"actor": model}, "roles": roles})
    (tmp_path / "logs").mkdir()
    stop = asyncio.Event()

    def breaks(name: str, urls: tuple[str, ...]) -> None:
        raise ZeroDivisionError(name)

    with ray_session(None):
        async with Engines(config, tmp_path, lambda line: None, stop) as engines:
            engines.changed = breaks
            (actor,) = called("ray::Engine", descendants(os.getpid()))
            os.kill(actor, signal.SIGKILL)
            await asyncio.wait_for(stop.wait(), 240)
            assert "held no more: ZeroDivisionError: actor" in engines.trouble


@pytest.mark.usefixtures("hold")
def test_a_run_goes_on_with_a_server_less_and_ends_without_any(
    command: Command, stand_in: dict[str, str], tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    serve_ = {"device": "cpu", "replicas": 2}
    config = command.config(
        "",
        models={"actor": {"model": str(weights), "serve": serve_}},
        pace={"limit": 44, "trees_in_flight": 1},
        tree={"max_turns": 5},
    )
    job = ("synthesize", "math,gsm8k", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    told(process, "  tree ")
    (tmp_path / "refuse").touch()
    first, second = servers(process)
    os.kill(first, signal.SIGKILL)
    told(process, "goes on with a server less")
    os.kill(second, signal.SIGKILL)
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 1, output
    assert "model 'actor' has no replica left" in output
    assert "refused to start" in output


def servers(process: subprocess.Popen[str]) -> list[int]:
    """The model servers that a run started."""
    return [pid for pid in called("api_server", descendants(process.pid)) if leaf(pid)]


def told(process: subprocess.Popen[str], words: str) -> str:
    """The next line of a run that holds these words."""
    assert process.stdout
    return next(line for line in process.stdout if words in line)


def test_replicas_join_and_leave_a_run_and_one_that_left_may_die(
    command: Command, tmp_path: Path
) -> None:
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    # So slow that the run cannot end before the other has joined.
    with serve(models=(MODEL,), latency_ms=800) as first, serve(models=(MODEL,)) as second:
        config = command.config(first.url, pace={"limit": 40, "trees_in_flight": 2})
        process = command.start(*job, "--config", config)
        told(process, "  tree ")
        # A file that cannot be looked at is told, and is followed again once it can.
        roster = tmp_path / "runs/r/replicas.yaml"
        roster.symlink_to(roster)
        told(process, "the replicas stay as they are")
        roster.unlink()
        changed = command(
            *("replicas", "runs/r", "--add", f"actor={second.url}"),
            *("--remove", f"actor={first.url}"),
        )
        assert changed.code == 0, changed.output
        line = told(process, "replicas of model 'actor' are now")
        assert second.url in line
        assert first.url not in line
        second.await_arrivals(3)
        first.kill()
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output
        assert "is gone" not in output
        before = len(second.received())
        again = command(*job, "--config", config, "--set", "pace.limit=41")
        assert again.code == 0, again.output
        assert len(second.received()) > before, "the server that joined was not asked again"


def test_servers_of_its_own_join_and_leave_a_run_by_their_number(
    command: Command, stand_in: dict[str, str], hold: Path, tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    model = {"model": str(weights), "serve": {"device": "cpu"}}
    config = command.config(
        "",
        models={"actor": model},
        pace={"limit": 44, "trees_in_flight": 1},
        tree={"max_turns": 5},
    )
    job = ("synthesize", "math,gsm8k", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    told(process, "  tree ")
    assert len(servers(process)) == 1
    assert command("replicas", "runs/r", "--count", "actor=2").code == 0
    joined = told(process, "has a server at").split()[-1]
    assert len(servers(process)) == 2
    assert command("replicas", "runs/r", "--count", "actor=1").code == 0
    assert joined not in told(process, "replicas of model 'actor' are now")
    hold.unlink()
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output
    assert (tmp_path / "runs/r/dataset/README.md").exists()


def test_replicas_that_make_no_sense_are_refused(command: Command) -> None:
    url = "http://127.0.0.1:9/v1"
    with open_run(command.folder / "runs/r") as run:
        run.begin(load_config(command.config(url)), SEEDS, [], lambda: Beginning(WHERE))
    for words, said in (
        (("--add", "actr=http://h/v1"), "did you mean 'actor'"),
        (("--remove", "actor=http://h/v1"), "unknown replica of actor"),
        (("--count", "actor=many"), "a number of servers"),
    ):
        done = command("replicas", "runs/r", *words)
        assert (done.code, said in done.output) == (2, True), done.output
    shown = command("replicas", "runs/r", "--count", "actor=2")
    assert f"actor: 2 of its own, {url}" in shown.output


@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_leaves_no_server_behind_that_the_run_started(
    interrupts: int, command: Command, stand_in: dict[str, str], hold: Path, tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    config = command.config(
        "",
        models={"actor": {"model": str(weights), "serve": {"device": "cpu"}}},
        pace={"limit": 40},
    )
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    told(process, "  tree ")
    family = descendants(process.pid)
    assert any("keeper" in name for name in alive(family)), "no server was started"
    command.interrupt(process)
    told(process, "stopping")
    if interrupts > 1:
        command.interrupt(process)
    else:
        hold.unlink()
    output, _ = process.communicate(timeout=240)
    assert process.returncode == 130, output
    assert_gone(family)
