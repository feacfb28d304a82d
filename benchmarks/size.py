"""How large a run may be: 100,000 trees in a journal, 5,000 in flight.

`python benchmarks/size.py`. A journal of `--trees` trees and one of a tenth of them are made by
the script through the pipeline's own code; then each run goes on with `ultrainteract synthesize`
until its dataset is published. A table, then one line of JSON; the exit code is 1 when a bar is
missed. Folders lie in the system's temporary folder (4 KB a tree).
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.sandbox_bars import Bar
from benchmarks.size_run import Flight, Resumed, as_json, flight, resumed

GROWTH, RESUME_S, IN_FLIGHT = 1.3, 10, 0.95


def main() -> int:
    """Measure, print, say by the exit code whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100_000, help="in the large journal")
    parser.add_argument("--flight", type=int, default=5000, help="trees in flight; 0 leaves it out")
    parser.add_argument("--flight-seconds", type=float, default=30.0, help="of their one request")
    parser.add_argument("--processes", type=int, default=2, help="that make the journals")
    options = parser.parse_args()
    held = None
    with tempfile.TemporaryDirectory(prefix="ultrainteract-size-") as name:
        folder = Path(name)
        if options.flight:
            held = flight(folder / "flight", options.flight, options.flight_seconds)
        small, large = (
            resumed(folder / str(trees), trees, options.processes)
            for trees in (options.trees // 10, options.trees)
        )
    show(small, large, held)
    missed = [bar.said() for bar in bars(small, large, held) if not bar.met]
    found = {"small": as_json(small), "large": as_json(large)}
    print(json.dumps({**found, "flight": as_json(held) if held else None, "missed": missed}))
    return 1 if missed else 0


def show(small: Resumed, large: Resumed, held: Flight | None) -> None:
    """The tables."""
    table = Table("figure", "small", "large", title="size", box=None)
    for name, value in as_json(large).items():
        table.add_row(name, str(as_json(small)[name]), str(value))
    console = Console(width=120)
    console.print(table)
    if held:
        console.print(f"in flight: {held}", highlight=False)


def bars(small: Resumed, large: Resumed, held: Flight | None) -> Iterator[Bar]:
    """What must hold."""
    for name, few in small.resume_mb.items():
        yield Bar(
            f"memory of {name} while resuming, growth", large.resume_mb.get(name, 0.0) / few, GROWTH
        )
    yield Bar("memory while publishing, growth", large.publish_mb / small.publish_mb, GROWTH)
    yield Bar("seconds to the first request", large.resume_s, RESUME_S)
    if held:
        yield Bar("trees in flight at once", held.at_once, IN_FLIGHT * held.trees, least=True)


if __name__ == "__main__":
    sys.exit(main())
