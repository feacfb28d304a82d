"""A container's standard streams over the engine's attach channel: the `Link` of its kernel."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from ultrainteract.errors import SetupError

STREAM = struct.Struct("!BxxxL")


class Attached:
    """A container at the other end of its attach channel. Implements `Link`.

    `remove` takes the container away, in a thread.
    """

    def __init__(
        self,
        name: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        remove: Callable[[], None],
    ) -> None:
        self.name = name
        self._reader = reader
        self._writer = writer
        self._remove = remove
        self._output = bytearray()
        self._errors = bytearray()

    async def readline(self) -> bytes:
        """As `Link.readline`."""
        while b"\n" not in self._output:
            try:
                stream, size = STREAM.unpack(await self._reader.readexactly(STREAM.size))
                data = await self._reader.readexactly(size)
            except (asyncio.IncompleteReadError, OSError):
                return b""
            if stream == 1:
                self._output += data
            else:
                self._errors = (self._errors + data)[-2000:]
        line, _, rest = self._output.partition(b"\n")
        self._output = bytearray(rest)
        return bytes(line) + b"\n"

    async def write(self, data: bytes) -> None:
        """As `Link.write`."""
        with suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    async def destroy(self) -> str:
        """As `Link.destroy`."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(self._remove)
        return self._errors.decode("utf-8", "replace").strip()


def detached(stream: object) -> socket.socket:
    """The attach channel as a socket of its own; the HTTP response that carried it is closed."""
    if not isinstance(stream, socket.SocketIO):
        raise SetupError("the sandbox needs an engine on a unix socket or on plain TCP")
    channel = socket.socket(fileno=os.dup(stream.fileno()))
    vars(stream)["_response"].close()
    return channel
