"""`ultrainteract export RUN --format llamafactory --to FOLDER`: the dataset in another shape."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.layered import Layers, marks_of, publish_layered
from ultrainteract.cli.options import Environments, RunFolder, UnderMarks
from ultrainteract.errors import RunFolderError
from ultrainteract.layers.layer import FOLDER


def export(
    run: RunFolder,
    form: Annotated[
        str,
        typer.Option("--format", help="One of: llamafactory, nemo_rl, torchtune, trl, verl_rl."),
    ],
    to: Annotated[Path, typer.Option(help="Folder to write to.")],
    balance: Annotated[
        list[str] | None,
        typer.Option(
            help="Drop pairs until this no longer tells chosen from rejected; repeatable: "
            "length, lines, steps, code, digits, ending."
        ),
    ] = None,
    drop: Annotated[
        list[str] | None,
        typer.Option(help="Drop such pairs; repeatable: near-duplicates, masked-critiques."),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="Drop pairs whose problem overlaps with this test set; repeatable."),
    ] = None,
    marks: UnderMarks = True,
    plugin: Environments = None,
) -> None:
    """Write a run's published dataset in the shape of a trainer.

    Where reviewers dropped anything, the dataset is published under their marks first, to
    RUN/layers/marks/dataset. `ultrainteract report` says which repair its pairs need. A repair
    changes pairs alone: single actions (sft, kto) are written as they are.
    """
    from ultrainteract.dataset.export import export as write
    from ultrainteract.dataset.repair import Repair

    dataset = run / "dataset"
    if not dataset.is_dir():
        raise RunFolderError(
            f"{run} has no published dataset; finish the run first: the same "
            "`ultrainteract synthesize` command goes on where it stopped"
        )
    repair = Repair(tuple(balance or ()), tuple(drop or ()), tuple(against or ()))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    with tempfile.TemporaryDirectory(prefix="ultrainteract-") as spare:
        if said := marks_of(run, wanted=marks):
            # A run that can only be read is published elsewhere, for as long as it takes.
            home = run if os.access(run, os.W_OK) else Path(spare)
            dataset = home / FOLDER / "marks" / "dataset"
            publish_layered(run, Layers(marks=said), dataset, plugin or ())
            console.print(f"under {said}")
        for file in write(dataset, form, to, repair):
            console.print(str(file))
    for split, (kept, pairs) in repair.kept.items():
        console.print(f"{split}: {kept:,} of {pairs:,} pairs kept")
