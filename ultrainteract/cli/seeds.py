"""`ultrainteract seeds list` and `seeds show NAME`: which datasets there are, what one holds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ultrainteract.environment import environments, instruct
from ultrainteract.seeds import Loaded, load, load_plugin, load_seed, seeds
from ultrainteract.seeds.registry import Seed
from ultrainteract.types import Problem

Plugins = Annotated[list[Path] | None, typer.Option(help="A .py file that registers seeds.")]

app = typer.Typer(help="Seed datasets: where problems come from.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Seed datasets: where problems come from."""


@app.command("list")
def list_seeds(plugin: Plugins = None) -> None:
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


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Seed dataset; see `ultrainteract seeds list`.")],
    source: Annotated[
        str, typer.Option(help="A file in its native shape, or `hub` or `sample`.")
    ] = "",
    limit: Annotated[int, typer.Option(min=0, help="Problems to show.")] = 2,
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="No problem in it is no error.")
    ] = False,
    plugin: Plugins = None,
) -> None:
    """Read a dataset to its end: rows loaded, rows skipped and why, and some instructions as the
    model sees them."""
    for path in plugin or []:
        load_plugin(path)
    loaded = load(name, source=source, limit=limit, allow_empty=allow_empty, everything=True)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if loaded.provenance.notice:
        console.print(f"NOTICE: {loaded.provenance.notice}", style="yellow")
    for line in _counts(loaded):
        console.print(line)
    for problem in loaded.problems:
        for title, text in _instructions(problem):
            console.print(f"\n== {title}", style="bold")
            console.print(_printable(text))
        console.print("-- reference answer", style="bold")
        console.print(_printable(problem.reference.answer))


def _counts(loaded: Loaded) -> Iterator[str]:
    yield f"{loaded.provenance.dataset}: {loaded.provenance}"
    skipped = sum(loaded.skipped.values())
    yield f"{loaded.rows} rows: {loaded.available} loaded, {skipped} skipped"
    for reason, count in loaded.skipped.items():
        places = ", ".join(loaded.places[reason])
        more = ", ..." if count > len(loaded.places[reason]) else ""
        yield _printable(f"  {count} skipped: {reason} ({places}{more})")
    if left_out := sum(loaded.left_out.values()):
        yield f"of these, a run takes {loaded.available - left_out} and leaves out {left_out}"
        for reason, count in loaded.left_out.items():
            yield f"  {count} left out: {reason}"


def _instructions(problem: Problem) -> Iterator[tuple[str, str]]:
    """What the model sees, an environment each; the statement where there is no such one."""
    for name in problem.environments:
        there = name in environments()
        prompt = instruct(problem, name).prompt if there else problem.statement
        missing = "" if there else " (no such environment here: the statement alone)"
        yield f"problem {problem.id} in {name}{missing}", prompt


def _printable(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(sign for sign in text if sign.isprintable() or sign in "\n\t")


def _place(seed: Seed) -> str:
    places = []
    if seed.file:
        places.append(seed.file.name)
    if seed.hub:
        places.append(seed.hub.id)
    if seed.sample:
        places.append("sample")
    return ", else ".join(places)
