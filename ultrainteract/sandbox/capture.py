"""Bounded reading of what a program prints. Standard library only; runs inside the container.

The head and the tail are kept, the middle is counted: a flood costs its reader no memory.
"""

import asyncio
import os

FLOOD = 8 * 2**20


class Capture:
    """Reads a pipe as the loop goes. `flooded` is set once far more than is kept has come."""

    def __init__(self, pipe: int, chars: int) -> None:
        self.flooded = asyncio.Event()
        self._pipe = pipe
        self._chars = chars
        self._most = max(FLOOD, 8 * chars)
        self._room = 4 * chars
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0
        os.set_blocking(pipe, False)
        asyncio.get_running_loop().add_reader(pipe, self.read)

    def read(self) -> bool:
        """Take what lies in the pipe; False when nothing did."""
        try:
            data = os.read(self._pipe, 65536)
        except BlockingIOError:
            return False
        if not data:
            asyncio.get_running_loop().remove_reader(self._pipe)
            return False
        self._size += len(data)
        space = self._room - len(self._head)
        self._head += data[:space]
        self._tail += data[space:] if space else data
        del self._tail[: -self._room]
        if self._size > self._most:
            self.flooded.set()
        return True

    def close(self) -> str:
        """Everything printed until now, cut to head and tail."""
        while not self.flooded.is_set() and self.read():
            pass
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)
        if self._size <= len(self._head) + len(self._tail):
            return cut((self._head + self._tail).decode("utf-8", "replace"), self._chars)
        head = self._head.decode("utf-8", "replace")[: self._chars // 2]
        tail = self._tail.decode("utf-8", "replace")[-(self._chars // 2) :]
        return f"{head}\n[... cut: {self._size} bytes in all ...]\n{tail}"


def cut(text: str, chars: int) -> str:
    """At most `chars` characters of `text`, head and tail, with one line that says what is gone."""
    if len(text) <= chars:
        return text
    half = chars // 2
    return f"{text[:half]}\n[... cut: {len(text) - 2 * half} characters ...]\n{text[-half:]}"
