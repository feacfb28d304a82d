"""A TCP forwarder on this machine that can refuse, swallow and be mended; a thread of its own."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


class Wire:
    """Listens on `port` of 127.0.0.1 and forwards to another."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._through = asyncio.Event()
        self._loop.call_soon_threadsafe(self._through.set)
        self.port = 0
        self._server = self._do(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """Nobody listens any more, every connection is reset."""
        self._do(self._refuse())

    def swallow(self) -> None:
        """Connections are taken and kept, nothing comes through."""
        self._loop.call_soon_threadsafe(self._through.clear)

    def mend(self) -> None:
        """As before; what was swallowed arrives."""
        self._loop.call_soon_threadsafe(self._through.set)
        if not self._server.is_serving():
            self._server = self._do(self._listen())

    def close(self) -> None:
        """For good."""
        self._do(self._refuse())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._forward, "127.0.0.1", self.port)

    async def _refuse(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        writers = {writer, back}
        self._writers |= writers
        pumps = {
            asyncio.ensure_future(self._pump(reader, back)),
            asyncio.ensure_future(self._pump(there, writer)),
        }
        self._pumps |= pumps
        try:
            # The end of one direction ends the connection, as for HTTP clients it does.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            for one in writers:
                one.close()
            self._writers -= writers
            self._pumps -= pumps

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(2**16):
                await self._through.wait()
                writer.write(data)
                await writer.drain()
