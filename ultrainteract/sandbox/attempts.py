"""One execution, from the fork to the verdict on how it ended. Standard library only.

The verdict rests on wait status, deadline and limits; the cell's own report only tells a clean
end from an exception, a syntax error or a refused allocation.
"""

import asyncio
import os
import secrets
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeAlias

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.capture import Capture
from ultrainteract.sandbox.processes import Process, Processes, described
from ultrainteract.sandbox.task import UNCOUNTED, Ended, Place, Settings, Task, input_file, said
from ultrainteract.sandbox.watch import Watch

# A status that no program can report: its reports hold no such character.
FAULT = "\0fault "

Ask: TypeAlias = Callable[[dict[str, object]], Awaitable[dict[str, object]]]


class Attempts:
    """Executions by forks. `tainted` says why this container is not to be trusted any more."""

    def __init__(self, settings: Settings, processes: Processes, zygote: Process) -> None:
        self.settings = settings
        self.processes = processes
        self.zygote = zygote
        self.tainted = ""
        self._oom_kills = accounts.oom_kills()
        self._guard: Watch | None = None
        if settings.watched:
            memory = (settings.slots + 1) * settings.memory
            most = settings.slots * (settings.processes + 2)
            self._guard = Watch(memory, most, processes.known, zygote.pid)

    def memory_used(self) -> int:
        """Bytes of memory of the container."""
        return self._guard.used() if self._guard else accounts.memory_used()

    def _kills(self) -> int:
        """How often anything here was killed for want of memory."""
        return self._guard.kills if self._guard else self._oom_kills.read()

    async def spawn(
        self, parent: Process, uid: int, streams: Sequence[int] = (), **task: object
    ) -> Process | None:
        """A fork of `parent`; the preloaded interpreter's take the user id `uid`."""
        settings = self.settings
        if settings.shared_uid:
            uid = settings.uid
        command = {
            "uid": uid if parent is self.zygote else 0,
            "memory": self.settings.memory,
            "processes": settings.cells + settings.processes if settings.counted else UNCOUNTED,
            "apart": False,
            "input": False,
            **task,
        }
        streams = streams or [os.open(os.devnull, os.O_WRONLY)]
        return await self.processes.spawn(parent, command, streams, uid)

    async def run(self, parent: Process, place: Place, task: Task, ask: Ask) -> Ended | None:
        """One execution; None when no process could be had for it."""
        streams, captures = [], []
        for _ in range(2 if task.script else 1):
            reader, writer = os.pipe()
            streams.append(writer)
            captures.append(Capture(reader, task.chars))
        if task.stdin:
            streams.append(input_file(task.stdin))
        token, folder = secrets.token_bytes(16), place.fresh_folder(parent.folder)
        oom_kills = self._kills()
        if self.settings.shared_uid:
            place.make()
        started = asyncio.get_running_loop().time()
        process = await self.spawn(
            parent,
            place.uid,
            streams,
            apart=task.script,
            input=bool(task.stdin),
            folder=folder,
            alone=self.settings.shared_uid,
            code=task.code,
            number=task.number,
            seed=task.seed,
            processes=task.processes,
            memory=task.memory,
            script=task.script,
            stays=task.stays,
            token=token.hex(),
        )
        if process is None:
            for capture in captures:
                capture.close()
            return None
        process.token = token
        # Who shares a user id may write within this folder alone: so its children lie there too.
        process.folder = folder if self.settings.shared_uid else ""
        with self._guard.over(process.pid) if self._guard else nullcontext():
            status = await self._watch(process, captures, task, started, ask)
            ended = await self._ended(process, captures, task, status, oom_kills)
        return replace(ended, folder=folder)

    async def _watch(
        self,
        process: Process,
        captures: Sequence[Capture],
        task: Task,
        started: float,
        ask: Ask,
    ) -> str:
        """What it reports, `expired`, or nothing. Its clock stands still while a tool works."""
        loop = asyncio.get_running_loop()
        floods = [asyncio.ensure_future(capture.flooded.wait()) for capture in captures]
        deadline = started + task.seconds
        try:
            for _ in range(task.calls):
                report = asyncio.ensure_future(process.message())
                ends: set[asyncio.Future[Any]] = {report, process.ended, *floods}
                done, _ = await asyncio.wait(
                    ends,
                    timeout=max(0.0, deadline - loop.time()),
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if report not in done:
                    report.cancel()
                    return "" if done else "expired"
                message = report.result()
                if "tool" not in message:
                    return str(message.get("status", "")).replace("\0", "")
                process.stop()
                asked = loop.time()
                answer = await ask(message)
                deadline += loop.time() - asked
                if "fault" in answer:
                    return f"{FAULT}{answer['fault']}"
                process.go_on()
                said = asyncio.ensure_future(process.say(answer))
                ends = {said, process.ended}
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                said.cancel()
            return f"called tools more than {task.calls} times"
        finally:
            for flood in floods:
                flood.cancel()

    async def _ended(
        self,
        process: Process,
        captures: Sequence[Capture],
        task: Task,
        status: str,
        oom_kills: int,
    ) -> Ended:
        flooded = any(capture.flooded.is_set() for capture in captures)
        if status in ("ok", "exception", "syntax") and not flooded:
            process.stop()
            output, errors, *_ = *(capture.close() for capture in captures), ""
            return Ended(status, output, errors, process)
        if not status:
            # The report's end of file may come before the wait status that explains it.
            await asyncio.wait({process.ended}, timeout=1)
        await self.processes.kill(process)
        if status != "memory" and self._kills() > oom_kills:
            self.tainted = status = "out of memory"
        output, errors, *_ = *(capture.close() for capture in captures), ""
        if status.startswith(FAULT):
            return Ended("", "", fault=status.removeprefix(FAULT))
        outcome, what, doubtful = self._verdict(process, task, status, flooded=flooded)
        if what and task.script:
            errors = said(errors, what)
        elif what:
            output = said(output, what)
        return Ended(outcome, output, errors, doubtful=doubtful)

    def _verdict(
        self, process: Process, task: Task, status: str, *, flooded: bool
    ) -> tuple[str, str, bool]:
        """Why a program that left no state ended, in a word and in a line, and whether that is
        doubtful: it may not be its own doing."""
        seconds, code = process.ending()
        what, doubtful = "", False
        match status:
            case _ if flooded:
                outcome, what = "output_limit", "stopped: it printed too much"
            case "memory":
                outcome = status
            case "out of memory":
                outcome, what, doubtful = "memory", f"killed: {status}", True
            case "expired":
                outcome, what = "timeout", f"timeout: stopped after {task.seconds:g} s"
                doubtful = seconds < task.seconds / 2
            case "" if code == 0 and task.script:
                outcome = "ok"
            case "":
                # Nobody here sent this SIGKILL: perhaps a sibling did.
                outcome, what, doubtful = "killed", described(code), code == -signal.SIGKILL
            case _:
                outcome, what = "killed", f"stopped: it reported {status[:40]!r}"
        return outcome, what, doubtful
