"""What a check works with: notebooks of a sandbox under test, and ways to say what is wrong.

A `Line` is one notebook whose path is replayed when its cells are gone, as a tree would. A
program may cost its own container, so losing cells is allowed; a second fault is not.
"""

import inspect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.base import NOTEBOOK, Cell, CellGone, Manner, Sandbox
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Limits, Outcome

LOSSES = 3
SHOWN = 160


class Broken(Exception):
    """A property does not hold: what was expected, and what was seen."""


class Unsupported(Exception):
    """The sandbox does not offer what the property is about."""


def expect(what: str, expected: object, seen: object) -> None:
    """Raise `Broken` unless the two are equal."""
    if expected != seen:
        raise Broken(f"{what}: expected {brief(expected)}, saw {brief(seen)}")


def expect_that(what: str, expected: str, seen: object, *, holds: bool) -> None:
    """Raise `Broken` unless it `holds`; `expected` says in words what should."""
    if not holds:
        raise Broken(f"{what}: expected {expected}, saw {brief(seen)}")


def expect_ok(what: str, output: str, result: ExecResult) -> None:
    """Raise `Broken` unless the program ended well and printed `output`."""
    expect(what, (Outcome.OK.value, output), (result.outcome.value, result.output))


def brief(value: object) -> str:
    """A value for a message: the start and the end of a long one."""
    text = value if isinstance(value, str) else repr(value)
    if len(text) <= 2 * SHOWN:
        return repr(value)
    return repr(f"{text[:SHOWN]} ... {text[-SHOWN:]}")


@dataclass(frozen=True, slots=True)
class Secret:
    """What no program may find: `text` lies in the driver's environment and in `file`."""

    variable: str
    text: str
    file: Path


@dataclass
class Bench:
    """A sandbox under test, made with `limits`. `seen` is what an innocent cell sees, by place."""

    sandbox: Sandbox
    limits: Limits
    secret: Secret
    seen: dict[str, dict[str, object]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _open: list["Line"] = field(default_factory=list)

    def line(
        self, *path: str, seed: str = "", tools: Sequence[HostTool] = (), manner: Manner = NOTEBOOK
    ) -> "Line":
        """A notebook in the state after `path`, under a seed of its own unless one is given.

        `manner` is how every code of it runs. Freed with `free`.
        """
        if tools and not offers(self.sandbox.root, "tools"):
            raise Unsupported("roots take no tools")
        seed = seed or f"check {next(self._numbers)}"
        self._open.append(Line(self.sandbox, seed, path, tuple(tools), manner))
        return self._open[-1]

    async def ran(self, *codes: str, manner: Manner = NOTEBOOK) -> ExecResult:
        """The result of the last of `codes` in a fresh notebook, that one in `manner`."""
        return await self.line(*codes[:-1]).run(codes[-1], manner)

    async def free(self) -> None:
        """Release every notebook that a check opened."""
        lines, self._open = self._open, []
        for line in lines:
            await line.release()


class Line:
    """A notebook in one state."""

    def __init__(
        self,
        sandbox: Sandbox,
        seed: str,
        path: tuple[str, ...],
        tools: tuple[HostTool, ...],
        manner: Manner,
    ) -> None:
        self.seed = seed
        self._sandbox = sandbox
        self._path = path
        self._tools = tools
        self._manner = manner
        self._cell: Cell | None = None

    async def cell(self) -> Cell:
        """The open cell of this state, rebuilt where it is gone. Raises `SandboxFault`."""
        if self._cell is None:
            root = self._sandbox.root
            cell = await (root(self.seed, self._tools) if self._tools else root(self.seed))
            for code in self._path:
                _, child = await ran(cell, code, self._manner)
                await cell.close()
                cell = child
            self._cell = cell
        return self._cell

    async def run(self, code: str, manner: Manner | None = None) -> ExecResult:
        """Run `code` from this state and forget what it leads to. Raises `SandboxFault`."""
        return (await self.turns((code, manner or self._manner)))[0]

    async def turns(self, *turns: tuple[str, Manner]) -> list[ExecResult]:
        """Run codes one after the other from this state; their results.

        Raises `SandboxFault` for a fault that comes twice, or cells lost again and again.
        """
        faults = losses = 0
        while True:
            try:
                return await self._attempt(turns)
            except SandboxFault as error:
                self._cell = None
                losses += isinstance(error, CellGone)
                faults += not isinstance(error, CellGone)
                if faults > 1 or losses > LOSSES:
                    raise

    async def _attempt(self, turns: Sequence[tuple[str, Manner]]) -> list[ExecResult]:
        here = cell = await self.cell()
        results = []
        for code, manner in turns:
            result, child = await ran(cell, code, manner)
            if cell is not here:
                await cell.close()
            results.append(result)
            cell = child
        await cell.close()
        return results

    async def release(self) -> None:
        """Free its cells."""
        self._cell = None
        await self._sandbox.release(self.seed)


async def ran(cell: Cell, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, Cell]:
    """`cell.run`, where its cells take a `manner`. Raises `Unsupported` where they do not."""
    if manner == NOTEBOOK:
        return await cell.run(code)
    if not offers(cell.run, "manner"):
        raise Unsupported("cells take no input, script mode or limits of their own")
    return await cell.run(code, manner)


def offers(method: object, parameter: str) -> bool:
    """Whether a backend's method takes a parameter of the protocol."""
    return callable(method) and parameter in inspect.signature(method).parameters
