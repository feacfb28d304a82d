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
import json
import os
import secrets
import shutil
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.attempts import Attempts, Ended, Place, Settings
from ultrainteract.sandbox.interpreter import Interpreter
from ultrainteract.sandbox.processes import Ending, Process, Processes, Slots

SHARED = "/dev/shm"  # noqa: S108


@dataclass
class Notebook:
    """The cells of one root, evicted as one."""

    place: Place
    seed: str
    released: bool = False
    names: set[str] = field(default_factory=set)
    running: int = 0
    quiet: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Cell:
    """A name for a state. After a timeout the new name stands for the parent's process."""

    notebook: Notebook
    process: Process
    digest: bytes
    number: int


class Kernel:
    """Names, notebooks and what happens to them."""

    def __init__(self, settings: Settings, attempts: Attempts) -> None:
        self.settings = settings
        self.attempts = attempts
        self.processes = attempts.processes
        self.cells: dict[str, Cell] = {}
        # Least recently used first.
        self.notebooks: dict[int, Notebook] = {}
        self.slots = Slots(settings.slots)
        self._next_uid = settings.uid

    async def answer(self, request: dict[str, str]) -> dict[str, object]:
        """The reply to one request; `gone` names a cell that is not (or no longer) here."""
        if request["op"] == "root":
            return await self.root(request["cell"], request["seed"])
        if request["op"] == "close":
            await self.close(request["cell"])
            return {}
        if request["op"] == "release":
            await self.release(request["seed"])
            return {}
        cell = self.cells.get(request["cell"])
        if cell is None:
            return {"gone": True}
        return await self.run(cell, request["child"], request["code"])

    async def root(self, name: str, seed: str) -> dict[str, object]:
        """A fresh notebook, forked from the preloaded interpreter."""
        await self._evict(self.settings.cells - 1)
        self._next_uid += 1
        place = Place(self._next_uid, Path(self.settings.folder, secrets.token_hex(16)))
        place.make()
        notebook = Notebook(place, seed)
        process = await self.attempts.spawn(self.attempts.zygote, place.uid)
        if process is None:
            return {"fault": "no process for a new notebook"}
        process.send({})
        process.stop()
        self.notebooks[notebook.place.uid] = notebook
        digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        self._name(name, Cell(notebook, process, digest, 0))
        return {}

    async def run(self, parent: Cell, child: str, code: str) -> dict[str, object]:
        """Execute `code` in a fork of `parent`, which the name `child` then stands for."""
        notebook = parent.notebook
        async with notebook.quiet:
            notebook.running += 1
        self.notebooks[notebook.place.uid] = self.notebooks.pop(notebook.place.uid, notebook)
        digest = hashlib.blake2b(
            code.encode("utf-8", "surrogatepass"), key=parent.digest, digest_size=16
        ).digest()
        number = parent.number + 1
        seed = int.from_bytes(digest[:7], "big")
        parent.process.holders += 1
        others = len(notebook.names) + self.settings.slots
        task = {
            "code": code,
            "number": number,
            "seed": seed,
            "processes": self.settings.processes + others,
        }
        ended = await self._execute(parent, task)
        if ended and notebook.released:
            if ended.process:
                await self.processes.kill(ended.process)
            ended = None
        if ended:
            self._name(child, Cell(notebook, ended.process or parent.process, digest, number))
        parent.process.holders -= 1
        await self._drop(parent.process)
        async with notebook.quiet:
            notebook.running -= 1
            if not notebook.running:
                await self._tidy(notebook)
        await self._evict(self.settings.cells)
        return {"outcome": ended.outcome, "output": ended.output} if ended else {"gone": True}

    async def _execute(self, parent: Cell, task: dict[str, object]) -> Ended | None:
        """One execution, and a second one alone where the first may be another's fault."""
        async with self.slots.shared():
            ended = await self.attempts.run(parent.process, parent.notebook.place, task)
        if ended is None or ended.doubtful:
            async with self.slots.alone():
                await self.processes.sweep(parent.notebook.place.uid)
                ended = await self.attempts.run(parent.process, parent.notebook.place, task)
        return ended

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
        if not await self.processes.sweep(notebook.place.uid):
            self.attempts.tainted = "processes that do not die"
        if any(half_full(folder) for folder in (self.settings.folder, SHARED)):
            self.attempts.tainted = "temporary files"
        if accounts.memory_used() > self.settings.idle_memory:
            await self._evict(len(self.cells) // 2)
            if accounts.memory_used() > self.settings.idle_memory:
                self.attempts.tainted = "memory of idle cells"
        if not notebook.names:
            await self._remove(notebook)

    async def _evict(self, keep: int) -> None:
        """At most `keep` cells stay: idle notebooks go, least recently used first."""
        for notebook in list(self.notebooks.values())[:-1]:
            if len(self.cells) <= keep:
                return
            if not notebook.running:
                for name in list(notebook.names):
                    await self.close(name)

    async def _remove(self, notebook: Notebook) -> None:
        if self.notebooks.pop(notebook.place.uid, None) is None:
            return
        if not await self.processes.sweep(notebook.place.uid):
            self.attempts.tainted = "processes that do not die"
        # Only the notebook's own user may remove what it wrote.
        process = await self.attempts.spawn(self.attempts.zygote, notebook.place.uid)
        if process:
            process.send({"remove": notebook.place.used})
            await asyncio.wait({process.ended}, timeout=5)
            await self.processes.kill(process)
        shutil.rmtree(notebook.place.root, ignore_errors=True)


def half_full(folder: str) -> bool:
    """Whether files take half of the bytes or of the entries of a bounded file system."""
    room = os.statvfs(folder)
    return room.f_bavail * 2 < room.f_blocks or room.f_favail * 2 < room.f_files


async def serve(kernel: Kernel) -> None:
    """Answer requests, each in its own task, until standard input closes."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    out, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(out, protocol, None, loop)

    def say(message: dict[str, object]) -> None:
        writer.write(json.dumps(message).encode() + b"\n")

    async def handle(request: dict[str, str]) -> None:
        answer = await kernel.answer(request)
        say({"id": request["id"], **answer, "tainted": kernel.attempts.tainted})

    if await kernel.attempts.zygote.message() != "ready":
        raise SystemExit("the preloaded interpreter did not start")
    say({"ready": True})
    # An error in here ends the container: the driver sees a fault, never a wrong result.
    async with asyncio.TaskGroup() as group:
        while line := await lines.readline():
            group.create_task(handle(json.loads(line)))
        # Nobody listens any more; pid 1 takes every process of the container with it.
        os._exit(0)


async def life(settings: Settings, pid: int, control: socket.socket) -> None:
    """The kernel's main task. Ends the container when the preloaded interpreter ends."""
    processes = Processes()
    zygote = processes.adopt(pid, control)
    work = asyncio.ensure_future(serve(Kernel(settings, Attempts(settings, processes, zygote))))
    ends: set[asyncio.Future[None] | asyncio.Future[Ending]] = {work, zygote.ended}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        work.result()
    else:
        raise SystemExit("the preloaded interpreter died")


def main() -> None:
    """Fork the preloaded interpreter first, while there is no event loop to inherit."""
    settings = Settings(**json.loads(sys.argv[2]))
    # The engine gives a mount the mode of the folder below it: nobody may list or fill these.
    os.chmod(settings.folder, 0o711)  # noqa: PTH101, S103
    with suppress(OSError):
        os.chmod(SHARED, 0o1733)  # noqa: PTH101, S103
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        interpreter = Interpreter(theirs)
        interpreter.preload()
        with suppress(EOFError):
            interpreter.serve()
        os._exit(0)
    theirs.close()
    asyncio.run(life(settings, pid, ours))
