"""Processes as the kernel sees them: born on command, watched, killed. Standard library only.

Cells are children of pid 1, so their wait status comes here and nowhere else. A process is
signalled through a pidfd, which never means another process.
"""

import asyncio
import json
import os
import signal
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.interpreter import HEADER, frame

ANSWER_SECONDS = 10.0
CREDENTIALS = struct.Struct("3i")
Ending: TypeAlias = tuple[int, float]


@dataclass(eq=False)
class Process:
    """`ended` resolves to wait status and CPU seconds; `holders` counts the names of its state."""

    pid: int
    pidfd: int
    control: socket.socket
    ended: asyncio.Future[Ending]
    holders: int = 0
    forking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def signal(self, number: int) -> None:
        """Send a signal; a process that is gone gets none."""
        with suppress(ProcessLookupError, OSError):
            signal.pidfd_send_signal(self.pidfd, number)

    def stop(self) -> None:
        """Stop it: threads a program left behind use no CPU and change no state."""
        self.signal(signal.SIGSTOP)

    def send(self, message: Mapping[str, object]) -> None:
        """Hand it a task, in the background; a process that does not read meets its deadline."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.sock_sendall(self.control, frame(message)))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def message(self) -> str:
        """The status it reports; empty for anything else."""
        loop = asyncio.get_running_loop()
        try:
            size = HEADER.unpack(await loop.sock_recv(self.control, HEADER.size))[0]
            return str(json.loads(await loop.sock_recv(self.control, min(size, 256)))["status"])
        except (OSError, struct.error, ValueError, KeyError, TypeError):
            return ""

    def ending(self) -> tuple[float, int]:
        """CPU seconds, and exit code or minus the signal."""
        if not self.ended.done():
            return 0.0, -signal.SIGKILL
        status, seconds = self.ended.result()
        return seconds, os.waitstatus_to_exitcode(status)


class Processes:
    """All children of pid 1."""

    def __init__(self) -> None:
        self._known: dict[int, Process] = {}
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    def adopt(self, pid: int, control: socket.socket) -> Process:
        """Watch a process; raises ProcessLookupError when it is gone already."""
        control.setblocking(False)  # noqa: FBT003
        ended = asyncio.get_running_loop().create_future()
        self._known[pid] = Process(pid, os.pidfd_open(pid), control, ended)
        return self._known[pid]

    async def spawn(
        self, parent: Process, command: Mapping[str, object], output: int, uid: int
    ) -> Process | None:
        """Fork `parent`; None when it could not, or did not answer. Takes `output` over."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        fds = [theirs.fileno(), output]
        try:
            async with asyncio.timeout(ANSWER_SECONDS), parent.forking:
                parent.signal(signal.SIGCONT)
                socket.send_fds(parent.control, [frame(command)], fds)
                forked = await asyncio.get_running_loop().sock_recv(parent.control, 1)
                if parent.holders:
                    parent.stop()
            theirs.close()
            async with asyncio.timeout(ANSWER_SECONDS):
                pid = await greeting(ours, uid) if forked == b"1" else 0
            if pid and pid not in self._known:
                return self.adopt(pid, ours)
        except (TimeoutError, OSError):
            parent.signal(signal.SIGKILL)
        finally:
            theirs.close()
            os.close(output)
        ours.close()
        return None

    async def kill(self, process: Process) -> None:
        """End it and wait for its status."""
        process.signal(signal.SIGKILL)
        await asyncio.wait({process.ended}, timeout=ANSWER_SECONDS)
        process.control.close()

    async def sweep(self, uid: int) -> bool:
        """Kill what runs as `uid` and is no cell; False when something goes on living."""
        if 0 < accounts.processes() <= 1 + len(self._known):
            return True
        # Stopped first: a fork bomb would outrun the killing of one process after the other.
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while self._signal_strays(uid, signal.SIGSTOP):  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
                while self._signal_strays(uid, signal.SIGKILL):  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
                return True
        return False

    def _signal_strays(self, uid: int, number: int) -> int:
        strays = [
            pid
            for pid, state in running(uid).items()
            if pid not in self._known and (number == signal.SIGKILL or state != "T")
        ]
        for pid in strays:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return len(strays)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            process = self._known.pop(pid, None)
            if process:
                os.close(process.pidfd)
                process.pidfd = -1
                process.ended.set_result((status, usage.ru_utime + usage.ru_stime))


class Slots:
    """So many executions at once, or one alone."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._busy = 0
        self._waiting = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """One of the slots; whoever waits to be alone goes first."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._busy < self._slots and not self._waiting)
            self._busy += 1
        try:
            yield
        finally:
            await self._leave(1)

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """All of the slots."""
        async with self._changed:
            self._waiting += 1
            await self._changed.wait_for(lambda: self._busy == 0)
            self._waiting -= 1
            self._busy = self._slots
        try:
            yield
        finally:
            await self._leave(self._slots)

    async def _leave(self, slots: int) -> None:
        async with self._changed:
            self._busy -= slots
            self._changed.notify_all()


async def greeting(control: socket.socket, uid: int) -> int:
    """The pid of a new process of user `uid`, as the system vouches for it; 0 for another's."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(control, arrived.set)
    try:
        await arrived.wait()
    finally:
        loop.remove_reader(control)
    data, extra, _, _ = control.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
    for _, kind, value in extra:
        if data and kind == socket.SCM_CREDENTIALS:
            pid, owner, _ = CREDENTIALS.unpack(value[: CREDENTIALS.size])
            return pid if owner == uid else 0
    return 0


def running(uid: int) -> dict[int, str]:
    """Living processes of a user with their state, `T` for stopped.

    `/proc/PID` belongs to root for untraceable ones, so the owner is read from `status`.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            lines = (entry / "status").read_text().splitlines()
            fields = dict(line.split(":", 1) for line in lines if ":" in line)
            state = fields["State"].split()[0]
            if state not in "ZX" and int(fields["Uid"].split()[0]) == uid:
                found[int(entry.name)] = state
    return found


def described(code: int) -> str:
    """What an exit code (or minus a signal) says of a program that ended by itself."""
    if code >= 0:
        return f"the program ended the interpreter: exit code {code}"
    return f"the interpreter died: {signal.Signals(-code).name}"
