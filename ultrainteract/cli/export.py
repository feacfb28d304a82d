"""`ultrainteract export RUN --format llamafactory --to FOLDER`: the dataset in another shape."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.dataset.export import FORMATS
from ultrainteract.dataset.export import export as write
from ultrainteract.errors import RunFolderError


def export(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/math-cpu.")],
    form: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(FORMATS)}.")],
    to: Annotated[Path, typer.Option(help="Folder to write to.")],
) -> None:
    """Write a run's published dataset in the shape of a trainer."""
    dataset = run / "dataset"
    if not dataset.is_dir():
        raise RunFolderError(
            f"{run} has no published dataset; finish the run first: the same "
            "`ultrainteract synthesize` command goes on where it stopped"
        )
    for file in write(dataset, form, to):
        Console(soft_wrap=True, highlight=False).print(str(file))
