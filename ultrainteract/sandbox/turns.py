"""Whose turn it is: one key at a time, with any number of holders."""

import asyncio


class Turns:
    """Holders of one key are inside together; others wait, first come first served.

    Whoever has the key of those inside enters at once, so a holder may wait for another one.
    """

    def __init__(self) -> None:
        self.inside = 0
        self._key: str | None = None
        self._free = asyncio.Event()
        self._free.set()

    async def enter(self, key: str) -> None:
        """Returns inside; `leave` must follow."""
        while self.inside and self._key != key:
            await self._free.wait()
        self._key = key
        self.inside += 1
        self._free.clear()

    def leave(self) -> None:
        """The last holder makes room for another key."""
        self.inside -= 1
        if not self.inside:
            self._free.set()
