"""Figures of this machine: latencies, and what processes hold of memory and descriptors."""

import contextlib
import math
import os
import socket
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker.models.containers import Container

import docker
from benchmarks.process_tree import descendants, held_kb
from ultrainteract.errors import SetupError
from ultrainteract.sandbox.engine import LABEL, connect, labelled, owner


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    p50_ms: float
    p95_ms: float


def latency(taken: Sequence[float]) -> Latency:
    """Median and 95th percentile (the nearest rank) of milliseconds."""
    ordered = sorted(taken)
    rank = math.ceil(0.95 * len(ordered)) - 1
    return Latency(round(statistics.median(ordered), 2), round(ordered[rank], 2))


@dataclass(frozen=True)
class Holdings:
    """What this process and its sandboxes hold. `files` lie in the sandboxes' temporary file
    systems; memory is the processes' own share of it with their page tables."""

    processes: int
    containers: int
    files: int
    driver_descriptors: int
    sandboxes_descriptors: int
    driver_mb: float
    sandboxes_mb: float


class Machine:
    """Looks at processes of this machine, those in containers of a local engine included."""

    def __init__(self) -> None:
        self.engine: docker.DockerClient | None = None
        with contextlib.suppress(SetupError):
            self.engine = connect()

    def close(self) -> None:
        """Let the engine go."""
        if self.engine:
            self.engine.close()

    def containers(self) -> list[Container]:
        """Those of this process that still run."""
        if self.engine is None:
            return []
        host = f"{LABEL}.host={socket.gethostname()}"
        return labelled(self.engine, f"{LABEL}={owner(os.getpid())}", host)

    def processes(self) -> set[int]:
        """Descendants of this process, and what runs in its containers."""
        found = descendants({os.getpid()}) - {os.getpid()}
        for container in self.containers():
            with contextlib.suppress(docker.errors.APIError):
                found |= {int(row[0]) for row in container.top(ps_args="-eo pid")["Processes"]}
        return found

    def sandboxes_mb(self) -> float:
        """Memory of all sandboxes: each process's share of its pages, and its page tables."""
        return sum(held_kb(pid) for pid in self.processes()) / 1024

    def engine_mb(self) -> float:
        """Memory of all containers as their control groups count it, the page cache left out."""
        total = 0
        for container in self.containers():
            stats = container.stats(stream=False, one_shot=True)
            if not isinstance(stats, dict) or not stats["memory_stats"]:
                continue
            memory = stats["memory_stats"]
            cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file"))
            total += memory["usage"] - (cache or 0)
        return round(total / 2**20, 1)

    def holdings(self) -> Holdings:
        """Everything a leak would show in."""
        pids = self.processes()
        return Holdings(
            processes=len(pids),
            containers=len(self.containers()),
            files=sum(files_of(pid) for pid in roots(pids)),
            driver_descriptors=descriptors(os.getpid()),
            sandboxes_descriptors=sum(map(descriptors, pids)),
            driver_mb=round(held_kb(os.getpid()) / 1024, 1),
            sandboxes_mb=round(sum(map(held_kb, pids)) / 1024, 1),
        )


def descriptors(pid: int) -> int:
    """Open ones; 0 when it is gone."""
    with contextlib.suppress(OSError):
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208
    return 0


def roots(pids: Iterable[int]) -> list[int]:
    """Those that are pid 1 of a namespace: the kernels."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            inside = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
            if len(inside) > 1 and inside[-1] == "1":
                found.append(pid)
    return found


def files_of(pid: int) -> int:
    """Files and folders in the temporary file systems that the process `pid` sees."""
    base = Path(f"/proc/{pid}/root")
    return sum(1 for name in ("tmp", "dev/shm") for _ in (base / name).rglob("*"))
