"""A kernel as the driver sees it: requests out, replies in, one seed's turn at a time.

A backend starts the kernel and hands over a `Link`; everything here is the same for all of them.
While a request is under way the kernel may call the host tools that came with it. A kernel that
dies or falls silent fails every request under way with `SandboxFault`.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.tools import Toolbox
from ultrainteract.sandbox.turns import Turns

Reply = dict[str, object]
NO_TOOLS = Toolbox()


class Link(Protocol):
    """A started kernel: its lines, and its end."""

    name: str

    async def readline(self) -> bytes:
        """One line of its standard output; empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """To its standard input; a broken one shows in `readline`."""
        ...

    async def destroy(self) -> str:
        """End it with everything in it; the last it said on standard error. Safe to call twice."""
        ...


@dataclass
class _Request:
    """A request under way; `calls` are the host tools at work for it."""

    reply: asyncio.Future[Reply]
    tools: Toolbox
    patience: float
    calls: set[asyncio.Task[None]] = field(default_factory=set)


class Worker:
    """One kernel. `lost` once it is not to be used any more, `ended` when it is gone.

    `patience` is how many seconds it may say nothing while a request waits for it alone.
    `executions` counts what it was asked to run.
    """

    def __init__(self, link: Link, patience: float) -> None:
        self.lost = False
        self.ended = asyncio.Event()
        self.executions = 0
        self._link = link
        self._patience = patience
        self._requests: dict[int, _Request] = {}
        self._numbers = itertools.count()
        self._heard = 0.0
        self._tools_at_work = 0
        self._retiring = ""
        self._reason = ""
        self._turns = Turns()
        self._listening: asyncio.Task[None] | None = None
        self._ending: asyncio.Future[str] | None = None

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
    async def turn(self, seed: str) -> AsyncIterator[None]:
        """Executions of one seed's notebooks, as many of them as want to.

        A program that takes all processes or memory of the container meets its own tree only. A
        container that misbehaved ends with the turn. Look at `lost` first.
        """
        await self._turns.enter(seed)
        self._end_if_due(others=1)
        try:
            yield
        finally:
            self._turns.leave()
            self._end_if_due()

    async def request(
        self, op: str, *, toolbox: Toolbox = NO_TOOLS, patience: float = 0.0, **fields: object
    ) -> Reply:
        """The kernel's reply. Raises `SandboxFault` when none comes.

        `toolbox` answers its calls; `patience` is a longer one than the kernel's own, in seconds.
        """
        if self.lost:
            raise self._fault()
        number = next(self._numbers)
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if not self._requests:
            self._hear()
        request = _Request(reply, toolbox, max(patience, self._patience))
        self._requests[number] = request
        self.executions += op == "run"
        try:
            await self._say({"id": number, "op": op, **fields})
            await self._patiently(reply)
        finally:
            del self._requests[number]
            for call in request.calls:
                call.cancel()
        if reply.exception():
            raise self._fault()
        return reply.result()

    def retire(self, reason: str) -> None:
        """End the kernel as soon as it is nobody's turn."""
        self._retiring = self._retiring or reason
        self._end_if_due()

    async def destroy(self, reason: str) -> str:
        """End the kernel; whoever waits for it gets `SandboxFault` with the reason."""
        return await asyncio.shield(self._begin_end(reason))

    def _begin_end(self, reason: str) -> asyncio.Future[str]:
        self.lost = True
        if self._ending is None:
            self._reason = reason
            self._ending = asyncio.ensure_future(self._end(reason))
        return self._ending

    async def _end(self, reason: str) -> str:
        if self._listening:
            self._listening.cancel()
        try:
            said = await self._link.destroy()
        finally:
            for request in self._requests.values():
                if not request.reply.done():
                    request.reply.set_exception(SandboxFault(reason))
            self.ended.set()
        if said:
            self._reason += f"; it said: {said}"
        return said

    def _end_if_due(self, others: int = 0) -> None:
        if self._retiring and self._turns.inside == others:
            self._begin_end(self._retiring)

    async def _patiently(self, reply: asyncio.Future[Reply]) -> None:
        while not reply.done():
            # One that waits behind a long execution waits as long.
            patience = max(request.patience for request in self._requests.values())
            await asyncio.wait({reply}, timeout=patience)
            silent = asyncio.get_running_loop().time() - self._heard
            # What the driver's own tools take is not the kernel's silence.
            if not reply.done() and not self._tools_at_work and silent >= patience:
                await self.destroy(f"it said nothing for {patience:g} s")

    async def _listen(self) -> None:
        while line := await self._link.readline():
            self._hear()
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                await self.destroy(f"it said what is no message: {line[:200]!r}")
                return
            request = self._requests.get(message["id"])
            if "call" in message:
                if request:
                    call = asyncio.create_task(self._call(request.tools, message))
                    request.calls.add(call)
                    call.add_done_callback(request.calls.discard)
                continue
            self._retiring = self._retiring or str(message["tainted"])
            if request and not request.reply.done():
                request.reply.set_result(message)
        await self.destroy("its container ended")

    async def _call(self, tools: Toolbox, call: Reply) -> None:
        self._tools_at_work += 1
        try:
            answer = await tools.answer(str(call["tool"]), call["args"], call["kwargs"])
        finally:
            self._tools_at_work -= 1
            self._hear()
        await self._say({"op": "answer", "call": call["call"], **answer})

    async def _say(self, message: Reply) -> None:
        await self._link.write(json.dumps(message).encode() + b"\n")

    def _hear(self) -> None:
        self._heard = asyncio.get_running_loop().time()

    def _fault(self) -> SandboxFault:
        return SandboxFault(f"sandbox {self._link.name} is gone: {self._reason}")
