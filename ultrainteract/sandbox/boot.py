"""How the kernel's process starts, listens and ends. Standard library only."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress

from ultrainteract.sandbox import enclosure
from ultrainteract.sandbox.attempts import Attempts
from ultrainteract.sandbox.interpreter import Interpreter
from ultrainteract.sandbox.kernel import SHARED, Kernel
from ultrainteract.sandbox.processes import Ending, Processes
from ultrainteract.sandbox.task import Settings


async def serve(settings: Settings, attempts: Attempts) -> None:
    """Answer requests, each in its own task, until standard input closes."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader(limit=2**26)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    out, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(out, protocol, None, loop)

    def say(message: Mapping[str, object]) -> None:
        writer.write(json.dumps(message).encode() + b"\n")

    if (await attempts.zygote.message()).get("status") != "ready":
        raise SystemExit("the preloaded interpreter did not start")
    kernel = Kernel(settings, attempts, say)
    say({"ready": True})
    # An error in here ends the container: the driver sees a fault, never a wrong result.
    async with asyncio.TaskGroup() as group:
        while line := await lines.readline():
            group.create_task(kernel.answer(json.loads(line)))
        # Nobody listens any more; pid 1 takes every process of the container with it.
        os._exit(0)


async def life(settings: Settings, pid: int, control: socket.socket) -> None:
    """The kernel's main task. Ends the container when the preloaded interpreter ends."""
    processes = Processes()
    zygote = processes.adopt(pid, control)
    work = asyncio.ensure_future(serve(settings, Attempts(settings, processes, zygote)))
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
        if settings.watched:
            enclosure.enter(shared_uid=settings.shared_uid)
        interpreter = Interpreter(theirs)
        interpreter.preload()
        with suppress(EOFError):
            interpreter.serve()
        os._exit(0)
    theirs.close()
    if settings.shared_uid:
        enclosure.seal()
    asyncio.run(life(settings, pid, ours))
