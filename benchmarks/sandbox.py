"""What an execution costs, beside bare forks and what peers pay; what it leaves behind.

`python benchmarks/sandbox.py` measures every way in one run, in turns, so that noise hits all
alike. `--siblings`, `--trees N`, `--soak N` and `--profile` are parts of their own. Each prints a
table; the last line of output is JSON; the exit code is 1 when a bar is missed, unless
`--no-bars`. The bare fork runs on the files of the sandbox image, outside any container, which
needs root; without it `bare` says `this python` and its ratios compare other binaries.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Coroutine

from rich.console import Console
from rich.table import Table

from benchmarks import sandbox_costs, sandbox_profile, sandbox_soak, sandbox_trees
from benchmarks.sandbox_bars import Part

IMAGE = "ultrainteract-sandbox:latest"
Measurement = Callable[[argparse.Namespace], Coroutine[None, None, Part]]


def main() -> int:
    """Measure what is asked for; 1 when a bar is missed."""
    options = parser().parse_args()
    parts: list[tuple[str, Measurement]] = [
        (name, measurement)
        for name, wanted, measurement in (
            ("siblings", options.siblings, sandbox_trees.siblings),
            ("trees", options.trees, sandbox_trees.trees),
            ("soak", options.soak, sandbox_soak.soak),
            ("profile", options.profile, sandbox_profile.profile),
        )
        if wanted
    ] or [("ways", sandbox_costs.ways)]
    figures: dict[str, object] = {"backend": options.backend}
    missed = []
    for name, measurement in parts:
        part = asyncio.run(measurement(options))
        show(name, part)
        figures |= part.figures
        missed += [bar.said() for bar in part.bars if not bar.met]
    print(json.dumps({**figures, "missed": missed}))
    return 1 if missed and not options.no_bars else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--rounds", type=int, default=10, help="turns of every way")
    made.add_argument("--ways", nargs="*", default=[], help="these alone, by name; all without")
    made.add_argument("--siblings", action="store_true", help="20 siblings; a path of five turns")
    made.add_argument("--trees", type=int, default=0, metavar="N", help="N open trees")
    made.add_argument("--soak", type=int, default=0, metavar="N", help="N executions, 5 %% hostile")
    made.add_argument("--profile", action="store_true", help="where an execution's time goes")
    made.add_argument(
        "--backend", choices=("docker", "bubblewrap"), default="docker", help="of the parts"
    )
    made.add_argument("--containers", type=int, default=2, help="of trees and soak")
    made.add_argument("--image", default=IMAGE)
    made.add_argument("--seed", type=int, default=0, help="of the soak")
    made.add_argument("--no-bars", action="store_true", help="measure only")
    return made


def show(name: str, part: Part) -> None:
    """A table of a part, and its bars."""
    console = Console()
    table = Table(*part.columns, title=name, box=None)
    for row in part.rows:
        table.add_row(*row)
    console.print(table)
    for bar in part.bars:
        console.print(bar.said(), highlight=False)


if __name__ == "__main__":
    sys.exit(main())
