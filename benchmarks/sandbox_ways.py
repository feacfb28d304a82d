"""Ways to run a snippet, behind one protocol: so many executions by a worker, or cells held open.

Every execution's output is checked. A worker is a concurrent caller: the ways that keep a warm
interpreter give each worker one of its own.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

from docker.models.containers import Container

import docker
from benchmarks.sandbox_bare import BareInterpreter, on_host, outside
from ultrainteract.errors import SetupError
from ultrainteract.sandbox.backends import WarmSandbox
from ultrainteract.sandbox.base import Cell, Sandbox
from ultrainteract.sandbox.bubblewrap import BubblewrapSandbox, probe_bubblewrap
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.engine import LABEL, owner
from ultrainteract.types import ExecResult, Limits, Outcome

SYMPY = """
import sympy as sp
x = sp.symbols("x")
roots = sp.solve(x**2 - 5*x + 6, x)
total = sp.simplify(sum(r**2 for r in roots))
print(roots, total)
"""


@dataclass(frozen=True)
class Snippet:
    """A program and what it prints."""

    name: str
    code: str
    output: str


SNIPPETS = (
    Snippet("trivial", "x = 1 + 1\nprint(x)", "2\n"),
    Snippet("sympy", SYMPY, "[2, 3] 13\n"),
)


class Way(Protocol):
    """`weight` executions make a batch; `cells` are held open to see what one costs."""

    name: str
    weight: int
    cells: int

    async def run(self, worker: int, snippet: Snippet, count: int) -> list[float]:
        """Milliseconds of each execution. Raises RuntimeError for a wrong output."""
        ...

    async def hold(self, snippet: Snippet) -> None:
        """Hold `cells` states open that have run the snippet."""
        ...

    async def drop(self) -> None:
        """Let them go."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...


class Bare:
    """`fork` of a warm interpreter, or `start` of a new one."""

    def __init__(self, name: str, op: str, weight: int, servers: Sequence[BareInterpreter]) -> None:
        self.name, self.weight, self.cells = name, weight, 50 if op == "fork" else 4
        self._op, self._servers = op, servers

    async def run(self, worker: int, snippet: Snippet, count: int) -> list[float]:
        server = self._servers[worker]
        return await server.times(self._op, snippet.code, snippet.output, count, steps=[])

    async def hold(self, snippet: Snippet) -> None:
        await self._servers[0].ask(op=f"hold {self._op}s", code=snippet.code, count=self.cells)

    async def drop(self) -> None:
        await self._servers[0].ask(op="drop")

    async def close(self) -> None:
        for server in self._servers:
            server.close()


class Sandboxed:
    """`Cell.run` from a warm root. `closing` are the milliseconds each child took to close."""

    weight, cells = 20, 50

    def __init__(self, name: str, sandboxes: Sequence[Sandbox]) -> None:
        self.name = name
        self.closing: list[float] = []
        self._sandboxes = sandboxes
        self._roots: list[Cell] = []
        self._open: list[Cell] = []

    async def start(self) -> None:
        """Open a root for each worker."""
        for number, sandbox in enumerate(self._sandboxes):
            self._roots.append(await sandbox.root(f"worker {number}"))

    async def run(self, worker: int, snippet: Snippet, count: int) -> list[float]:
        taken = []
        for _ in range(count):
            start = perf_counter()
            result, child = await self._roots[worker].run(snippet.code)
            taken.append(1000 * (perf_counter() - start))
            check(self.name, result, snippet)
            start = perf_counter()
            await child.close()
            self.closing.append(1000 * (perf_counter() - start))
        return taken

    async def hold(self, snippet: Snippet) -> None:
        for _ in range(self.cells):
            self._open.append((await self._roots[0].run(snippet.code))[1])

    async def drop(self) -> None:
        for cell in self._open:
            await cell.close()
        self._open = []

    async def close(self) -> None:
        for sandbox in self._sandboxes:
            await sandbox.close()


