"""One run struck again and again while it grows, beside the same run undisturbed.

`python benchmarks/survive.py --faults 100`. Driver, Ray, workers, journal, sandbox and graders are
the real ones; the models are protocol servers. The bar: the published dataset is byte-identical,
requests that a server got more than once are at most those under way (received, not recorded) at
the faults, nothing hangs, nothing is left behind, no tree is lost. The last line of output is JSON;
the exit code is 1 when the bar is missed. Only what this command started is struck: processes of
its own, containers of an engine of its own. For root, on a machine with dockerd.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.second_engine import Engine, second_engine, startable
from benchmarks.survive_campaign import Campaign, Figures, schedule, undisturbed
from benchmarks.survive_site import Scale, site
from benchmarks.survive_strikes import RARELY, STRIKES

_IMAGE = "ultrainteract-sandbox:latest"
_FOR_ROOT = {"engine", "container", "disk"}


def main() -> int:
    """Run the comparison, print it, say by the exit code whether the bar is met."""
    options = parser().parse_args()
    kinds = options.kinds.split(",")
    if unknown := set(kinds) - STRIKES.keys():
        raise SystemExit(f"unknown kinds {sorted(unknown)}; there are {sorted(STRIKES)}")
    if not startable() and _FOR_ROOT & set(kinds):
        raise SystemExit(f"only root on a machine with dockerd can strike {sorted(_FOR_ROOT)}")
    with ExitStack() as stack:
        folder = options.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="ui-sv-"))
        )
        folder.mkdir(exist_ok=True)
        # Read by Ray in every process that starts below.
        os.environ["RAY_TMPDIR"] = str(folder)
        engine = None
        if startable():
            engine = stack.enter_context(second_engine(_IMAGE))
            os.environ["DOCKER_HOST"] = engine.host
        campaign, figures = strike(folder, options, kinds, engine)
    show(campaign, figures)
    print(json.dumps(asdict(figures)))
    return 0 if figures.met(options.faults) else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--faults", type=int, default=100)
    made.add_argument("--seed", type=int, default=0, help="of order, moments and victims")
    made.add_argument(
        "--kinds",
        default=",".join(kind for kind in STRIKES if kind not in RARELY),
        help="separated by commas",
    )
    made.add_argument("--problems", type=int, default=0, help="two trees each; 0: by the faults")
    made.add_argument("--trees", type=int, default=8, help="in flight, for each worker")
    made.add_argument("--keep", type=Path, help="an empty folder for what is left; a short name")
    made.add_argument("--outage", type=float, default=4.0, help="longest, in seconds")
    made.add_argument("--latency-ms", type=float, default=400.0)
    return made


def strike(
    folder: Path, options: argparse.Namespace, kinds: list[str], engine: Engine | None
) -> tuple[Campaign, Figures]:
    """The undisturbed run, then the struck one."""
    draw = random.Random(options.seed)
    problems = options.problems or max(16, 5 * options.faults)
    scale = Scale(problems, options.trees, options.latency_ms, options.outage)
    # Replies are the same however long they take.
    with site(folder / "whole", replace(scale, latency_ms=0.0), engine, disk=False) as whole:
        reference = undisturbed(whole)
    with site(folder / "struck", scale, engine, disk=startable()) as struck:
        campaign = Campaign(struck, reference, draw)
        try:
            campaign.run(schedule(kinds, options.faults, draw))
        finally:
            campaign.close()
        return campaign, campaign.figures()


def show(campaign: Campaign, figures: Figures) -> None:
    """What was struck, and the figures."""
    console = Console(highlight=False)
    table = Table(title="faults", box=None)
    for name in ("kind", "what", "seconds", "under way"):
        table.add_column(name)
    for fault in campaign.faults:
        seconds = f"{fault.ended - fault.began:.1f}"
        table.add_row(fault.kind, "; ".join(fault.said), seconds, str(len(fault.under_way)))
    console.print(table)
    for line in (*campaign.hangs, *campaign.orphans):
        console.print(line, style="red", markup=False)
    table = Table(title="survive", box=None)
    for key, value in asdict(figures).items():
        table.add_row(key, str(value))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
