"""`ultrainteract publish RUN --layer NAME`: the dataset by the verdicts of a later grader."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.recorded import recorded
from ultrainteract.dataset.publish import publish as write
from ultrainteract.layers.layer import FOLDER, read_layer
from ultrainteract.layers.recall import finished_trees
from ultrainteract.report.about import about_run


def publish(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/math-cpu.")],
    layer: Annotated[str, typer.Option(help="Name of a layer that `regrade` wrote.")],
    to: Annotated[
        Path | None, typer.Option(help="Folder to write; else RUN/layers/NAME/dataset.")
    ] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A .py file that registers environments.")
    ] = None,
) -> None:
    """Publish a run under a layer, beside its own dataset; `run.yaml` and card name the layer.

    Answers are re-labelled; a pair whose verdicts no longer hold is dropped and not replaced;
    what follows an answer that is wrong no longer is left out.
    """
    verdicts = read_layer(run, layer)
    misfits: list[str] = []
    with recorded(run, plugin or ()) as (journal, config):
        about = replace(about_run(journal, config), layers=(str(verdicts),))
        trees = finished_trees(journal, config, misfits, verdicts)
        folder = to or run / FOLDER / layer / "dataset"
        published = write(trees, folder, about, config.pace.test_fraction)
    pairs = sum(published.rows["preference"].values())
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{published.trees} trees, {pairs} pairs: {folder}")
    if misfits:
        console.print(
            f"NOTICE: {len(misfits)} trees do not fit their record any more and are left out",
            style="yellow",
        )
