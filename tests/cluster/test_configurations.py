"""The shipped configurations for GPUs and endpoints, on a Ray that declares logical GPUs.

In place of vLLM stands the protocol server: a package named `vllm` that is found first and
understands the words of vLLM's command line that matter here. No GPU is touched.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.conftest import MODEL, Command
from tests.processes import alive, assert_gone, called, descendants
from ultrainteract.cluster.driver import ray_session
from ultrainteract.cluster.engines import Engines
from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config
from ultrainteract.testing.process import serve, vacant_port

pytestmark = pytest.mark.ray

# A cluster of this test alone, on this machine alone.
OPEN = {"RAY_AUTH_MODE": "disabled"}
STAND_IN = """
import argparse, os, sys
if os.path.exists(os.environ["REFUSES"]):
    sys.exit("refused to start")
from ultrainteract.testing import server
parser = argparse.ArgumentParser()
parser.add_argument("--served-model-name")
parser.add_argument("--port")
known, _ = parser.parse_known_args()
sys.argv = ["server", "--port", known.port, "--models", known.served_model_name]
server.main()
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """The environment in which the stand-in is found."""
    package = tmp_path / "stand_in" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").touch()
    (package / "api_server.py").write_text(STAND_IN)
    paths = [str(tmp_path / "stand_in"), *filter(None, [os.environ.get("PYTHONPATH")])]
    # Once that file is there, no server starts any more.
    return {"PYTHONPATH": os.pathsep.join(paths), "REFUSES": str(tmp_path / "refuse")}


def make_weights(folder: Path) -> Path:
    """Weights that are there, so that none is fetched."""
    folder.mkdir(parents=True)
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / file).touch()
    return folder


