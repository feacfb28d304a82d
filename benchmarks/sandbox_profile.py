"""Where the time of an execution goes: a bare fork, step by step on its way to a cell.

The same program runs in four places: outside any container as root, then with a cell's user id
and limits; in a container made as the pool makes its own, as root, then as a cell. In each it
forks bare, and with everything that a cell does besides. Then a real cell: a request that does
nothing, the time until its program starts, and from the program's end to the reply.
"""

import argparse
import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from docker.models.containers import Container

import docker
from benchmarks.sandbox_bare import BareInterpreter, command
from benchmarks.sandbox_bars import Part
from benchmarks.sandbox_figures import Machine, latency
from benchmarks.sandbox_program import STEPS
from benchmarks.sandbox_ways import SNIPPETS, Snippet, bare_interpreters, carrier, sandbox_of
from ultrainteract.sandbox.base import Cell
from ultrainteract.types import Limits

BATCH = 10
UID = 61_000
OURS = "request and reply", "until the program starts", "the program", "until the reply", "closing"


async def profile(options: argparse.Namespace) -> Part:
    """Medians in ms of each stage, for both snippets."""
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    sandbox = sandbox_of(options.backend, options.image, Limits(), 1)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(sandbox.close)
        root = await sandbox.root("profile")
        servers = await places(stack, options)
        for _ in range(options.rounds):
            for snippet in SNIPPETS:
                taken = times[snippet.name]
                for name, server in servers.items():
                    for steps in stages() if name == "outside" else ((), STEPS):
                        label = f"{name}: {labelled(name, steps)}"
                        taken[label] += await server.times(
                            "fork", snippet.code, snippet.output, BATCH, steps=steps
                        )
                await split(root, snippet, taken)
    medians = {
        snippet: {label: latency(taken).p50_ms for label, taken in labels.items()}
        for snippet, labels in times.items()
    }
    rows: list[tuple[str, ...]] = [
        (label, *(str(medians[snippet.name][label]) for snippet in SNIPPETS))
        for label in medians[SNIPPETS[0].name]
    ]
    columns = ("stage, p50 ms", *(snippet.name for snippet in SNIPPETS))
    return Part({"profile": medians}, columns, rows)


def stages() -> list[tuple[str, ...]]:
    """One step more each time, from none to all."""
    return [STEPS[:number] for number in range(len(STEPS) + 1)]


def labelled(name: str, steps: tuple[str, ...]) -> str:
    """What a row says of its steps, each of which comes on top of the row before."""
    if not steps:
        return "bare fork"
    return f"+ {steps[-1]}" if name == "outside" else "+ all of these"


async def places(stack: AsyncExitStack, options: argparse.Namespace) -> dict[str, BareInterpreter]:
    """Bare interpreters by where they run; the stack ends them."""
    container = await stack.enter_async_context(carrier(options.image))
    found = {
        "outside": bare_interpreters(container, 1)[0],
        "outside, a cell's user and limits": bare_interpreters(container, 1, UID)[0],
    }
    if options.backend == "docker":
        machine = Machine()
        stack.callback(machine.close)
        (kernel, *_) = [one for one in machine.containers() if one.id != container.id]
        for name, uid in (("in a container", 0), ("in a container, user and limits", UID)):
            found[name] = await stack.enter_async_context(alike(kernel, uid))
    for server in found.values():
        stack.callback(server.close)
    return found


@contextlib.asynccontextmanager
async def alike(kernel: Container, uid: int) -> AsyncIterator[BareInterpreter]:
    """A bare interpreter as first process of a container configured as `kernel` is."""
    kernel.reload()
    configuration = {**kernel.attrs["Config"], "HostConfig": kernel.attrs["HostConfig"]}
    configuration["Cmd"] = command("python3", uid)
    engine = docker.from_env(timeout=120)
    made = engine.api.create_container_from_config(configuration)  # type: ignore[no-untyped-call]
    try:
        yield BareInterpreter(["docker", "start", "--attach", "--interactive", made["Id"]])
    finally:
        # It removes itself when its program ends.
        with contextlib.suppress(docker.errors.APIError):
            engine.api.remove_container(made["Id"], force=True)
        engine.close()


async def split(root: Cell, snippet: Snippet, taken: dict[str, list[float]]) -> None:
    """A batch of real executions, each cut at the moments that its program prints."""
    code = (
        "import time as _time\n_first = _time.monotonic_ns()\n"
        f"{snippet.code}\n"
        "print(_first, _time.monotonic_ns())"
    )
    for _ in range(BATCH):
        start = time.monotonic_ns()
        result, child = await root.run(code)
        end = time.monotonic_ns()
        first, last = (int(word) for word in result.output.split()[-2:])
        await child.close()
        closed = time.monotonic_ns()
        # To close twice does nothing: a request and its reply.
        await child.close()
        nothing = time.monotonic_ns() - closed
        taken["a cell: all"].append((end - start) / 1e6)
        parts = (nothing, first - start, last - first, end - last, closed - end)
        for name, part in zip(OURS, parts, strict=True):
            taken[f"a cell: {name}"].append(part / 1e6)
    await asyncio.sleep(0)
