"""`ultrainteract replicas RUN`: which replicas its models have; a run that goes on follows."""

from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.options import RunFolder
from ultrainteract.cluster.roster import FILE, Replicas, Roster, read_roster, wanted, write_roster
from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config
from ultrainteract.errors import ConfigError, RunFolderError, UserError, boundary, unknown
from ultrainteract.secrets import without_login


def replicas(
    run: RunFolder,
    add: Annotated[list[str] | None, typer.Option(help="MODEL=URL of a server that runs.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="MODEL=URL, one that is listed.")] = None,
    count: Annotated[
        list[str] | None, typer.Option(help="MODEL=n vLLM servers of the run's own.")
    ] = None,
) -> None:
    """Show or change the replicas of a run's models; a run under way takes it up in a second.

    What leaves finishes what is under way. Without options it only shows.
    """
    if not (run / "config.yaml").exists():
        raise RunFolderError(f"{run} holds no run")
    config, roster = load_config(run / "config.yaml"), read_roster(run)
    for name, url in _pairs(add, config):
        now = wanted(config.models[name].serve, roster.get(name))
        with boundary(ConfigError, "a replica cannot be added", ValueError):
            without_login((url,))
        _set(roster, name, urls=tuple(dict.fromkeys((*(now.urls or ()), url.rstrip("/")))))
    for name, url in _pairs(remove, config):
        urls = wanted(config.models[name].serve, roster.get(name)).urls or ()
        if url.rstrip("/") not in urls:
            raise unknown(f"replica of {name}", url, urls)
        _set(roster, name, urls=tuple(one for one in urls if one != url.rstrip("/")))
    for name, number in _pairs(count, config):
        if not number.isdecimal():
            raise UserError(f"--count {name}={number}: a number of servers is wanted")
        _set(roster, name, count=int(number))
    if add or remove or count:
        with boundary(RunFolderError, f"cannot write {run / FILE}", OSError):
            write_roster(run, roster)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for name in config.used_models():
        plan = wanted(config.models[name].serve, roster.get(name))
        console.print(f"{name}: {plan.count} of its own, {', '.join(plan.urls or ()) or 'no URL'}")


def _pairs(given: list[str] | None, config: RunConfig) -> list[tuple[str, str]]:
    pairs = []
    for one in given or ():
        name, _, value = one.partition("=")
        if name not in config.used_models():
            raise unknown("model", name, config.used_models())
        pairs.append((name, value))
    return pairs


def _set(roster: Roster, name: str, **values: object) -> None:
    roster[name] = roster.get(name, Replicas()).model_copy(update=values)
