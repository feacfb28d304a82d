"""A run is one Ray job: workers pull trees, the journal's writer sits with the driver.

`drive` grows a backlog of instructions. The first stop signal drains: effects under way are
recorded, no new one starts. The second stops at once; what was recorded is recorded.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

# Before ray is imported: it reads these once.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
# Ray gives its workers a low priority, and a vLLM on the CPU would inherit it.
os.environ.setdefault("RAY_worker_niceness", "0")

import ray

from ultrainteract.budget import amount
from ultrainteract.cluster.actors import settle_heap
from ultrainteract.cluster.backlog import Backlog
from ultrainteract.cluster.chronicle import Chronicle
from ultrainteract.cluster.crew import Crew
from ultrainteract.cluster.engines import Engines
from ultrainteract.cluster.keeper import journal_writer, unless
from ultrainteract.cluster.log import Progress
from ultrainteract.cluster.rounds import TreeReport, Work
from ultrainteract.config import RunConfig
from ultrainteract.errors import SetupError, boundary

# Trees that fail one after the other: no other would fare better.
_FAILURES = 8


@dataclass
class Drive:
    """How a run went: trees grown, executions that came out otherwise than recorded, and why
    trees were not grown. `fatal` says what concerned them all."""

    grown: int = 0
    diverged: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    drained: bool = False
    calls: int = 0
    """Model calls that were answered, in `seconds` from the first tree to the last."""
    seconds: float = 0.0
    limit: str = ""
    """The limit of the run that stopped it, in words."""
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
    backlog: Backlog,
    work: Work,
    progress: Progress,
    chronicle: Chronicle,
    serving: Callable[[Mapping[str, str]], None],
    started: float,
) -> Drive:
    """Grow trees until all are grown, a stop is asked for, a limit is reached, or a fault concerns
    them all.

    `serving` is told, before the first tree, where the weights of models that were started here
    came from, by name. `started` is when the command began, on the monotonic clock. Needs a
    `ray_session`. Raises `SetupError` when an engine does not start.
    """
    settle_heap()
    result = Drive()
    stop = asyncio.Event()
    progress = chronicle.beside(progress)

    def limited(limit: str) -> None:
        if not stop.is_set():
            result.limit = limit
            progress.say(f"stopping: {limit}")
            stop.set()

    with _stop_signals(stop, progress.say), _time_limit(work.config, started, limited):
        async with Engines(work.config, folder, progress.say, stop) as engines:
            if stop.is_set():
                return replace(result, drained=True)
            serving(engines.origins)
            begun = time.monotonic()
            async with journal_writer(folder, work.config, progress.say) as lost:
                growing = _grow_all(
                    backlog, work, engines, result, stop, limited, progress, chronicle
                )
                why = await unless(lost, growing)
            result.seconds, result.calls = time.monotonic() - begun, chronicle.calls
            result.fatal = result.fatal or why or engines.trouble
    result.drained = stop.is_set() and not result.fatal
    chronicle.log.event("end", drained=result.drained, fatal=result.fatal, grown=result.grown)
    return result


def metrics_addresses() -> list[str]:
    """Where Ray's agents serve the metrics of this run, one address a node."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return [
        f"http://{one['NodeManagerAddress']}:{one['MetricsExportPort']}/metrics"
        for one in nodes
        if one["Alive"]
    ]


async def _grow_all(
    backlog: Backlog,
    work: Work,
    engines: Engines,
    result: Drive,
    stop: asyncio.Event,
    limited: Callable[[str], None],
    progress: Progress,
    chronicle: Chronicle,
) -> None:
    failed_in_a_row = 0

    def note(report: TreeReport) -> None:
        nonlocal failed_in_a_row
        progress.grown(report)
        result.diverged += report.diverged
        failed = bool(report.trouble) and not report.drained
        result.grown += bool(report.stop)
        result.troubles += Counter([report.trouble] if failed else [])
        failed_in_a_row = failed_in_a_row + 1 if failed else 0
        if report.limit:
            limited(report.limit)
        if (report.fatal or failed_in_a_row >= _FAILURES) and not result.fatal:
            result.fatal = report.trouble
            stop.set()

    progress.say(f"metrics for Prometheus: {', '.join(metrics_addresses())}")
    work = replace(work, endpoints=engines.endpoints)
    crew = Crew(backlog, work, note, progress.say, chronicle)
    engines.changed = crew.replicas

    async def drain() -> None:
        await stop.wait()
        await crew.drain()

    aside = [asyncio.create_task(one) for one in (drain(), chronicle.keep_writing())]
    try:
        await crew.run()
    finally:
        for task in aside:
            task.cancel()
    if not (backlog.finished or stop.is_set()):
        result.fatal = result.fatal or f"no worker is left: {crew.trouble}"


@contextlib.contextmanager
def _time_limit(
    config: RunConfig, started: float, limited: Callable[[str], None]
) -> Iterator[None]:
    seconds = config.budget.seconds
    if seconds is None:
        yield
        return
    words = f"budget.seconds: {amount(seconds)} are over. The same command goes on"
    left = max(0.0, started + seconds - time.monotonic())
    timer = asyncio.get_running_loop().call_later(left, limited, words)
    try:
        yield
    finally:
        timer.cancel()


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

    signals = [signal.SIGINT, signal.SIGTERM]
    # A terminal that is closed hangs up; under nohup that is ignored, and stays so.
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signals.append(signal.SIGHUP)
    for one in signals:
        loop.add_signal_handler(one, on_signal)
    try:
        yield
    finally:
        for one in signals:
            loop.remove_signal_handler(one)
