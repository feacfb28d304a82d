"""`ultrainteract view RUN`: every tree of a run in a browser, while the run goes and after."""

import webbrowser
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.options import Environments, RunFolder
from ultrainteract.seeds import load_plugin


def view(
    run: RunFolder,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8383,
    browser: Annotated[
        bool, typer.Option("--open/--no-open", help="Open a browser there.")
    ] = False,
    plugin: Environments = None,
) -> None:
    """Look at a run's trees in a browser: search, filter, read, mark what to keep and to drop.

    Serves this machine alone, and follows a run that goes on. Marks lie in RUN/marks.jsonl, and
    `export` and `publish` honour them.
    """
    from ultrainteract.web.serving import serve
    from ultrainteract.web.shown import ShownRun

    for one in plugin or ():
        load_plugin(one)
    console = Console(soft_wrap=True, highlight=False)

    def say(address: str) -> None:
        console.print(f"{run}: {address} (Ctrl-C ends it)", markup=False)
        if browser:
            webbrowser.open(address)

    shown = ShownRun(run, plugins=plugin or ())
    try:
        serve(shown, port, say)
    finally:
        shown.close()
