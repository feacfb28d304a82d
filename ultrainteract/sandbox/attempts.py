"""One execution, from the fork to the verdict on how it ended. Standard library only.

The verdict rests on wait status, deadline and limits; the cell's own report only tells a clean
end from an exception, a syntax error or a refused allocation.
"""

import asyncio
import os
import secrets
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.capture import Capture
from ultrainteract.sandbox.processes import Ending, Process, Processes, described


@dataclass(frozen=True)
class Settings:
    """What the driver sets: limits of an execution and of the container. Times in seconds,
    `memory` and `idle_memory` in bytes, `processes` of one execution, `chars` of output kept,
    `slots` executions at once, `cells` open; user ids count from `uid`."""

    seconds: float
    memory: int
    processes: int
    chars: int
    slots: int
    cells: int
    idle_memory: int
    uid: int
    folder: str = "/tmp"  # noqa: S108


@dataclass
class Place:
    """Where a notebook's programs run: a user id and a folder of its own.

    Cells may enter the folder but not list it: a sibling's folder has an unguessable name.
    """

    uid: int
    root: Path
    used: list[str] = field(default_factory=list)

    def make(self) -> None:
        """Create the folder."""
        self.root.mkdir()
        self.root.chmod(0o1733)

    def fresh_folder(self) -> str:
        """A name for one cell's working folder, which the cell itself makes."""
        self.used.append(str(self.root / secrets.token_hex(8)))
        return self.used[-1]


@dataclass(frozen=True)
class Ended:
    """How one attempt ended; `process` is the new state, None where the program left none."""

    outcome: str
    output: str
    process: Process | None = None
    doubtful: bool = False


class Attempts:
    """Executions by forks. `tainted` says why this container is not to be trusted any more."""

    def __init__(self, settings: Settings, processes: Processes, zygote: Process) -> None:
        self.settings = settings
        self.processes = processes
        self.zygote = zygote
        self.tainted = ""

    async def spawn(self, parent: Process, uid: int, output: int | None = None) -> Process | None:
        """A fork of `parent`, idle; the preloaded interpreter's take the user id `uid`."""
        if output is None:
            output = os.open(os.devnull, os.O_WRONLY)
        confined = uid if parent is self.zygote else 0
        command = {
            "uid": confined,
            "memory": self.settings.memory,
            "processes": self.settings.cells + self.settings.processes,
        }
        return await self.processes.spawn(parent, command, output, uid)

    async def run(self, parent: Process, place: Place, task: dict[str, object]) -> Ended | None:
        """One execution; None when no process could be had for it."""
        reader, writer = os.pipe()
        capture = Capture(reader, self.settings.chars)
        process = await self.spawn(parent, place.uid, writer)
        if process is None:
            capture.close()
            return None
        oom_kills = accounts.oom_kills()
        process.send({**task, "folder": place.fresh_folder()})
        report = asyncio.ensure_future(process.message())
        flood = asyncio.ensure_future(capture.flooded.wait())
        ends: set[asyncio.Future[str] | asyncio.Future[Literal[True]] | asyncio.Future[Ending]]
        ends = {report, flood, process.ended}
        done, _ = await asyncio.wait(
            ends,
            timeout=self.settings.seconds,
            return_when=asyncio.FIRST_COMPLETED,
        )
        flood.cancel()
        status = report.result() if report.done() else ""
        report.cancel()
        if status in ("ok", "exception", "syntax") and not capture.flooded.is_set():
            process.stop()
            return Ended(status, capture.close(), process)
        if report in done and not status:
            # The report's end of file may come before the wait status that explains it.
            await asyncio.wait({process.ended}, timeout=1)
        await self.processes.kill(process)
        if status != "memory" and accounts.oom_kills() > oom_kills:
            self.tainted = status = "out of memory"
        output = capture.close()
        if capture.flooded.is_set():
            return Ended("output_limit", said(output, "stopped: it printed too much"))
        return self._verdict(process, status, output, expired=not done)

    def _verdict(self, process: Process, status: str, output: str, *, expired: bool) -> Ended:
        """Why a program that left no state ended; doubtful where it may not be its own doing."""
        seconds, code = process.ending()
        if status == "memory":
            return Ended("memory", output)
        if status:
            return Ended("memory", said(output, f"killed: {status}"), doubtful=True)
        if expired:
            text = f"timeout: stopped after {self.settings.seconds:g} s"
            doubtful = seconds < self.settings.seconds / 2
            return Ended("timeout", said(output, text), doubtful=doubtful)
        # Nobody here sent this SIGKILL: perhaps a sibling did.
        return Ended("killed", said(output, described(code)), doubtful=code == -signal.SIGKILL)


def said(output: str, what: str) -> str:
    """The output with a last line of the kernel's own."""
    return f"{output}{'' if not output or output.endswith(chr(10)) else chr(10)}[{what}]"
