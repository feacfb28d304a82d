"""The seam between the tree and foreign code: a `Sandbox` gives root `Cell`s, a cell runs code.

A cell is a snapshot of a notebook. `run` leaves it as it was and returns the result with a new
cell that continues from it, so any number of siblings start from one state. What a program did
is an `ExecResult`; what went wrong with the machinery is a `SandboxFault`, never a result.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Limits


@dataclass(frozen=True, slots=True)
class Manner:
    """How one execution differs from a notebook's cell.

    `stdin` is the text it reads. A `script` runs as `python program.py` does: no echo, standard
    error apart, an exit with 0 is a clean end; then its threads are waited for, its exit handlers
    run and its globals go, unless it `stays`, as a module that was imported. `limits` replace the
    sandbox's own.
    """

    stdin: str = ""
    script: bool = False
    stays: bool = False
    limits: Limits | None = None


NOTEBOOK = Manner()


# What no backend keeps apart: multiprocessing needs the folder, and it is one for all.
SHARED_FOLDER = (
    "neighbours.siblings_cannot_talk: two that run at once may leave each other files in /dev/shm"
)


class CellGone(SandboxFault):
    """A snapshot was evicted or lost with its container: replay its path, nothing else is wrong."""


class Cell(Protocol):
    """A snapshot of a stateful notebook."""

    async def run(self, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, "Cell"]:
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

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        """A fresh notebook whose random numbers derive from `seed`. Raises `SandboxFault`.

        Its programs call `tools` by their names. Roots of one seed may run at the same time, each
        under a user id of its own, and a tool of one may run cells of another.
        """
        ...

    async def release(self, seed: str) -> None:
        """The notebooks of `seed` are done with: free what they hold."""
        ...

    async def close(self) -> None:
        """Leave nothing behind; safe to call twice."""
        ...