class Executed:
    """`docker exec` into a warm container, by the engine's interface: no client process."""

    name, weight, cells = "docker exec", 2, 4

    def __init__(self, container: Container) -> None:
        self._container = container

    async def run(self, worker: int, snippet: Snippet, count: int) -> list[float]:  # noqa: ARG002
        return [await self._one(snippet) for _ in range(count)]

    async def _one(self, snippet: Snippet) -> float:
        start = perf_counter()
        code, output = await asyncio.to_thread(
            self._container.exec_run, ["python3", "-c", snippet.code]
        )
        taken = 1000 * (perf_counter() - start)
        if code or output != snippet.output.encode():
            raise RuntimeError(f"{self.name} printed {output!r}")
        return taken

    async def hold(self, snippet: Snippet) -> None:
        for _ in range(self.cells):
            printed = self._container.exec_run(waiting(snippet), stream=True).output
            await asyncio.to_thread(next, iter(printed))

    async def drop(self) -> None:
        # All but the first process of the container and the one that kills.
        self._container.exec_run(["python3", "-c", "import os; os.kill(-1, 9)"])

    async def close(self) -> None:
        pass


class Started:
    """`docker run --rm` of the image, by the engine's interface."""

    name, weight, cells = "docker run --rm", 1, 3

    def __init__(self, engine: docker.DockerClient, image: str) -> None:
        self._engine, self._image = engine, image
        self._held: list[Container] = []

    async def run(self, worker: int, snippet: Snippet, count: int) -> list[float]:  # noqa: ARG002
        return [await asyncio.to_thread(self._one, snippet) for _ in range(count)]

    def _one(self, snippet: Snippet) -> float:
        start = perf_counter()
        output = self._engine.containers.run(
            self._image,
            ["python3", "-c", snippet.code],
            remove=True,
            labels=labels(),
            network_mode="none",
        )
        taken = 1000 * (perf_counter() - start)
        if output.decode() != snippet.output:
            raise RuntimeError(f"{self.name} printed {output!r}")
        return taken

    async def hold(self, snippet: Snippet) -> None:
        for _ in range(self.cells):
            container = self._engine.containers.run(
                self._image,
                waiting(snippet),
                detach=True,
                remove=True,
                labels=labels(),
                network_mode="none",
            )
            self._held.append(container)
            await asyncio.to_thread(next, container.logs(stream=True))

    async def drop(self) -> None:
        for container in self._held:
            container.remove(force=True)
        self._held = []

    async def close(self) -> None:
        await self.drop()


def waiting(snippet: Snippet) -> list[str]:
    """A process that runs the snippet, prints, and stays."""
    return ["python3", "-u", "-c", f"{snippet.code}\nimport time; time.sleep(600)"]


def labels() -> dict[str, str]:
    """By these a later start of a sandbox sweeps a container that outlived its owner."""
    return {LABEL: owner(os.getpid()), f"{LABEL}.host": socket.gethostname()}


def check(name: str, result: ExecResult, snippet: Snippet) -> None:
    """Raise RuntimeError unless the snippet printed what it should."""
    if result != ExecResult(Outcome.OK, snippet.output):
        raise RuntimeError(f"{name} gave {result} for {snippet.name}")


@asynccontextmanager
async def carrier(image: str) -> AsyncIterator[Container]:
    """A warm container of the image that does nothing."""
    engine = docker.from_env(timeout=120)
    container = engine.containers.run(
        image, ["sleep", "infinity"], detach=True, labels=labels(), network_mode="none"
    )
    try:
        container.reload()
        yield container
    finally:
        container.remove(force=True)
        engine.close()


def bare_python() -> str:
    """Whose files bare interpreters run: the image's where this user may enter them."""
    return "the image's" if os.geteuid() == 0 and shutil.which("nsenter") else "this python"


def bare_interpreters(container: Container, count: int, uid: int = 0) -> list[BareInterpreter]:
    """Over the files of `container`, or of this Python."""
    attributes = container.attrs
    pid, environment = attributes["State"]["Pid"], attributes["Config"]["Env"]
    inside = bare_python() == "the image's"
    words = outside(pid, environment, uid) if inside else on_host()
    return [BareInterpreter(words) for _ in range(count)]


def sandbox_of(backend: str, image: str, limits: Limits, containers: int) -> WarmSandbox:
    """The backend of that name."""
    if backend == "docker":
        return DockerSandbox(image, limits, containers)
    return BubblewrapSandbox(limits, containers)


async def backends() -> list[str]:
    """Those that work here."""
    try:
        await probe_bubblewrap()
    except SetupError:
        return ["docker"]
    return ["docker", "bubblewrap"]
