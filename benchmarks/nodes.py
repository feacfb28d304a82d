"""A Ray cluster of three nodes loses one in mid-run; the dataset is that of an undisturbed run.

`python benchmarks/nodes.py`. The nodes are real ones, all on this machine; the models are protocol
servers. The node that is killed holds a worker and not the driver, and none comes in its place. The
bar: the same bytes, by the same process of the driver, no request asked twice but those under way,
no tree lost, nothing left behind. The last line is JSON; the exit code is 1 when the bar is missed.
"""

import argparse
import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.cradle import family
from benchmarks.survive_campaign import Campaign, Figures, undisturbed
from benchmarks.survive_site import WORKER, Scale, Site, site

NODES = 3


def main() -> int:
    """Compare both runs, print it, say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=24, help="two trees each")
    parser.add_argument("--seed", type=int, default=0, help="of the moment")
    parser.add_argument("--latency-ms", type=float, default=150.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ui-nd-") as name:
        os.environ["RAY_TMPDIR"] = name
        figures = compare(Path(name), options)
    table = Table(title="nodes", box=None)
    for key, value in asdict(figures).items():
        table.add_row(key, str(value))
    Console().print(table)
    print(json.dumps({"nodes": NODES, **asdict(figures)}))
    return 0 if figures.met(1) and not figures.restarts else 1


def compare(folder: Path, options: argparse.Namespace) -> Figures:
    """The run on a Ray of its own, then the one that loses a node."""
    scale = Scale(options.problems, 4, options.latency_ms)
    # Replies are the same however long they take.
    with site(folder / "whole", replace(scale, latency_ms=0.0), None, disk=False) as whole:
        reference = undisturbed(whole)
    with site(folder / "struck", scale, None, disk=False) as struck:
        draw = random.Random(options.seed)
        campaign = Campaign(struck, reference, draw, {"node": _lost})
        struck.start(on_cluster=True)
        try:
            campaign.run(["node"])
        finally:
            campaign.close()
        return campaign.figures()


def _lost(site: Site, draw: random.Random) -> Iterator[str]:
    assert site.cluster
    busy = [
        raylet
        for raylet in site.cluster.raylets
        if any(line.startswith(WORKER) for line in family(raylet).values())
    ]
    site.cluster.kill(draw.choice(busy))
    yield "killed"


if __name__ == "__main__":
    sys.exit(main())
