"""A run is one Ray job: workers pull trees, the journal's writer sits with the driver.

`drive` grows every instruction it is given. The first stop signal drains: effects under way are
recorded, no new one starts. The second stops at once; what was recorded is recorded.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

# Before ray is imported: it reads these once.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# Ray gives its workers a low priority, and a vLLM on the CPU would inherit it.
os.environ.setdefault("RAY_worker_niceness", "0")

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from ultrainteract.cluster.actors import LASTING, start
from ultrainteract.cluster.engines import Engines
from ultrainteract.cluster.worker import TreeReport, TreeWorker, Work
from ultrainteract.cluster.writer import NAME, JournalWriter
from ultrainteract.errors import SetupError, boundary
from ultrainteract.types import Instruction

if TYPE_CHECKING:
    from ray.actor import ActorHandle

    Workers: TypeAlias = list[ActorHandle[TreeWorker]]


# Trees that fail one after the other: no other would fare better.
_FAILURES = 8


@dataclass
class Progress:
    """What the driver tells while it runs; `say` gets a line, `grown` a tree's report."""

    say: Callable[[str], None]
    grown: Callable[[TreeReport], None]


@dataclass
class Drive:
    """How a run went."""

    reports: list[TreeReport] = field(default_factory=list)
    drained: bool = False
    fatal: str = ""


@contextlib.contextmanager
def ray_session(address: str | None) -> Iterator[None]:
    """A local Ray, or a connection to the cluster at `address`. Raises `SetupError`."""
    with boundary(SetupError, f"start or reach Ray at {address or 'this machine'}", Exception):
        if address:
            # Ray itself would look for an absent cluster for many minutes.
            if ":" in address and "//" not in address:
                host, _, port = address.rpartition(":")
                socket.create_connection((host, int(port)), timeout=10).close()
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        else:
            # Without an address Ray would join whatever cluster this machine has, or had. The
            # dashboard's processes cost memory and serve no one here.
            ray.init(
                address="local",
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
    try:
        yield
    finally:
        ray.shutdown()


async def drive(
    folder: Path,
    instructions: Iterable[Instruction],
    work: Work,
    progress: Progress,
    serving: Callable[[Mapping[str, str]], None],
) -> Drive:
    """Grow trees until all are grown, a stop is asked for, or a fault concerns them all.

    `serving` is told, before the first tree, where the weights of models that were started here
    came from, by name. Needs a `ray_session`. Raises `SetupError` when an engine does not start.
    """
    result = Drive()
    stop = asyncio.Event()
    with _stop_signals(stop, progress.say):
        async with Engines(work.config, Path(work.logs), progress.say, stop) as engines:
            if stop.is_set():
                return replace(result, drained=True)
            serving(engines.origins)
            work = replace(work, endpoints=engines.endpoints)
            async with _actors(folder, work) as workers:
                pump = _Pump(iter(instructions), workers, result, stop, progress)
                await pump.run(work.config.pace.trees_in_flight)
            result.fatal = result.fatal or engines.trouble
    result.drained = stop.is_set() and not result.fatal
    return result


@contextlib.asynccontextmanager
async def _actors(folder: Path, work: Work) -> AsyncIterator["Workers"]:
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    writer = start(
        JournalWriter,
        {**LASTING, "name": NAME, "scheduling_strategy": here, "max_concurrency": 1000},
        str(folder),
    )
    lanes = work.config.pace.trees_in_flight
    options = {
        **LASTING,
        "max_task_retries": 3,
        "scheduling_strategy": "SPREAD",
        "max_concurrency": lanes + 8,
    }
    workers = [
        start(TreeWorker, options, number, work) for number in range(work.config.pace.workers)
    ]
    try:
        yield workers
    finally:
        for worker in workers:
            with contextlib.suppress(ray.exceptions.RayError, asyncio.TimeoutError):
                await asyncio.wait_for(worker.close.remote(), 60)
            ray.kill(worker)
        ray.kill(writer)


class _Pump:
    """Each worker has as many lanes as trees in flight; a lane pulls the next instruction."""

    def __init__(
        self,
        queue: Iterator[Instruction],
        workers: "Workers",
        result: Drive,
        stop: asyncio.Event,
        progress: Progress,
    ) -> None:
        self._queue, self._workers, self._result = queue, workers, result
        self._stop, self._progress = stop, progress
        self._failed_in_a_row = 0

    async def run(self, lanes: int) -> None:
        """Until the queue is empty, or what is under way after a stop has ended."""
        aside = [asyncio.create_task(self._drain())]
        aside += [asyncio.create_task(self._listen(worker)) for worker in self._workers]
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(lanes):
                    for worker in self._workers:
                        group.create_task(self._lane(worker))
        finally:
            for task in aside:
                task.cancel()

    async def _lane(self, worker: "ActorHandle[TreeWorker]") -> None:
        for instruction in self._queue:
            if self._stop.is_set():
                return
            try:
                report = await worker.grow.remote(instruction)
            except ray.exceptions.RayError as error:
                # Most likely a tree that kills its worker again and again: the others go on.
                report = TreeReport(instruction.id, trouble=f"tree worker: {error}")
            self._note(report)

    def _note(self, report: TreeReport) -> None:
        self._result.reports.append(report)
        self._progress.grown(report)
        failed = bool(report.trouble) and not report.drained
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        if (report.fatal or self._failed_in_a_row >= _FAILURES) and not self._result.fatal:
            self._result.fatal = report.trouble
            self._stop.set()

    async def _drain(self) -> None:
        await self._stop.wait()
        await asyncio.gather(*(worker.drain.remote() for worker in self._workers))

    async def _listen(self, worker: "ActorHandle[TreeWorker]") -> None:
        with contextlib.suppress(ray.exceptions.RayError):
            while True:
                self._progress.say(f"NOTICE: {await worker.notice.remote()}")


@contextlib.contextmanager
def _stop_signals(stop: asyncio.Event, say: Callable[[str], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if stop.is_set():
            say("stopped at once; everything recorded is kept")
            # Engines and containers watch this process. Of a Ray that is not shut down the agents
            # would linger for a minute.
            ray.shutdown()
            os._exit(130)
        say("stopping: what is under way is recorded, nothing new starts (again: stop at once)")
        stop.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, on_signal)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
