"""`ultrainteract serve`: a service that takes runs from a team."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.configured import configured
from ultrainteract.cli.options import Plugins
from ultrainteract.errors import ConfigError
from ultrainteract.seeds import load_plugin
from ultrainteract.web.service.house import House, HouseLock
from ultrainteract.web.service.tokens import VARIABLE, Token, given_token, made_token


def serve(
    config: Annotated[
        Path, typer.Option(help="What runs are made of: YAML file, or the name of a shipped one.")
    ] = Path("cpu"),
    runs: Annotated[Path, typer.Option(help="Folder that holds the runs.")] = Path("runs"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8800,
    token_file: Annotated[
        Path | None, typer.Option(help=f"File with the token; else {VARIABLE} holds it.")
    ] = None,
    at_once: Annotated[int, typer.Option(min=1, help="Runs under way at once.")] = 1,
    override: Annotated[
        list[str] | None, typer.Option("--set", help="Override: budget.money=20")
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Serve runs: submit, pause, resume, cancel, watch, download. Goes on where it was killed.

    Models, endpoints, keys and the sandbox are those of `--config`; its limits bind every run.
    """
    from ultrainteract.web.service.serving import is_loopback, listen, run

    base = configured(config, override or [])
    for one in plugin or ():
        load_plugin(one)
    house = House(runs.absolute(), base, tuple(one.absolute() for one in plugin or ()))
    given = given_token(token_file)
    if given is None and not is_loopback(host):
        raise ConfigError(
            f"--host {host} lets others in: give a token (--token-file FILE, or {VARIABLE})"
        )
    console = Console(highlight=False, soft_wrap=True)
    with HouseLock(house.own), listen(host, port) as door:
        token = given or _kept(house, console)
        bound = door.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        console.print(f"serving {house.runs} at http://{shown}:{bound}/", markup=False)

        def say(line: str) -> None:
            console.print(line, markup=False)

        asyncio.run(run(house, token, door, at_once, say))


def _kept(house: House, console: Console) -> Token:
    path = house.own / "token"
    token = made_token(path)
    console.print(f"the token is in {path}", markup=False)
    return token
