"""The seam between the tree and foreign code: a `Sandbox` gives root `Cell`s, a cell runs code.

A cell is a snapshot of a notebook. `run` leaves it as it was and returns the result with a new
cell that continues from it, so any number of siblings start from one state. What a program did
is an `ExecResult`; what went wrong with the machinery is a `SandboxFault`, never a result.
"""

from typing import Protocol

from ultrainteract.errors import SandboxFault
from ultrainteract.types import ExecResult


class CellGone(SandboxFault):
    """A snapshot was evicted or lost with its container: replay its path, nothing else is wrong."""


class Cell(Protocol):
    """A snapshot of a stateful notebook."""

    async def run(self, code: str) -> tuple[ExecResult, "Cell"]:
        """Execute `code` from this state; this cell stays as it was.

        A program that raised, timed out or was killed still gives a cell: after an exception
        the state as the exception left it, otherwise the parent's state.
        Raises `SandboxFault`; `CellGone` when this snapshot has to be rebuilt.
        """
        ...

    async def close(self) -> None:
        """Free what this snapshot holds; its children live on. Safe to call twice."""
        ...


class Sandbox(Protocol):
    """Gives notebooks."""

    async def root(self, seed: str) -> Cell:
        """A fresh notebook whose random numbers derive from `seed`. Raises `SandboxFault`."""
        ...

    async def release(self, seed: str) -> None:
        """The notebooks of `seed` are done with: free what they hold."""
        ...

    async def close(self) -> None:
        """Leave nothing behind; safe to call twice."""
        ...
