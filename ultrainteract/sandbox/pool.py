"""A bounded number of containers for any number of notebooks.

Cells of many trees lie side by side in a container, each tree under a user id of its own; they
stay until closed or evicted, and only executions take turns. A container that is lost is
replaced at once; its cells raise `CellGone`, and whoever knows their path replays it.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from contextlib import suppress

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.base import Cell, CellGone
from ultrainteract.sandbox.worker import Reply, Worker
from ultrainteract.types import ExecResult, Outcome


class Pool:
    """Implements `Sandbox` over kernels that `start` gives, at most `size` of them.

    `start` raises `SetupError` or `SandboxFault`; so does `root` then.
    """

    def __init__(self, start: Callable[[], Awaitable[Worker]], size: int) -> None:
        self._start = start
        self._size = size
        self._workers: list[asyncio.Task[Worker]] = []
        self._homes: dict[str, Worker] = {}
        self._names = itertools.count()
        self._closed = False

    async def root(self, seed: str) -> Cell:
        """As `Sandbox.root`; the containers start with the first call."""
        worker = await self._home(seed)
        async with worker.turn(seed):
            cell = PooledCell(self, worker, seed)
            reply = await worker.request("root", cell=cell.name, seed=seed)
        if "fault" in reply:
            raise SandboxFault(str(reply["fault"]))
        return cell

    async def release(self, seed: str) -> None:
        """As `Sandbox.release`."""
        worker = self._homes.pop(seed, None)
        if worker and not worker.lost:
            # A container that is gone holds nothing.
            with suppress(SandboxFault):
                await worker.request("release", seed=seed)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._closed = True
        workers, self._workers = self._workers, []
        for result in await asyncio.gather(*workers, return_exceptions=True):
            if isinstance(result, Worker):
                await result.destroy("the sandbox was closed")
        self._homes.clear()

    def name(self) -> str:
        """A fresh name for a cell."""
        return f"c{next(self._names)}"

    async def _home(self, seed: str) -> Worker:
        worker = self._homes.get(seed)
        if worker is None or worker.lost:
            worker = self._homes[seed] = await self._least_loaded()
        return worker

    async def _least_loaded(self) -> Worker:
        """The container with the fewest notebooks, of those that are ready."""
        while True:
            self.replace_lost()
            if self._closed:
                raise SandboxFault("the sandbox is closed")
            done, _ = await asyncio.wait(self._workers, return_when=asyncio.FIRST_COMPLETED)
            failed = [task for task in done if task.exception()]
            for task in failed:
                if task in self._workers:
                    self._workers.remove(task)
            ready = [task.result() for task in done if task not in failed]
            alive = [worker for worker in ready if not worker.lost]
            if alive:
                return min(alive, key=list(self._homes.values()).count)
            if failed:
                failed[0].result()

    def replace_lost(self) -> None:
        """Start a container for each that is gone, so that one is ready when it is wanted."""
        self._workers = [
            task
            for task in self._workers
            if not task.done() or (not task.exception() and not task.result().lost)
        ]
        while len(self._workers) < self._size and not self._closed:
            self._workers.append(asyncio.ensure_future(self._start()))


class PooledCell:
    """A snapshot in a container. Implements `Cell`; `run` raises `CellGone` when it is lost."""

    def __init__(self, pool: Pool, worker: Worker, seed: str) -> None:
        self.seed = seed
        self.name = pool.name()
        self._pool = pool
        self._worker = worker

    async def run(self, code: str) -> tuple[ExecResult, Cell]:
        """As `Cell.run`."""
        async with self._worker.turn(self.seed):
            if self._worker.lost:
                raise CellGone("the container of this cell is gone")
            child = PooledCell(self._pool, self._worker, self.seed)
            reply = await self._worker.request("run", cell=self.name, child=child.name, code=code)
        if "gone" in reply:
            raise CellGone("this cell was evicted")
        self._pool.replace_lost()
        return _result(reply), child

    async def close(self) -> None:
        """As `Cell.close`."""
        if not self._worker.lost:
            with suppress(SandboxFault):
                await self._worker.request("close", cell=self.name)


def _result(reply: Reply) -> ExecResult:
    return ExecResult(Outcome(str(reply["outcome"])), str(reply["output"]))
