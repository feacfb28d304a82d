"""A program in a root of its own, loaded once and called from the host.

Its answers come through a tool, under a ticket that only the one call knows; what it prints and
how it exits decide nothing. A call that leaves no answer is a `Stopped`, with the outcome.
"""

import json
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ultrainteract.errors import SandboxFault
from ultrainteract.programs.wire import ROOM
from ultrainteract.sandbox.base import Cell, Manner, Sandbox
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Limits, Outcome

INSTALL = """
def __install__():
    import builtins, sys, types
    for name, source in {sources!r}.items():
        module = sys.modules[name] = types.ModuleType(name)
        # The program may patch its own builtins.
        module.__dict__["__builtins__"] = dict(vars(builtins))
        exec(compile(source, name, "exec"), module.__dict__)
    module.install(globals())
    for name in {sources!r}:
        del sys.modules[name]
__install__()
del __install__
"""
INSTALLING = Limits(seconds=60.0)


@dataclass(frozen=True, slots=True)
class Stopped:
    """A program that ended, or was ended, where it should have answered."""

    outcome: Outcome
    said: str


class Inbox:
    """What calls hand over. A part 0 begins an answer anew: the sandbox may run a call twice."""

    def __init__(self) -> None:
        self._answers: dict[str, list[str]] = {}
        self._whole: set[str] = set()

    def ticket(self) -> str:
        """A new one."""
        ticket = secrets.token_hex(8)
        self._answers[ticket] = []
        return ticket

    async def hand_over(self, ticket: str, number: int, part: str, *, last: bool) -> None:
        """The tool; parts of unknown tickets are dropped."""
        parts = self._answers.get(ticket)
        if parts is None or number > len(parts):
            return
        del parts[number:]
        if sum(map(len, parts)) + len(part) <= 2 * ROOM:
            parts.append(part)
            (self._whole.add if last else self._whole.discard)(ticket)

    def take(self, ticket: str) -> str | None:
        """The whole answer; None where none came."""
        parts = self._answers.pop(ticket)
        if ticket not in self._whole:
            return None
        self._whole.discard(ticket)
        return "".join(parts)


class Program:
    """A loaded program. `cell` is its state after loading."""

    def __init__(self, cell: Cell, inbox: Inbox, memory_mb: int) -> None:
        self.cell = cell
        self._inbox = inbox
        self._memory_mb = memory_mb

    async def call(
        self, cell: Cell, request: str, seconds: float, *, keeps: bool
    ) -> tuple[str | Stopped, Cell]:
        """The answer's text and the state after it. Raises SandboxFault."""
        ticket = self._inbox.ticket()
        code = f"__callee__.call({ticket!r}, {request!r}, keeps={keeps})"
        limits = Limits(seconds=seconds, memory_mb=self._memory_mb, output_chars=2000)
        try:
            result, child = await cell.run(code, Manner(limits=limits))
        finally:
            answer = self._inbox.take(ticket)
        if result.outcome is not Outcome.OK:
            return Stopped(result.outcome, last_line(result.output)), child
        if answer is None:
            return Stopped(Outcome.KILLED, "it returned nothing"), child
        return answer, child


async def load(
    sandbox: Sandbox, seed: str, source: str, seconds: float, memory_mb: int, preamble: str
) -> Program | Stopped:
    """`source` run once in a fresh root, after `preamble`. Raises SandboxFault."""
    inbox = Inbox()
    root = await sandbox.root(seed, [HostTool(inbox.hand_over)])
    cell = await installed(root, "wire", "callee", preamble=preamble)
    limits = Limits(seconds=seconds, memory_mb=memory_mb, output_chars=4000)
    result, cell = await advanced(cell, source, Manner(script=True, stays=True, limits=limits))
    if result.outcome is not Outcome.OK:
        return Stopped(result.outcome, last_line(result.errors or result.output))
    return Program(cell, inbox, memory_mb)


async def installed(root: Cell, *modules: str, preamble: str = "") -> Cell:
    """`root` with modules of this package in it, which only their own code reaches.

    The last of them has an `install(namespace)`; then `preamble` runs. Raises SandboxFault.
    """
    code = preamble + INSTALL.format(
        sources={f"ultrainteract.programs.{name}": text(name) for name in modules}
    )
    result, cell = await advanced(root, code, Manner(limits=INSTALLING))
    if result.outcome is not Outcome.OK:
        raise SandboxFault(f"{modules} cannot be installed: {result.output}")
    return cell


async def advanced(cell: Cell, code: str, manner: Manner) -> tuple[ExecResult, Cell]:
    """`run`, and the state before it is given up."""
    result, child = await cell.run(code, manner)
    await cell.close()
    return result, child


def last_line(output: str) -> str:
    """The end of a traceback: the error itself, after the place where it was raised."""
    lines = [line.strip() for line in output.strip().splitlines()]
    places = [line for line in lines if ", line " in line]
    return "\n".join([*places[-1:], *lines[-1:]])[:500] if lines else ""


def name_tag(name: str) -> str:
    """A global of the program, as calls name it."""
    return f'{{"name":{json.dumps(name)}}}'


@cache
def text(module: str) -> str:
    """The source of a module of this package."""
    return Path(__file__).with_name(f"{module}.py").read_text("utf-8")
