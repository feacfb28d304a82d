"""`ultrainteract seeds list`: which seed datasets there are."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.seeds import load_plugin, load_seed, seeds
from ultrainteract.seeds.registry import Seed

app = typer.Typer(help="Seed datasets: where problems come from.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Seed datasets: where problems come from."""


@app.command("list")
def list_seeds(
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A .py file that registers seeds.")
    ] = None,
) -> None:
    """Every registered seed dataset: shipped, installed, or a plugin's."""
    for path in plugin or []:
        load_plugin(path)
    table = Table(box=None, padding=(0, 2))
    # The name is what a user copies: the table grows beyond the screen before it is shortened.
    longest = max(map(len, seeds()), default=0)
    table.add_column("name", no_wrap=True, min_width=longest)
    for title in ("environments", "from", "licence", "about"):
        table.add_column(title)
    for name in seeds():
        seed = load_seed(name)
        table.add_row(name, ", ".join(seed.environments), _place(seed), seed.licence, seed.title)
    Console(soft_wrap=True, highlight=False).print(table)


def _place(seed: Seed) -> str:
    places = []
    if seed.file:
        places.append(seed.file.name)
    if seed.hub:
        places.append(seed.hub.id)
    if seed.sample:
        places.append("sample")
    return ", else ".join(places)
