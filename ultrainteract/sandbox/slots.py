"""So many executions at once, or one alone. Standard library only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


class Slots:
    """`slots` of them."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._busy = 0
        self._waiting = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, *, alone: bool = False) -> AsyncIterator["Turn"]:
        """One of the slots, or all of them; whoever waits to be alone goes first."""
        await self.enter(alone=alone)
        try:
            yield Turn(self, alone)
        finally:
            await self.leave(alone=alone)

    async def enter(self, *, alone: bool) -> None:
        """Begin a turn."""
        async with self._changed:
            if alone:
                self._waiting += 1
                await self._changed.wait_for(lambda: self._busy == 0)
                self._waiting -= 1
                self._busy = self._slots
            else:
                await self._changed.wait_for(lambda: self._busy < self._slots and not self._waiting)
                self._busy += 1

    async def leave(self, *, alone: bool) -> None:
        """End a turn."""
        async with self._changed:
            self._busy -= self._slots if alone else 1
            self._changed.notify_all()


@dataclass(frozen=True)
class Turn:
    """A turn under way."""

    slots: Slots
    alone: bool

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Others may have it meanwhile: what is waited for may be an execution itself."""
        await self.slots.leave(alone=self.alone)
        try:
            yield
        finally:
            await self.slots.enter(alone=self.alone)
