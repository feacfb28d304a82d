"""A bounded number of containers for any number of notebooks.

Containers are warm before they are asked for, and each that is gone is replaced at once. Cells of
many trees lie side by side in one, each root under a user id of its own; they stay until closed or
evicted, and only executions take turns. Cells of a lost container raise `CellGone`, and whoever
knows their path replays it. This module owns the one retry of a container's start.
"""

import asyncio
import itertools
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import TypeVar

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    before_sleep_log,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from ultrainteract.errors import SandboxFault, UltraInteractError
from ultrainteract.sandbox.base import NOTEBOOK, Cell, CellGone, Manner
from ultrainteract.sandbox.tools import HostTool, Toolbox
from ultrainteract.sandbox.worker import Reply, Worker
from ultrainteract.types import ExecResult, Outcome

log = logging.getLogger(__name__)

T = TypeVar("T")
# A start costs as much as some fifty executions: one in a hundred, spread over these.
EXECUTIONS = 5000
STARTS = 4
PAUSE = 0.5


class Pool:
    """Implements `Sandbox` over kernels that `start` gives, at most `size` of them.

    `start` raises `SetupError`, which is final, or `SandboxFault`, which is tried `STARTS` times;
    then `root` raises it. After `executions` a container takes no new seed where another can; it
    ends when its last seed is released, or after twice as many, and its cells are replayed.
    """

    def __init__(
        self, start: Callable[[], Awaitable[Worker]], size: int, executions: int = EXECUTIONS
    ) -> None:
        self.size = size
        self._start = start
        self._executions = executions
        self._ready: list[Worker] = []
        self._keepers: set[asyncio.Task[None]] = set()
        self._running: set[asyncio.Task[object]] = set()
        self._news = asyncio.Event()
        self._trouble: UltraInteractError | None = None
        self._homes: dict[str, Worker] = {}
        self._names = itertools.count()
        self._closing = asyncio.Event()

    async def warm(self) -> None:
        """Start all containers now; returns when they are ready. Raises as `root` if none is."""
        self._fill()
        while len(self._ready) < len(self._keepers):
            await self._news.wait()
        if self._trouble and not self._ready:
            raise _again(self._trouble)

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        """As `Sandbox.root`; the containers start with the first call at the latest."""
        toolbox = Toolbox(tools)
        while True:
            worker = await self._home(seed)
            async with worker.turn(seed):
                if worker.lost:
                    continue
                cell = PooledCell(self, worker, seed, toolbox)
                reply = await worker.request("root", cell=cell.name, seed=seed, tools=toolbox.names)
            if "fault" in reply:
                raise SandboxFault(str(reply["fault"]))
            return cell

    async def release(self, seed: str) -> None:
        """As `Sandbox.release`."""
        worker = self._homes.pop(seed, None)
        if worker is None or worker.lost:
            return
        # A container that is gone holds nothing.
        with suppress(SandboxFault):
            await worker.request("release", seed=seed)
        if worker.executions >= self._executions and worker not in self._homes.values():
            worker.retire(f"it served {worker.executions} executions")

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._closing.set()
        self._tell()
        await asyncio.gather(*(worker.destroy("the sandbox was closed") for worker in self._ready))
        await asyncio.gather(*self._keepers, return_exceptions=True)
        self._homes.clear()

    def name(self) -> str:
        """A fresh name for a cell."""
        return f"c{next(self._names)}"

    async def finish(self, run: Coroutine[object, object, T]) -> T:
        """The result of `run`, which goes on to its end even when nobody waits any more."""
        task = asyncio.ensure_future(run)
        self._running.add(task)
        task.add_done_callback(self._finished)
        return await asyncio.shield(task)

    def used(self, worker: Worker) -> None:
        """After an execution: a container that served very many ends with its turn."""
        if worker.executions >= 2 * self._executions:
            worker.retire(f"it served {worker.executions} executions")

    async def _home(self, seed: str) -> Worker:
        """The container of a seed, one for all its roots."""
        if self._lacks(seed):
            chosen = await self._choose()
            # Another root of this seed may have chosen meanwhile.
            if self._lacks(seed):
                self._homes[seed] = chosen
        return self._homes[seed]

    def _lacks(self, seed: str) -> bool:
        return seed not in self._homes or self._homes[seed].lost

    async def _choose(self) -> Worker:
        """The container with the fewest seeds, of those that are ready; worn ones last."""
        self._fill()
        while not self._closing.is_set():
            alive = [worker for worker in self._ready if not worker.lost]
            if alive:
                seeds = Counter(self._homes.values())
                return min(alive, key=lambda one: (one.executions >= self._executions, seeds[one]))
            if not self._keepers:
                if self._trouble:
                    raise _again(self._trouble)
                self._fill()
            await self._news.wait()
        raise SandboxFault("the sandbox is closed")

    def _fill(self) -> None:
        while len(self._keepers) < self.size and not self._closing.is_set():
            self._trouble = None
            keeper = asyncio.ensure_future(self._keep())
            self._keepers.add(keeper)
            keeper.add_done_callback(self._kept)

    async def _keep(self) -> None:
        """One container's place: when one is gone, the next is started at once."""
        while not self._closing.is_set():
            retrying = AsyncRetrying(
                retry=retry_if_exception(self._worth_another),
                stop=stop_after_attempt(STARTS),
                wait=wait_exponential_jitter(multiplier=PAUSE, max=5, jitter=PAUSE),
                before_sleep=before_sleep_log(log, logging.WARNING),
                retry_error_callback=_give_up,
            )
            worker: Worker = await retrying(self._started)
            self._ready.append(worker)
            self._tell()
            if self._closing.is_set():
                await worker.destroy("the sandbox was closed")
            await worker.ended.wait()
            self._ready.remove(worker)
            # One that ends unused would do so again and again: the next is started on demand.
            if not worker.executions:
                return

    def _worth_another(self, error: BaseException) -> bool:
        return isinstance(error, SandboxFault) and not self._closing.is_set()

    async def _started(self) -> Worker:
        return await self._start()

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        self._keepers.discard(keeper)
        error = None if keeper.cancelled() else keeper.exception()
        if isinstance(error, UltraInteractError):
            log.warning("no sandbox container: %s", error)
            self._trouble = error
        elif error:
            self._trouble = SandboxFault(f"{type(error).__name__}: {error}")
        self._tell()

    def _tell(self) -> None:
        """Wake everybody who waits for a change."""
        self._news.set()
        self._news = asyncio.Event()

    def _finished(self, task: asyncio.Task[object]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()


class PooledCell:
    """A snapshot in a container. Implements `Cell`; `run` raises `CellGone` when it is lost."""

    def __init__(self, pool: Pool, worker: Worker, seed: str, tools: Toolbox) -> None:
        self.name = pool.name()
        self._pool = pool
        self._worker = worker
        self._seed = seed
        self._tools = tools

    async def run(self, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, Cell]:
        """As `Cell.run`."""
        async with self._worker.turn(self._seed):
            # A program whose caller gave up still has the turn until it ends.
            return await self._pool.finish(self._run(code, manner))

    async def _run(self, code: str, manner: Manner) -> tuple[ExecResult, Cell]:
        worker = self._worker
        async with worker.turn(self._seed):
            if worker.lost:
                raise CellGone("the container of this cell is gone")
            child = PooledCell(self._pool, worker, self._seed, self._tools)
            reply = await worker.request(
                "run",
                toolbox=self._tools,
                patience=2 * manner.limits.seconds + 60 if manner.limits else 0,
                cell=self.name,
                child=child.name,
                code=code,
                **_different(manner),
            )
            self._pool.used(worker)
        if "gone" in reply:
            raise CellGone("this cell was evicted")
        return _result(reply), child

    async def close(self) -> None:
        """As `Cell.close`."""
        if not self._worker.lost:
            with suppress(SandboxFault):
                await self._worker.request("close", cell=self.name)


def _different(manner: Manner) -> dict[str, object]:
    """What of a manner is not a notebook's, as it travels."""
    fields: dict[str, object] = {}
    if manner.stdin:
        fields["stdin"] = manner.stdin
    if manner.script:
        fields["script"] = True
    if manner.stays:
        fields["stays"] = True
    if manner.limits:
        fields["limits"] = asdict(manner.limits)
    return fields


def _result(reply: Reply) -> ExecResult:
    """What the kernel says of an execution. Raises `SandboxFault` where that is no result."""
    if "fault" in reply:
        raise SandboxFault(str(reply["fault"]))
    return ExecResult(
        Outcome(str(reply["outcome"])), str(reply["output"]), str(reply.get("errors", ""))
    )


def _again(error: UltraInteractError) -> UltraInteractError:
    """An error for each who waits: a shared one would gather all their tracebacks."""
    shared = type(error)(str(error))
    shared.__cause__ = error
    return shared


def _give_up(state: RetryCallState) -> Worker:
    error = state.outcome.exception() if state.outcome else None
    raise SandboxFault(
        f"no sandbox container started in {state.attempt_number} attempts; the last: {error}"
    ) from error
