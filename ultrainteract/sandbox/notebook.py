"""A notebook addressed by what was run in it: a path of codes names a state.

Cells stay open while they may be wanted; one that is gone is rebuilt by replaying its path,
which seeds make agree with the first time. This module owns the one retry of the sandbox: a
fault rebuilds the state once, the second is raised.
"""

import asyncio
from collections.abc import Callable, Sequence

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.base import Cell, CellGone, Sandbox
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult

Path = tuple[str, ...]
REBUILDS = 5


class Notebook:
    """One tree's notebook. `seed` names it in the sandbox; every random number derives from it."""

    def __init__(
        self,
        sandbox: Sandbox,
        seed: str,
        recorded: Callable[[Path], ExecResult | None] = lambda _: None,
        tools: Sequence[HostTool] = (),
    ) -> None:
        """`recorded` knows results of an earlier run, by path; `tools` are offered to programs."""
        self._recorded = recorded
        self._tools = tools
        self.diverged = 0
        """Replays whose result differed from the first: programs that read clock or entropy."""
        self._sandbox = sandbox
        self._seed = seed
        self._cells: dict[Path, asyncio.Task[Cell]] = {}
        self._results: dict[Path, ExecResult] = {}
        self._depth = 0
        self._generation = 0

    async def execute(self, path: Path, code: str) -> ExecResult:
        """Run `code` in the state after the codes of `path`, one after the other.

        Calls for siblings may run at once. Raises `SandboxFault` when the machinery failed
        twice, `SetupError` when there is none.
        """
        await self._prune(path)
        faults = gone = 0
        while True:
            generation = self._generation
            try:
                cell = await self._cell(path)
                result, child = await cell.run(code)
            except SandboxFault as error:
                # Siblings fail together: the first forgets, the others find its rebuilding.
                if generation == self._generation:
                    self._forget()
                gone += isinstance(error, CellGone)
                faults += not isinstance(error, CellGone)
                if faults > 1 or gone > REBUILDS:
                    raise
                continue
            await self._keep((*path, code), child)
            self._record((*path, code), result)
            return result

    async def close(self) -> None:
        """Free every cell; safe to call twice."""
        await asyncio.gather(*self._cells.values(), return_exceptions=True)
        self._forget()
        await self._sandbox.release(self._seed)

    async def _cell(self, path: Path) -> Cell:
        # Siblings that miss the same state share one rebuilding of it.
        task = self._cells.get(path)
        if task is None:
            task = self._cells[path] = asyncio.ensure_future(self._rebuild(path))
        return await asyncio.shield(task)

    async def _rebuild(self, path: Path) -> Cell:
        if not path:
            return await self._sandbox.root(self._seed, self._tools)
        result, cell = await (await self._cell(path[:-1])).run(path[-1])
        self._record(path, result)
        return cell

    async def _keep(self, path: Path, cell: Cell) -> None:
        """Two equal samples make one state: the second cell is closed."""
        if path in self._cells:
            await cell.close()
            return
        self._cells[path] = asyncio.ensure_future(_given(cell))

    async def _prune(self, path: Path) -> None:
        """Once a deeper state is asked for, cells beside its path are not needed any more."""
        if len(path) <= self._depth:
            return
        self._depth = len(path)
        beside = [key for key in self._cells if key != path[: len(key)]]
        tasks = [self._cells.pop(key) for key in beside]
        for cell in await asyncio.gather(*tasks, return_exceptions=True):
            if not isinstance(cell, BaseException):
                await cell.close()

    def _forget(self) -> None:
        """Drop every cell: what is gone is not worth telling apart from what may be."""
        self._generation += 1
        self._cells.clear()

    def _record(self, path: Path, result: ExecResult) -> None:
        first = self._results.setdefault(path, self._recorded(path) or result)
        if first != result:
            self.diverged += 1


async def _given(cell: Cell) -> Cell:
    return cell
