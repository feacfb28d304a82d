"""A kernel as the driver sees it: requests out, replies in, one notebook's turn at a time.

A backend starts the kernel and hands over a `Link`; everything here is the same for all of them.
A kernel that dies or falls silent fails every request under way with `SandboxFault`.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from ultrainteract.errors import SandboxFault

Reply = dict[str, object]


class Link(Protocol):
    """A started kernel: its lines, and its end."""

    name: str

    async def readline(self) -> bytes:
        """One line of its standard output; empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """To its standard input."""
        ...

    async def destroy(self) -> str:
        """End it with everything in it; the last it said on standard error. Safe to call twice."""
        ...


class Worker:
    """One kernel. `lost` once it is gone: its cells are to be rebuilt elsewhere.

    `patience` is how many seconds it may say nothing while a request waits.
    """

    def __init__(self, link: Link, patience: float) -> None:
        self.lost = False
        self._link = link
        self._patience = patience
        self._replies: dict[int, asyncio.Future[Reply]] = {}
        self._numbers = itertools.count()
        self._heard = asyncio.get_running_loop().time()
        self._tainted = ""
        self._reason = ""
        self._key: str | None = None
        self._inside = 0
        self._changed = asyncio.Condition()
        self._listening: asyncio.Task[None] | None = None

    async def ready(self) -> None:
        """Wait until the kernel has preloaded its interpreter. Raises `SandboxFault`."""
        try:
            async with asyncio.timeout(self._patience):
                line = await self._link.readline()
        except TimeoutError:
            line = b""
        if not line:
            said = await self.destroy("it did not start")
            raise SandboxFault(f"sandbox {self._link.name} did not start: {said or 'no word'}")
        self._listening = asyncio.create_task(self._listen())

    @asynccontextmanager
    async def turn(self, notebook: str) -> AsyncIterator[None]:
        """Executions of one notebook at a time, as many of it as want to.

        A program that takes all processes or memory of the container meets its own tree only. A
        container that misbehaved ends with the turn.
        """
        async with self._changed:
            await self._changed.wait_for(lambda: self._key in (None, notebook))
            self._key = notebook
            self._inside += 1
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= 1
                if not self._inside:
                    if self._tainted:
                        await self.destroy(self._tainted)
                    self._key = None
                    self._changed.notify_all()

    async def request(self, op: str, **fields: str) -> Reply:
        """The kernel's reply. Raises `SandboxFault` when none comes."""
        number = next(self._numbers)
        if self.lost:
            raise self._fault()
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        if len(self._replies) == 1:
            self._heard = asyncio.get_running_loop().time()
        try:
            await self._link.write(json.dumps({"id": number, "op": op, **fields}).encode() + b"\n")
            while not reply.done():
                await asyncio.wait({reply}, timeout=self._patience)
                silent = asyncio.get_running_loop().time() - self._heard
                if not reply.done() and silent >= self._patience:
                    await self.destroy(f"it said nothing for {self._patience:g} s")
        finally:
            self._replies.pop(number, None)
        if reply.exception():
            raise self._fault()
        return reply.result()

    async def destroy(self, reason: str) -> str:
        """End the kernel; whoever waits for it gets `SandboxFault` with the reason."""
        self._reason = self._reason or reason
        self.lost = True
        if self._listening and self._listening is not asyncio.current_task():
            self._listening.cancel()
        said = await self._link.destroy()
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(SandboxFault(reason))
        return said

    def _fault(self) -> SandboxFault:
        return SandboxFault(f"sandbox {self._link.name} is gone: {self._reason}")

    async def _listen(self) -> None:
        while line := await self._link.readline():
            message = json.loads(line)
            self._heard = asyncio.get_running_loop().time()
            self._tainted = self._tainted or message["tainted"]
            waiting = self._replies.get(message["id"])
            if waiting and not waiting.done():
                waiting.set_result(message)
        self._reason = "its container ended"
        said = await self.destroy(self._reason)
        if said:
            self._reason += f"; it said: {said}"