@pytest.fixture
def cluster(tmp_path: Path, stand_in: dict[str, str]) -> Iterator[str]:
    """A Ray head with 16 logical GPUs, whose workers find the stand-in; its address."""
    ray = Path(sys.executable).with_name("ray")
    env = {**os.environ, **OPEN, **stand_in, "RAY_USAGE_STATS_ENABLED": "0"}
    with vacant_port() as port:
        pass
    # `--block`, not `ray stop`: that would stop every Ray of this machine.
    words = "--head --block --num-cpus 4 --num-gpus 16 --include-dashboard false"
    with (tmp_path / "ray.log").open("w") as log:
        process = subprocess.Popen(
            [ray, "start", *words.split(), f"--port={port}"],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while "Ray runtime started" not in (tmp_path / "ray.log").read_text():
            assert process.poll() is None, (tmp_path / "ray.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("name", ["gpu", "paper", "openai"])
def test_a_shipped_configuration_runs_to_a_dataset(
    name: str, command: Command, cluster: str, tmp_path: Path
) -> None:
    config = load_config(Path(name))
    hosted = {key: model.model for key, model in config.models.items() if model.serve.base_url}
    with serve(models=tuple(hosted.values()) or ("none",)) as server:
        data = config.model_dump(mode="json")
        for key, model in data["models"].items():
            if key in hosted:
                model["serve"]["base_url"] = server.url
            else:
                model["model"] = str(make_weights(tmp_path / "weights" / key))
                model["serve"]["host"] = "127.0.0.1"
        data["pace"] |= {"limit": 1, "workers": 1, "containers": 1}
        (tmp_path / "config.yaml").write_text(yaml.safe_dump(data))
        job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", name)
        done = command(*job, "--config", "config.yaml", "--ray-address", cluster, **OPEN)
        assert done.code == 0, done.output
        asked = {line.model for line in server.received()}
    if hosted:
        assert asked, "no hosted model was asked"
    logs = tmp_path / "runs" / name / "logs"
    for key in config.used_models():
        if key not in hosted:
            replicas = config.models[key].serve.replicas
            assert len(list(logs.glob(f"{key}-*.log"))) == replicas
    text = (tmp_path / "runs" / name / "dataset" / "README.md").read_text()
    assert str(tmp_path) not in text


def test_a_lost_engine_actor_is_replaced_and_the_run_goes_on(
    command: Command, stand_in: dict[str, str], tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    serve_ = {"device": "cpu", "replicas": 2}
    config = command.config(
        "", models={"actor": {"model": str(weights), "serve": serve_}}, pace={"limit": 40}
    )
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("  tree "):
            break
    engines = called("ray::Engine", descendants(process.pid))
    assert len(engines) == 2
    os.kill(engines[0], signal.SIGKILL)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert "a server of model 'actor' is lost, 1 left" in output
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
            await asyncio.wait_for(stop.wait(), 60)
            assert "held no more: ZeroDivisionError: actor" in engines.trouble


def test_a_run_goes_on_with_a_server_less_and_ends_without_any(
    command: Command, stand_in: dict[str, str], tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    serve_ = {"device": "cpu", "replicas": 2}
    # So many trees that it cannot end by itself meanwhile.
    config = command.config(
        "",
        models={"actor": {"model": str(weights), "serve": serve_}},
        pace={"limit": 44, "trees_in_flight": 1},
        tree={"max_turns": 5},
    )
    job = ("synthesize", "math,gsm8k", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("  tree "):
            break
    (tmp_path / "refuse").touch()
    first, second = (pid for pid in called("api_server", descendants(process.pid)) if leaf(pid))
    os.kill(first, signal.SIGKILL)
    for line in process.stdout:
        if "goes on with a server less" in line:
            break
    os.kill(second, signal.SIGKILL)
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 1, output
    assert "model 'actor' has no replica left" in output
    assert "refused to start" in output


def leaf(pid: int) -> bool:
    return not Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_replicas_join_and_leave_a_run_and_one_that_left_may_die(
    command: Command, tmp_path: Path
) -> None:
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    with serve(models=(MODEL,), latency_ms=300) as first, serve(models=(MODEL,)) as second:
        config = command.config(first.url, pace={"limit": 40, "trees_in_flight": 2})
        process = command.start(*job, "--config", config)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("  tree "):
                break
        # A file that cannot be looked at is told, and is followed again once it can.
        roster = tmp_path / "runs/r/replicas.yaml"
        roster.symlink_to(roster)
        next(line for line in process.stdout if "the replicas stay as they are" in line)
        roster.unlink()
        changed = command(
            *("replicas", "runs/r", "--add", f"actor={second.url}"),
            *("--remove", f"actor={first.url}"),
        )
        assert changed.code == 0, changed.output
        for line in process.stdout:
            if "replicas of model 'actor' are now" in line:
                assert second.url in line
                assert first.url not in line
                break
        second.await_arrivals(3)
        first.kill()
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output
        assert "is gone" not in output
        before = len(second.received())
        again = command(*job, "--config", config, "--set", "pace.limit=41")
        assert again.code == 0, again.output
        assert len(second.received()) > before, "the server that joined was not asked again"


def test_servers_of_its_own_join_and_leave_a_run_by_their_number(
    command: Command, stand_in: dict[str, str], tmp_path: Path
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
    assert process.stdout

    def servers() -> int:
        return sum(leaf(pid) for pid in called("api_server", descendants(process.pid)))

    def told(words: str) -> str:
        assert process.stdout
        return next(line for line in process.stdout if words in line)

    told("  tree ")
    assert servers() == 1
    assert command("replicas", "runs/r", "--count", "actor=2").code == 0
    joined = told("has a server at").split()[-1]
    assert servers() == 2
    assert command("replicas", "runs/r", "--count", "actor=1").code == 0
    assert joined not in told("replicas of model 'actor' are now")
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert (tmp_path / "runs/r/dataset/README.md").exists()


def test_replicas_that_make_no_sense_are_refused(command: Command, tmp_path: Path) -> None:
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url, pace={"limit": 1})
        job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
        assert command(*job, "--config", config).code == 0
    for words, said in (
        (("--add", "actr=http://h/v1"), "did you mean 'actor'"),
        (("--remove", "actor=http://h/v1"), "unknown replica of actor"),
        (("--count", "actor=many"), "a number of servers"),
    ):
        done = command("replicas", "runs/r", *words)
        assert (done.code, said in done.output) == (2, True), done.output
    shown = command("replicas", "runs/r", "--count", "actor=2")
    assert f"actor: 2 of its own, {server.url}" in shown.output


def test_more_gpus_than_the_cluster_has_are_refused(
    command: Command, cluster: str, tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    data = {
        "models": {"big": {"model": str(weights), "serve": {"tensor_parallel": 32}}},
        "roles": {"actors": ["big"], "critic": "big", "allow_self_critique": True},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(data))
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "big")
    done = command(*job, "--config", "config.yaml", "--ray-address", cluster, **OPEN)
    assert done.code == 2, done.output
    assert "32 GPUs" in done.output
    assert "16" in done.output


@pytest.mark.parametrize("interrupts", [1, 2])
def test_ctrl_c_leaves_no_server_behind_that_the_run_started(
    interrupts: int, command: Command, stand_in: dict[str, str], tmp_path: Path
) -> None:
    weights = make_weights(tmp_path / "weights")
    config = command.config(
        "",
        models={"actor": {"model": str(weights), "serve": {"device": "cpu"}}},
        pace={"limit": 40},
    )
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config, **stand_in)
    assert process.stdout
    for line in process.stdout:
        if line.startswith("  tree "):
            break
    family = descendants(process.pid)
    assert any("keeper" in name for name in alive(family)), "no server was started"
    for _ in range(interrupts):
        command.interrupt(process)
        time.sleep(0.2)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 130, output
    assert_gone(family)
