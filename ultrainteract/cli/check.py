"""`ultrainteract check [--config F]`: what is there, what is missing, how to get it.

With a configuration also its roles, where its models come from, and exact vLLM command lines.
"""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.cli.configured import configured, notices
from ultrainteract.cli.setup import devices_of, started_here, vllm_found, vllm_mismatch
from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import ConfigError, SetupError
from ultrainteract.resources import default_cache
from ultrainteract.sampling.vllm_command import vllm_command

_DISK_GB = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked for; `advice` says how to get what is missing."""

    name: str
    found: str
    advice: str = ""


def check(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option(help="YAML file, or the name of a shipped one.")
    ] = None,
    override: Annotated[list[str] | None, typer.Option("--set", help="As for synthesize.")] = None,
) -> None:
    """Look at this machine and, with --config, at what that configuration would start."""
    if context.invoked_subcommand:
        if config or override:
            name = context.invoked_subcommand
            raise ConfigError(f"options of `check {name}` go after its name: check {name} --config")
        return
    console = Console(soft_wrap=True, highlight=False)
    chosen = configured(config or Path("cpu"), override or [])
    if config:
        for line in plan(chosen):
            console.print(line, markup=False)
    findings = list(look(chosen))
    table = Table(box=None, padding=(0, 2))
    for finding in findings:
        mark = "[red]missing[/]" if finding.advice else "[green]ok[/]"
        table.add_row(mark, finding.name, finding.found)
    console.print(table)
    for finding in findings:
        if finding.advice:
            console.print(f"{finding.name}: {finding.advice}", markup=False)
    if any(finding.advice for finding in findings):
        raise typer.Exit(1)


def plan(config: RunConfig) -> Iterator[str]:
    """Roles, placement and exact vLLM command lines, as text."""
    yield from notices(config)
    yield "roles"
    yield f"  actors, cheapest first: {', '.join(config.roles.actors)}"
    yield f"  rejected actions: {', '.join(config.roles.rejected) or 'the actors themselves'}"
    yield f"  critic: {config.roles.critic}"
    yield "models"
    for name in config.used_models():
        model, serve = config.models[name], config.models[name].serve
        if name not in started_here(config):
            where = ", ".join(serve.base_url) or "scripted"
            yield f"  {name}: {model.model} at {where}"
            continue
        gpus = serve.tensor_parallel if serve.device == "cuda" else 0
        place = f"{gpus} GPUs each" if gpus else "on the CPU"
        yield f"  {name}: {model.model}, {serve.replicas} vLLM servers, {place}, a Ray actor each"
        weights = _present(model)
        command = vllm_command(model, str(weights or model.model), 8000)
        yield f"    {command.line()}"
    yield ""


def look(config: RunConfig) -> Iterator[Finding]:
    """Everything a run of `config` needs."""
    yield from _sandbox(config)
    started = started_here(config)
    if "cuda" in devices_of(started):
        yield _gpus(config)
    if started:
        yield _vllm(devices_of(started))
    for name, model in started.items():
        weights = _present(model)
        found = str(weights) if weights else f"{model.model}: fetched at the first start"
        yield Finding(f"weights of {name}", found)
    for name in config.used_models():
        if config.models[name].kind == "openai" and name not in started:
            yield _endpoint(name, config)
    yield _disk()


def _sandbox(config: RunConfig) -> Iterator[Finding]:
    from ultrainteract.sandbox.bubblewrap import probe_bubblewrap
    from ultrainteract.sandbox.docker import probe_engine, probe_image

    pace = config.pace
    if pace.backend == "bubblewrap":
        yield _attempt("bubblewrap", lambda: asyncio.run(probe_bubblewrap()))
        return
    yield _attempt("Docker engine", lambda: asyncio.run(probe_engine(pace.runtime)))
    yield _attempt("sandbox image", lambda: asyncio.run(probe_image(pace.image)))


def _present(model: ModelConfig) -> Path | None:
    """Weights that are here already: a folder of that name, or made from packages."""
    made = default_cache() / "weights" / model.model.replace("/", "--")
    return next((path for path in (Path(model.model).absolute(), made) if path.is_dir()), None)


def _attempt(name: str, probe: Callable[[], str]) -> Finding:
    try:
        return Finding(name, probe())
    except SetupError as error:
        return Finding(name, "not there", str(error))


def _endpoint(name: str, config: RunConfig) -> Finding:
    from ultrainteract.sampling.fleet import Fleet

    async def probe() -> str:
        model = config.models[name]
        fleet = Fleet(name, model, model.serve.base_url)
        try:
            await fleet.preflight()
        finally:
            await fleet.close()
        return ", ".join(model.serve.base_url)

    return _attempt(f"endpoint of {name}", lambda: asyncio.run(probe()))


def _vllm(devices: set[str]) -> Finding:
    found = vllm_found()
    advice = vllm_mismatch(found, devices)
    if not found:
        advice = advice or "install it: make synthesize does, or ultrainteract setup"
    return Finding("vLLM", " and ".join(found) or "not installed", advice)


def _gpus(config: RunConfig) -> Finding:
    wanted = sum(
        model.serve.replicas * model.serve.tensor_parallel
        for model in started_here(config).values()
        if model.serve.device == "cuda"
    )
    there = len(list(Path("/dev").glob("nvidia[0-9]*")))
    advice = (
        f"{wanted} GPUs are needed, {there} are here: run on a Ray cluster that has them "
        "(--ray-address), name an endpoint (serve.base_url), or use --config cpu"
    )
    return Finding("GPUs", f"{there} here, {wanted} needed", "" if there >= wanted else advice)


def _disk() -> Finding:
    folder = default_cache()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 2**30
    advice = (
        "" if free >= _DISK_GB else f"make room: weights, image and packages take {_DISK_GB} GB"
    )
    return Finding("disk", f"{free} GB free, {os.cpu_count()} cores", advice)
