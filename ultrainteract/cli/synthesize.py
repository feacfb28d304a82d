"""`ultrainteract synthesize math`: grow preference trees and publish them; again: resume."""

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.configured import configured, notices
from ultrainteract.cli.forecast import render_forecast
from ultrainteract.cli.options import Plugins
from ultrainteract.cli.setup import prepare
from ultrainteract.cli.terminal import watched
from ultrainteract.cluster.beginning import SynthesisRequest, check_names
from ultrainteract.errors import ConfigError
from ultrainteract.seeds import named

_FAULT = 1
_BUDGET = 3
_STOPPED = 130


def synthesize(
    dataset: Annotated[
        str, typer.Argument(help="Seed dataset, several with commas, or `all`; see `seeds list`.")
    ],
    config: Annotated[Path, typer.Option(help="YAML file, or the name of a shipped one.")] = Path(
        "cpu"
    ),
    run_name: Annotated[
        str, typer.Option("--run", help="Name of the run; the same name resumes it.")
    ] = "",
    runs: Annotated[Path, typer.Option(help="Folder that holds runs.")] = Path("runs"),
    limit: Annotated[
        int | None, typer.Option(min=1, help="Problems at most, of each dataset.")
    ] = None,
    env: Annotated[
        list[str] | None, typer.Option(help="Environment; may be given more than once.")
    ] = None,
    source: Annotated[str, typer.Option(help="A file in the seed's native shape.")] = "",
    model: Annotated[
        str, typer.Option(help="`scripted`: try the machinery without any model.")
    ] = "",
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Override: sampling.waves=[4,8,8]")
    ] = None,
    plugin: Plugins = None,
    reconfigure: Annotated[
        bool, typer.Option(help="Go on with a changed configuration; ask again what it changes.")
    ] = False,
    set_up: Annotated[
        bool, typer.Option("--set-up", help="First install what is missing.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Grow a pilot, print a forecast, and end.")
    ] = False,
    pilot: Annotated[int, typer.Option(min=1, help="Problems of the pilot.")] = 8,
    ray_address: Annotated[
        str | None, typer.Option(help="An existing Ray cluster, such as `auto`.")
    ] = None,
) -> None:
    """Grow preference trees from a seed dataset and publish them; the same again resumes.

    Exit codes: 1 a fault left trees open, 2 something to mend first, 3 the budget is spent or a
    forecast exceeds it, 130 stopped.
    """
    chosen = configured(config, override or [], limit=limit, model=model)
    _refuse_path(run_name)
    name = run_name or f"{_run_name(dataset)}-{'scripted' if model else config.stem}"
    request = SynthesisRequest(
        dataset=dataset,
        folder=runs / name,
        config=chosen,
        environments=tuple(env or ()),
        source=source,
        plugins=tuple(plugin or ()),
        reconfigure=reconfigure,
        ray_address=ray_address,
        pilot=pilot if estimate else None,
    )
    console = Console(highlight=False, soft_wrap=True)
    check_names(request)
    if set_up:
        prepare(chosen, console)
    console.print(f"run {request.folder}", style="bold")
    for line in notices(chosen):
        console.print(line, style="yellow")
    logging.getLogger("ultrainteract").setLevel(logging.INFO)
    from ultrainteract.cli.summary import render
    from ultrainteract.cluster.synthesis import synthesize as run

    with watched(console) as progress:
        summary = run(request, progress)
    render(summary, console)
    within = not summary.forecast or render_forecast(summary.forecast, chosen.budget, console)
    if summary.drive.limit or not within:
        raise typer.Exit(_BUDGET)
    if summary.drive.drained:
        raise typer.Exit(_STOPPED)
    if summary.unfinished:
        raise typer.Exit(_FAULT)


def _run_name(dataset: str) -> str:
    return "all" if dataset.strip() == "all" else "+".join(named(dataset))


def _refuse_path(name: str) -> None:
    if name in {".", ".."} or set(name) & set("/\\") or not name.isprintable():
        raise ConfigError(
            f"--run {name!r} is no plain folder name: leave out / and \\ (the folder that holds "
            "runs is set with --runs)"
        )
