"""`ultrainteract publish RUN`: the dataset by the verdicts of a later grader and under marks."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.layered import Layers, marks_of, publish_layered
from ultrainteract.cli.options import Environments, RunFolder, UnderMarks
from ultrainteract.errors import RunFolderError
from ultrainteract.layers.layer import FOLDER, read_layer


def publish(
    run: RunFolder,
    layer: Annotated[str, typer.Option(help="Name of a layer that `regrade` wrote.")] = "",
    marks: UnderMarks = True,
    to: Annotated[
        Path | None, typer.Option(help="Folder to write; else RUN/layers/NAME/dataset.")
    ] = None,
    plugin: Environments = None,
) -> None:
    """Publish a run under layers, beside its own dataset; `run.yaml` and card name the layers.

    By later verdicts answers are re-labelled; a pair whose verdicts no longer hold is dropped and
    not replaced; what follows an answer that is wrong no longer is left out. What reviewers
    dropped is left out as well.
    """
    layers = Layers(read_layer(run, layer) if layer else None, marks_of(run, wanted=marks))
    if not layers.named():
        raise RunFolderError(
            f"there is nothing to lay over {run}: no --layer is named, and reviewers dropped "
            "nothing (`ultrainteract view` takes marks); its own dataset is as it was recorded"
        )
    folder = to or run / FOLDER / (layer or "marks") / "dataset"
    published = publish_layered(run, layers, folder, plugin or ())
    pairs = sum(published.rows["preference"].values())
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"{published.trees} trees, {pairs} pairs: {folder}")
