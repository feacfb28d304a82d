"""The kernel: pid 1 of a sandbox container. Standard library only.

It owns the pipes and decides how each execution ended from wait status, deadline and limits; a
cell's own report only tells a clean end from an exception. It reads requests as JSON lines on
standard input, answers on standard output, and exits when its input closes. Each notebook has a
user id of its own; what an execution leaves running under it is killed. Idle cells are stopped.
What it does not promise: siblings share a user id, so one may kill another; that is noticed and
the victim runs again, alone.
"""

import asyncio
import hashlib
import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeAlias

from ultrainteract.sandbox.attempts import Attempts
from ultrainteract.sandbox.holding import DEPTH, FULL, LOOK, UIDS, Cell, Notebook, crowded, deep
from ultrainteract.sandbox.processes import Process
from ultrainteract.sandbox.slots import Slots, Turn
from ultrainteract.sandbox.task import CALLS, UNCOUNTED, Ended, Place, Settings, Task, said

Request: TypeAlias = Mapping[str, object]
SHARED = "/dev/shm"  # noqa: S108


class Kernel:
    """Names, notebooks and what happens to them. `say` reaches the driver."""

    def __init__(
        self, settings: Settings, attempts: Attempts, say: Callable[[Mapping[str, object]], None]
    ) -> None:
        self.settings = settings
        self.attempts = attempts
        self.processes = attempts.processes
        self.cells: dict[str, Cell] = {}
        # Least recently used first.
        self.notebooks: dict[int, Notebook] = {}
        self.slots = Slots(settings.slots)
        self._say = say
        self._roots = itertools.count()
        self._runs = itertools.count()
        self._calls: dict[int, asyncio.Future[dict[str, object]]] = {}
        self._call_numbers = itertools.count()

    async def answer(self, request: Request) -> None:
        """Do what a request asks and reply; `gone` names a cell that is not (or no longer) here."""
        match request:
            case {"op": "answer", "call": int(number)}:
                waiting = self._calls.pop(number, None)
                if waiting and not waiting.done():
                    waiting.set_result(dict(request))
                return
            case {"op": "root"}:
                reply = await self.root(request)
            case {"op": "close"}:
                await self.close(str(request["cell"]))
                reply = {}
            case {"op": "release"}:
                await self.release(str(request["seed"]))
                reply = {}
            case _:
                cell = self.cells.get(str(request["cell"]))
                reply = await self.run(cell, request) if cell else {"gone": True}
        self._say({"id": request["id"], **reply, "tainted": self.attempts.tainted})

    async def root(self, request: Request) -> dict[str, object]:
        """A fresh notebook, forked from the preloaded interpreter."""
        seed = str(request["seed"])
        if self.settings.shared_uid:
            # One user id keeps nothing from another tree's programs.
            for other in {book.seed for book in self.notebooks.values()} - {seed}:
                await self.release(other)
        await self._evict(self.settings.cells - 1)
        uids = (self.settings.uid + number % UIDS for number in self._roots)
        uid = next(uid for uid in uids if uid not in self.notebooks)
        place = Place(uid, Path(self.settings.folder, secrets.token_hex(16)))
        place.make()
        notebook = Notebook(place, seed)
        self.notebooks[uid] = notebook
        process = await self.attempts.spawn(
            self.attempts.zygote, uid, tools=request.get("tools", []), within=str(place.root)
        )
        if process is None:
            await self._remove(notebook)
            return {"fault": "no process for a new notebook"}
        process.stop()
        digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._name(str(request["cell"]), Cell(notebook, process, digest, 0))
        return {}

    async def run(self, parent: Cell, request: Request) -> dict[str, object]:
        """Execute code in a fork of `parent`, which the name `child` then stands for."""
        notebook = parent.notebook
        async with notebook.quiet:
            notebook.running += 1
        self.notebooks[notebook.place.uid] = self.notebooks.pop(notebook.place.uid, notebook)
        parent.process.holders += 1
        task, digest = self._task(parent, request)
        ended = await self._execute(parent, task, request["id"])
        if ended and notebook.released:
            if ended.process:
                await self.processes.kill(ended.process)
            ended = None
        if ended and not ended.fault:
            process = ended.process or parent.process
            self._name(str(request["child"]), Cell(notebook, process, digest, task.number))
        parent.process.holders -= 1
        await self._drop(parent.process)
        async with notebook.quiet:
            notebook.running -= 1
            if not notebook.running:
                await self._tidy(notebook)
        await self._evict(self.settings.cells)
        if ended is None:
            return {"gone": True}
        if ended.fault:
            return {"fault": ended.fault}
        return {"outcome": ended.outcome, "output": ended.output, "errors": ended.errors}

    def _task(self, parent: Cell, request: Request) -> tuple[Task, bytes]:
        """What a request asks for, with the name of the state it leads to."""
        code, settings = str(request["code"]), self.settings
        digest = hashlib.blake2b(
            code.encode("utf-8", "surrogatepass"), key=parent.digest, digest_size=16
        ).digest()
        limits = given if isinstance(given := request.get("limits"), dict) else {}
        processes = min(settings.processes, limits.get("pids", settings.processes))
        # Besides its own there are cells, and the executions beside it.
        others = len(parent.notebook.names) + settings.slots
        if settings.shared_uid:
            others = len(self.cells) + 2 * settings.slots + 2
        task = Task(
            code=code,
            number=parent.number + 1,
            seed=int.from_bytes(digest[:7], "big"),
            processes=processes + others if settings.counted else UNCOUNTED,
            seconds=limits.get("seconds", settings.seconds),
            chars=limits.get("output_chars", settings.chars),
            memory=limits.get("memory_mb", 0) * 2**20,
            calls=limits.get("calls", CALLS),
            script=bool(request.get("script")),
            stays=bool(request.get("stays")),
            stdin=str(request.get("stdin", "")),
        )
        return task, digest

    async def _execute(self, parent: Cell, task: Task, run: object) -> Ended | None:
        """One execution, and a second one alone where the first may be another's fault."""
        place = parent.notebook.place

        async def ask(turn: Turn, message: Mapping[str, object]) -> dict[str, object]:
            async with turn.lent():
                return await self._ask(run, message)

        async with self.slots.turn() as turn:
            ended = await self.attempts.run(parent.process, place, task, partial(ask, turn))
            # Whoever filled the disk, this one or a sibling: what it left goes, and it runs alone.
            full = self._full()
            if ended and full:
                await self._discard(parent.notebook, ended)
        if ended is None or ended.doubtful or full:
            async with self.slots.turn(alone=True) as turn:
                await self._sweep(parent.notebook)
                if full:
                    await self._delete(parent.notebook, self._shared(parent.notebook))
                ended = await self.attempts.run(parent.process, place, task, partial(ask, turn))
                ended = await self._relieved(parent.notebook, ended) if ended else None
        return ended

    async def _discard(self, notebook: Notebook, ended: Ended) -> None:
        """The state and the files that an execution left go."""
        if ended.process:
            await self.processes.kill(ended.process)
        await self._delete(notebook, [ended.folder])

    async def _relieved(self, notebook: Notebook, ended: Ended) -> Ended:
        """Where files fill the container: those of idle notebooks go, then those of this
        execution, with the state it left."""
        if self._full():
            await self._evict(0, beside=notebook)
            await self._delete(notebook, self._shared(notebook))
        if not self._full() or ended.fault:
            return ended
        await self._discard(notebook, ended)
        if self._full():
            self.attempts.tainted = "temporary files"
        return replace(ended, output=said(ended.output, FULL), process=None)

    def _full(self) -> bool:
        return crowded(self.settings.folder) or crowded(SHARED)

    def _shared(self, notebook: Notebook) -> list[str]:
        """What a notebook left in the folder of all."""
        with os.scandir(SHARED) as entries:
            return [
                entry.path
                for entry in entries
                if entry.stat(follow_symlinks=False).st_uid == self._uid(notebook)
            ]

    async def _ask(self, run: object, message: Mapping[str, object]) -> dict[str, object]:
        """A program's call of a tool, answered by the host."""
        if deep(message):
            return {"error": f"arguments nested deeper than {DEPTH}", "kind": "ValueError"}
        number = next(self._call_numbers)
        answer: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._calls[number] = answer
        call = {key: message.get(key) for key in ("tool", "args", "kwargs")}
        self._say({"call": number, "id": run, **call})
        return await answer

    async def release(self, seed: str) -> None:
        """Forget the notebooks of a seed; what still runs in them leaves nothing."""
        for notebook in [book for book in self.notebooks.values() if book.seed == seed]:
            notebook.released = True
            for name in list(notebook.names):
                await self.close(name)

    async def close(self, name: str) -> None:
        """Forget a name; its process ends with its last name, its notebook with its last cell."""
        cell = self.cells.pop(name, None)
        if cell is None:
            return
        cell.process.holders -= 1
        cell.notebook.names.discard(name)
        await self._drop(cell.process)
        if not cell.notebook.names and not cell.notebook.running:
            await self._remove(cell.notebook)

    def _name(self, name: str, cell: Cell) -> None:
        cell.process.holders += 1
        cell.notebook.names.add(name)
        self.cells[name] = cell

    async def _drop(self, process: Process) -> None:
        if process.holders == 0:
            await self.processes.kill(process)

    async def _tidy(self, notebook: Notebook) -> None:
        """After the last execution of a notebook: nothing of it runs on, the container has room."""
        if not await self._sweep(notebook):
            self.attempts.tainted = "processes that do not die"
        if (left := self._shared(notebook)) and not self._beside(notebook):
            await self._delete(notebook, left)
        if next(self._runs) % LOOK == 0 and self.attempts.memory_used() > self.settings.idle_memory:
            await self._evict(len(self.cells) // 2)
            if self.attempts.memory_used() > self.settings.idle_memory:
                self.attempts.tainted = "memory of idle cells"
        if not notebook.names:
            await self._remove(notebook)

    def _uid(self, notebook: Notebook) -> int:
        return self.settings.uid if self.settings.shared_uid else notebook.place.uid

    def _beside(self, notebook: Notebook) -> bool:
        """Whether another with its user id runs: it waits for a tool that runs this one."""
        others = (book for book in self.notebooks.values() if book is not notebook)
        return self.settings.shared_uid and any(book.running for book in others)

    async def _sweep(self, notebook: Notebook) -> bool:
        """Kill what a notebook left running; False when something goes on living."""
        return self._beside(notebook) or await self.processes.sweep(self._uid(notebook))

    async def _evict(self, keep: int, beside: Notebook | None = None) -> None:
        """At most `keep` cells stay: idle notebooks go, least recently used first."""
        for notebook in list(self.notebooks.values())[:-1]:
            if len(self.cells) <= keep:
                return
            if not notebook.running and notebook is not beside:
                for name in list(notebook.names):
                    await self.close(name)

    async def _remove(self, notebook: Notebook) -> None:
        if self.notebooks.pop(notebook.place.uid, None) is None:
            return
        if not await self._sweep(notebook):
            self.attempts.tainted = "processes that do not die"
        await self._delete(notebook, notebook.place.used)
        shutil.rmtree(notebook.place.root, ignore_errors=True)

    async def _delete(self, notebook: Notebook, names: Sequence[str]) -> None:
        """Only the notebook's own user may remove what it wrote."""
        if self.settings.shared_uid:
            notebook.place.make()
        process = await self.attempts.spawn(
            self.attempts.zygote,
            notebook.place.uid,
            remove=list(names),
            within=str(notebook.place.root),
        )
        if process:
            await asyncio.wait({process.ended}, timeout=30)
            await self.processes.kill(process)
