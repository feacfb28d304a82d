"""The shipped configurations for GPUs and endpoints, on a Ray that declares logical GPUs."""

import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from tests.cluster.stand_in import make_stand_in, make_weights
from tests.conftest import Command
from ultrainteract.config_file import load_config
from ultrainteract.testing.process import serve

pytestmark = pytest.mark.ray

# A cluster of these tests alone, on this machine alone.
OPEN = {"RAY_AUTH_MODE": "disabled"}


def quiet_port() -> int:
    """A free one, below those that the system gives to whoever asks for any."""
    while True:
        port = random.randrange(20_000, 30_000)
        with suppress(OSError), socket.socket() as trial:
            trial.bind(("", port))
            return port


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Ray head with 16 logical GPUs, whose workers find the stand-in; its address."""
    folder = tmp_path_factory.mktemp("cluster")
    ray = Path(sys.executable).with_name("ray")
    env = {**os.environ, **OPEN, **make_stand_in(folder), "RAY_USAGE_STATS_ENABLED": "0"}
    # `--block`, not `ray stop`: that would stop every Ray of this machine.
    words = f"--head --block --port 0 --ray-client-server-port {quiet_port()}"
    size = "--num-cpus 4 --num-gpus 16 --include-dashboard false"
    with (folder / "ray.log").open("w") as log:
        process = subprocess.Popen(
            [ray, "start", *words.split(), *size.split()],
            env=env,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 240
        while "Ray runtime started" not in (said := (folder / "ray.log").read_text()):
            assert process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.1)
        found = re.search(r"--address='[^']*:(\d+)'", said)
        assert found, said
        yield f"127.0.0.1:{found[1]}"
    finally:
        process.terminate()
        process.wait(120)


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
