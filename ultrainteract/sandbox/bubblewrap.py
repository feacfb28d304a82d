"""Sandboxes without an engine or a daemon, by bubblewrap: for clusters where no Docker may run.

The same kernel, as pid 1 of namespaces of its own: no network, a root of system libraries, Python
and packages read-only, bounded temporary folders, a system call filter, no new privileges. Started
by root, each notebook has a user id of its own; started by anybody else, all share one, and a
sandbox holds one tree's notebooks at a time. No control groups: `watch` bounds memory instead.
It ends with the thread that started it, or when its input closes. `concessions` says what it
cannot promise; network, host files, deadline and memory are not among that.
"""

import asyncio
import os
import platform
import secrets
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ultrainteract.errors import SandboxFault, SetupError, boundary
from ultrainteract.sandbox import bundle
from ultrainteract.sandbox.base import SHARED_FOLDER, Cell
from ultrainteract.sandbox.pool import Pool
from ultrainteract.sandbox.task import Settings
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.sandbox.walls import UID, bwrap, default_packages, enclosed
from ultrainteract.sandbox.worker import Worker
from ultrainteract.types import Limits

CELLS = 1024
# Blocks of user ids, above what directories of users hand out: the system counts processes by them.
BLOCKS, BLOCK = 40_000, 1000
LINE = 2**26
FAREWELL, PATIENCE = 2.0, 60.0
# Since then the system counts the processes of a user namespace apart.
COUNTED = (5, 14)
TRIAL = "import numpy, scipy, sympy"
NO_START = (
    "bwrap cannot start a sandbox: {said}; where it says namespace or permission, ask for "
    "unprivileged user namespaces (user.max_user_namespaces above 0, "
    "kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)"
)
CONCEDED = (
    SHARED_FOLDER,
    "memory of many processes is summed up again and again, and taken freely between two looks",
    "memory inside the system, as of page tables, is bounded by numbers of processes and files",
    "no share of the CPU: programs run at the lowest priority, on every CPU that this process has",
    "the system call filter refuses what it names, and allows what it does not know",
    "programs see CPU, memory and kernel of the host in /proc, and where Python lies on it",
)
CONCEDED_TO_ORDINARY_USERS = (
    "neighbours.nobody_is_looked_into: one tree's share a user id and read each other's files",
    "by chmod, programs of one tree can lock each other's folders",
    "a sandbox holds the notebooks of one tree at a time: more trees than sandboxes cost replays",
    "without Landlock (Linux 5.13) programs of one tree can change and remove each other's files",
    "without scopes of Landlock (Linux 6.12) signals reach siblings that started later",
    "before Linux 5.14 processes are counted again and again, as memory is",
)


class BubblewrapSandbox:
    """Implements `Sandbox` with at most `containers` kernels of bubblewrap.

    `packages` is a folder that docker/bubblewrap.sh made; None is where it makes it.
    """

    def __init__(self, limits: Limits, containers: int, packages: Path | None = None) -> None:
        self._limits = limits
        self._packages = packages or default_packages()
        self._shared_uid = os.geteuid() != 0
        self._pool = Pool(self._start, min(containers, self._fitting()))

    async def warm(self) -> None:
        """Start all kernels now; returns when they are ready. Raises as `root`."""
        await self._pool.warm()

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        """As `Sandbox.root`; raises `SetupError` where bubblewrap cannot work."""
        return await self._pool.root(seed, tools)

    async def release(self, seed: str) -> None:
        """As `Sandbox.release`."""
        await self._pool.release(seed)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        await self._pool.close()

    @staticmethod
    def concessions() -> tuple[str, ...]:
        """What it cannot promise here, a line each; `group.check: why` where `checks` looks."""
        return CONCEDED + (CONCEDED_TO_ORDINARY_USERS if os.geteuid() else ())

    async def _start(self) -> Worker:
        walls = enclosed(self._packages)
        _, _, boot, *arguments = bundle.command(self._settings())
        with boundary(SandboxFault, "cannot start bwrap", OSError):
            worker = Worker(await started(walls(boot, *arguments)), 2 * self._limits.seconds + 60)
        try:
            await worker.ready()
        except SandboxFault:
            # Raises SetupError where none can start.
            await probe_bubblewrap(self._packages)
            raise
        return worker

    def _fitting(self) -> int:
        """How many sandboxes this host holds, all at their limit; one at least."""
        host = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return max(1, host // ((512 + (slots() + 1) * self._limits.memory_mb) * 2**20))

    def _settings(self) -> Settings:
        limits = self._limits
        uid = UID + BLOCK * secrets.randbelow(BLOCKS)
        return Settings(
            seconds=limits.seconds,
            memory=limits.memory_mb * 2**20,
            processes=limits.pids,
            chars=limits.output_chars,
            slots=slots(),
            cells=CELLS,
            idle_memory=limits.memory_mb * 2**20,
            uid=UID if self._shared_uid else uid,
            shared_uid=self._shared_uid,
            watched=True,
            counted=not self._shared_uid or counts_apart(),
        )


class Piped:
    """A kernel at the other end of its standard streams. Implements `Link`."""

    def __init__(self, process: Process, streams: tuple[Reader, Writer, Reader]) -> None:
        self.name = f"bwrap {process.pid}"
        self._process = process
        self._output, self._input, self._complaints = streams
        self._errors = bytearray()
        self._listening = asyncio.create_task(self._listen())

    async def readline(self) -> bytes:
        """As `Link.readline`."""
        return await self._output.readline()

    async def write(self, data: bytes) -> None:
        """As `Link.write`."""
        with suppress(OSError):
            self._input.write(data)
            await self._input.drain()

    async def destroy(self) -> str:
        """As `Link.destroy`. Nothing in it outlives its pid 1."""
        self._input.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), FAREWELL)
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._listening
        return self._errors.decode("utf-8", "replace").strip()

    async def _listen(self) -> None:
        while data := await self._complaints.read(4096):
            self._errors = (self._errors + data)[-2000:]


async def started(words: Sequence[str]) -> Piped:
    """A command with its streams at hand, and nothing of this process's environment."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *words, stdin=pipe, stdout=pipe, stderr=pipe, env={}, cwd="/", limit=LINE
    )
    if process.stdout is None or process.stdin is None or process.stderr is None:
        raise SandboxFault("bwrap has no streams")
    return Piped(process, (process.stdout, process.stdin, process.stderr))


async def probe_bubblewrap(packages: Path | None = None) -> str:
    """The version of bubblewrap, after a trial. Raises `SetupError` that says what to do."""
    walls = enclosed(packages or default_packages())
    trial = await started(walls(f"{TRIAL}; print('works')"))
    worked = b""
    with suppress(TimeoutError):
        worked = await asyncio.wait_for(trial.readline(), PATIENCE)
    said = await trial.destroy()
    if worked != b"works\n":
        raise SetupError(NO_START.format(said=said or "no word"))
    version = await started([bwrap(), "--version"])
    answer = (await version.readline()).decode().split()
    await version.destroy()
    return answer[-1]


def slots() -> int:
    """Executions of a sandbox at once."""
    return min(8, len(os.sched_getaffinity(0)))


def counts_apart() -> bool:
    """Whether the system limits processes of a user namespace apart from the user's others."""
    major, minor = platform.release().split(".")[:2]
    return (int(major), int("".join(filter(str.isdigit, minor)))) >= COUNTED
