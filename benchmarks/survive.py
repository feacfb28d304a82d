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
import time
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.second_engine import Engine, second_engine, startable
from benchmarks.survive_campaign import Account, Campaign, schedule
from benchmarks.survive_site import Scale, site
from benchmarks.survive_strikes import STRIKES

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
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ui-sv-")))
        # Read by Ray in every process that starts below.
        os.environ["RAY_TMPDIR"] = str(folder)
        engine = None
        if startable():
            engine = stack.enter_context(second_engine(_IMAGE))
            os.environ["DOCKER_HOST"] = engine.host
        figures, account = strike(folder, options, kinds, engine)
    show(figures, account)
    print(json.dumps(figures))
    return 0 if met(figures, options.faults) else 1


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--faults", type=int, default=100)
    made.add_argument("--seed", type=int, default=0, help="of order, moments and victims")
    made.add_argument("--kinds", default=",".join(STRIKES), help="separated by commas")
    made.add_argument("--problems", type=int, default=0, help="two trees each; 0: by the faults")
    made.add_argument("--trees", type=int, default=8, help="in flight, for each worker")
    made.add_argument("--latency-ms", type=float, default=150.0)
    return made


def strike(
    folder: Path, options: argparse.Namespace, kinds: list[str], engine: Engine | None
) -> tuple[dict[str, object], Account]:
    """The undisturbed run, then the struck one."""
    draw = random.Random(options.seed)
    problems = options.problems or max(16, 3 * options.faults)
    scale = Scale(problems, options.trees, options.latency_ms)
    with site(folder / "whole", scale, engine, disk=False) as whole:
        started = time.monotonic()
        whole_run = Campaign(whole, 0, draw)
        whole_run.run([])
        seconds, reference = time.monotonic() - started, whole_run.dataset()
        calls = len(whole.received())
    with site(folder / "struck", scale, engine, disk=startable()) as struck:
        started = time.monotonic()
        campaign = Campaign(struck, calls, draw)
        try:
            campaign.run(schedule(kinds, options.faults, draw))
        finally:
            campaign.close()
        received = [line.key for line in struck.received()]
        account = campaign.account
        figures: dict[str, object] = {
            "faults": len(account.faults),
            "by_kind": account.by_kind(),
            "identical": campaign.dataset() == reference != "",
            "repeated": len(received) - len(set(received)),
            "in_flight": account.in_flight(),
            "unexplained": len(account.unexplained(struck)),
            "hangs": len(account.hangs),
            "orphans": len(account.orphans),
            "lost": campaign.lost(),
            "calls": calls,
            "restarts": len(struck.job.cradles) - 1,
            "seconds_undisturbed": round(seconds, 1),
            "seconds": round(time.monotonic() - started, 1),
        }
    return figures, account


def met(figures: dict[str, object], faults: int) -> bool:
    """Whether the bar is met."""
    repeated, in_flight = figures["repeated"], figures["in_flight"]
    assert isinstance(repeated, int)
    assert isinstance(in_flight, int)
    clean = not any(figures[name] for name in ("hangs", "orphans", "lost", "unexplained"))
    within = figures["faults"] == faults and repeated <= in_flight
    return bool(figures["identical"]) and clean and within


def show(figures: dict[str, object], account: Account) -> None:
    """What was struck, and the figures."""
    console = Console(highlight=False)
    table = Table(title="faults", box=None)
    for name in ("kind", "what", "seconds", "under way"):
        table.add_column(name)
    for fault in account.faults:
        seconds = f"{fault.ended - fault.began:.1f}"
        table.add_row(fault.kind, "; ".join(fault.said), seconds, str(len(fault.under_way)))
    console.print(table)
    for line in (*account.hangs, *account.orphans):
        console.print(line, style="red", markup=False)
    table = Table(title="survive", box=None)
    for key, value in figures.items():
        table.add_row(key, str(value))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
