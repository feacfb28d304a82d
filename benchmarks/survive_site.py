"""Everything that one struck run stands on, started here and ended here, and what is under way."""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ray_nodes import RayNodes
from benchmarks.second_engine import Engine
from benchmarks.survive_job import (
    MODELS,
    Job,
    job_command,
    journal_key,
    recorded,
    rules,
    write_config,
    write_problems,
)
from benchmarks.survive_wire import Wire
from ultrainteract.testing.log import Received
from ultrainteract.testing.process import Served, serve

WORKER, WRITER = "ray::TreeWorker", "ray::JournalWriter"
# A run refuses to start on less than 200 MB.
_DISK = "512m"


@dataclass(frozen=True)
class Scale:
    """How large the run is."""

    problems: int
    trees: int
    """In flight, for each worker."""
    latency_ms: float
    outage: float = 5.0
    """Seconds that something is away at most."""


class ModelServer:
    """A protocol server at an address that stays: it may die, and be started again."""

    def __init__(self, log: Path, scale: Scale) -> None:
        self._log, self._scale = log, scale
        self._read, self._lines = 0, list[Received]()
        self._life = ExitStack()
        self._served = self._start(0)
        self.wire = Wire(self._served.port)
        self.url = f"http://127.0.0.1:{self.wire.port}/v1"

    def _start(self, port: int) -> Served:
        latency = self._scale.latency_ms
        served = serve(models=MODELS, rules=rules(), latency_ms=latency, port=port, log=self._log)
        return self._life.enter_context(served)

    @property
    def pid(self) -> int:
        """Of the server now."""
        return self._served.process.pid

    def kill(self) -> None:
        """SIGKILL."""
        self._served.kill()

    def restart(self) -> None:
        """After `kill`, at the same port."""
        self._life.close()
        self._served = self._start(self._served.port)

    def received(self) -> list[Received]:
        """Every request so far, of all its lives."""
        with self._log.open("rb") as log:
            log.seek(self._read)
            # Without its newline the last line is not all there yet.
            new = log.read().rpartition(b"\n")
        self._read += len(new[0]) + len(new[1])
        self._lines += [
            Received.model_validate_json(line)
            for line in new[0].splitlines()
            if b'"received"' in line
        ]
        return self._lines

    def close(self) -> None:
        """End server and wire."""
        self.wire.close()
        self._life.close()


@dataclass
class Site:
    """One run and its surroundings. `cluster` is started when a node is first struck."""

    folder: Path
    scale: Scale
    servers: list[ModelServer]
    job: Job
    engine: Engine | None
    disk: Path | None
    """The small file system that holds the run, where there may be one."""
    cluster: RayNodes | None = None
    address: str = field(default="")
    """Of the cluster that the newest process runs on; empty for a Ray of its own."""
    left_behind: list[str] = field(default_factory=list)
    """Command lines of processes that outlived what they belonged to by far."""

    def received(self) -> list[Received]:
        """Every request that a server got, in order."""
        lines = (line for server in self.servers for line in server.received())
        return sorted(lines, key=lambda line: line.at)

    def under_way(self) -> set[str]:
        """Requests that a server got and the journal does not hold."""
        # The journal first: what is recorded in between is in both then.
        known, _, _ = recorded(self.job.run)
        return {
            line.key for line in self.received() if journal_key(line.key, line.model) not in known
        }

    def progress(self) -> tuple[int, int, int, int]:
        """Grows as long as the run does anything."""
        _, effects, ended = recorded(self.job.run)
        return len(self.received()), effects, ended, len(self.job.output())

    def start(self, *, on_cluster: bool) -> None:
        """A new process of the run."""
        self.address = ""
        if on_cluster:
            self.cluster = self.cluster or RayNodes(2, self.folder / "cluster.log")
            self.address = self.cluster.address
        self.job.start(self.address)

    def living(self) -> dict[int, str]:
        """Processes of the run, wherever they are: command lines by pid."""
        return {**self.job.living(), **(self.cluster.cradle.living() if self.cluster else {})}

    def actors(self, title: str) -> list[int]:
        """Pids of the run's actors of a kind."""
        return sorted(pid for pid, line in self.living().items() if line.startswith(title))

    def await_death(self, pids: set[int], seconds: float = 120) -> None:
        """Returns when none of `pids` lives, or after `seconds`: then they are `left_behind`."""
        deadline = time.monotonic() + seconds
        while left := {pid: line for pid, line in self.living().items() if pid in pids}:
            if time.monotonic() > deadline:
                self.left_behind += left.values()
                return
            time.sleep(0.05)

    def kill_driver(self) -> None:
        """SIGKILL; returns when none of its actors is left."""
        actors = {*self.actors(WORKER), *self.actors(WRITER)}
        self.job.signal(signal.SIGKILL)
        self.job.cradles[-1].wait(30)
        self.await_death(actors)


@contextmanager
def site(folder: Path, scale: Scale, engine: Engine | None, *, disk: bool) -> Iterator[Site]:
    """A site whose run was not started yet; `disk` puts the run on a small file system."""
    folder.mkdir()
    runs = folder / "runs"
    runs.mkdir()
    with ExitStack() as stack:
        if disk:
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", runs], check=True
            )
            stack.callback(lambda: subprocess.run(["umount", "--lazy", runs], check=True))
        stack.callback(lambda: shutil.copytree(runs / "run/logs", folder / "logs"))
        servers = [ModelServer(folder / f"replica-{place}.jsonl", scale) for place in range(2)]
        for server in servers:
            stack.callback(server.close)
        write_problems(folder / "problems.jsonl", scale.problems)
        config = folder / "config.yaml"
        write_config(config, [server.url for server in servers], scale.trees)
        command = job_command(folder / "problems.jsonl", config, runs)
        job = Job(runs, command, folder / "output.txt")
        stack.callback(job.close)
        made = Site(folder, scale, servers, job, engine, runs if disk else None)
        stack.callback(lambda: made.cluster.cradle.close() if made.cluster else None)
        yield made


def room(folder: Path) -> int:
    """Free bytes."""
    return shutil.disk_usage(folder).free
