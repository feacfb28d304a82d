"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

RunFolder: TypeAlias = Annotated[Path, typer.Argument(help="Run folder, such as runs/math-cpu.")]
Environments: TypeAlias = Annotated[
    list[Path] | None, typer.Option(help="A .py file that registers environments.")
]
Plugins: TypeAlias = Annotated[
    list[Path] | None, typer.Option(help="A .py file that registers seeds or environments.")
]
UnderMarks: TypeAlias = Annotated[
    bool, typer.Option("--marks/--no-marks", help="Leave out what reviewers dropped.")
]
