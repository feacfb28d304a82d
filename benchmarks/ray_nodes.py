"""A Ray cluster of several nodes on this machine, in a process of its own.

Run as a script it starts a head and `sys.argv[1]` nodes more, says `node ADDRESS RAYLET` of each,
starts one more for each SIGUSR1, and ends all at SIGTERM. `RayNodes` is the other side.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.cradle import Cradle, family

_CPUS = 2
_START_SECONDS = 120.0


class RayNodes:
    """A cluster that can lose nodes. Everything it started is among `living`."""

    def __init__(self, nodes: int, log: Path) -> None:
        """`nodes` besides the head. Ray's processes take the environment as it is now."""
        self._log = log
        self.cradle = Cradle(log, [sys.executable, "-m", "benchmarks.ray_nodes", str(nodes)], {})
        self._started = nodes + 1
        head, *others = self._said()
        self.address = head[0]
        self.raylets = [pid for _, pid in others]
        """Of the nodes besides the head."""

    def _said(self) -> list[tuple[str, int]]:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            lines = self._log.read_text().splitlines() if self._log.exists() else []
            nodes = [line.split()[1:] for line in lines if line.startswith("node ")]
            if len(nodes) >= self._started:
                return [(address, int(pid)) for address, pid in nodes]
            if self.cradle.status() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"no Ray cluster: {lines[-5:]}")
            time.sleep(0.1)

    def add(self) -> None:
        """One node more; returns when the cluster knows it."""
        os.kill(self.cradle.pid, signal.SIGUSR1)
        self._started += 1
        self.raylets.append(self._said()[-1][1])

    def kill(self, raylet: int) -> None:
        """A node, with all that runs on it, at once."""
        self.raylets.remove(raylet)
        for pid in [raylet, *family(raylet)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        """End every node; whatever does not end stays in the cradle."""
        with suppress(ProcessLookupError):
            os.kill(self.cradle.pid, signal.SIGTERM)
        self.cradle.wait(60)


def main() -> None:
    """The script: see the module."""
    # Not blocked and awaited: every process of Ray would inherit that.
    wakeup, written = os.pipe()
    for number in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.write(written, bytes([number])))
    from ray.cluster_utils import Cluster  # noqa: PLC0415 (the other side needs no Ray)

    def add(**options: bool) -> None:
        node = cluster.add_node(num_cpus=_CPUS, **options)
        print("node", cluster.address, node.all_processes["raylet"][0].process.pid, flush=True)

    cluster = Cluster()
    add(include_dashboard=False)
    for _ in range(int(sys.argv[1])):
        add()
    while os.read(wakeup, 1) == bytes([signal.SIGUSR1]):
        add()
    cluster.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
