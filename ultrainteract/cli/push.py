"""`ultrainteract push RUN OWNER/NAME`: a run's dataset on the Hugging Face hub."""

import os
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.layered import Layers, marks_of
from ultrainteract.cli.options import RunFolder, UnderMarks
from ultrainteract.cli.recorded import recorded
from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config
from ultrainteract.layers.layer import FOLDER, read_layer
from ultrainteract.push.parcel import Parcel, pack, refuse_secrets, refuse_unready
from ultrainteract.secrets import held_secrets

_MEGABYTE = 1e6


def push(
    run: RunFolder,
    repository: Annotated[str, typer.Argument(help="OWNER/NAME on the hub.")],
    layer: Annotated[str, typer.Option(help="Push what `publish --layer` wrote.")] = "",
    marks: UnderMarks = True,
    public: Annotated[bool, typer.Option("--public", help="Anyone may see it.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be uploaded; send nothing.")
    ] = False,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Although trees have not ended.")
    ] = False,
    allow: Annotated[
        list[str] | None, typer.Option(help="What looks like a secret and is none.")
    ] = None,
) -> None:
    """Upload a run's dataset in one commit, private unless you say --public.

    An upload that was interrupted goes on with the same command. Nothing is sent where a file
    holds a secret of this environment or what looks like one.
    """
    from ultrainteract.push.hub import look, refuse_name, upload

    refuse_name(repository)
    layers = Layers(read_layer(run, layer) if layer else None, marks_of(run, wanted=marks))
    within = run / FOLDER / (layer or "marks") if layers.named() else run
    with recorded(run) as (journal, _):
        parcel = pack(within / "dataset")
        refuse_unready(parcel.folder, journal, layers.named(), unfinished=unfinished)
    refuse_secrets(parcel, _held(load_config(run / "config.yaml")), frozenset(allow or ()))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    if dry_run:
        _show(parcel, repository, look(repository), console, public=public)
        return
    size = f"{parcel.size / _MEGABYTE:,.1f} MB"
    console.print(f"uploading {len(parcel.items)} files, {size}, to {repository}")
    message = f"Dataset of {len(parcel.items)} files by ultrainteract"
    console.print(f"done: {upload(parcel, repository, message, private=not public)}")


def _held(config: RunConfig) -> dict[str, bytes]:
    """Secrets of this environment, those whose names only the configuration knows included."""
    from huggingface_hub import get_token

    named = {model.serve.api_key_env for model in config.models.values()}
    return held_secrets({**os.environ, "the hub's token": get_token() or ""}, named)


def _show(parcel: Parcel, repository: str, there: str, console: Console, *, public: bool) -> None:
    console.print(
        f"would be uploaded to {repository} (dataset), {'public' if public else 'private'}"
    )
    console.print(f"the repository {there}\n")
    for one in parcel.items:
        console.print(f"{one.size:>14,}  {one.sha256}  {one.name}")
    console.print(f"{parcel.size:>14,}  bytes in {len(parcel.items)} files\n\nthe card begins:\n")
    console.print(parcel.card_head)
