"""Processes as the kernel sees them: born on command, watched, killed. Standard library only.

Cells are children of pid 1, so their wait status comes here and nowhere else. A process is
only forgotten when it has been waited for, so a number never means another process.
"""

import asyncio
import json
import os
import signal
import socket
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.interpreter import CALL, HEADER, frame

ANSWER_SECONDS = 10.0
# What goes along with the descriptors: less than a socket takes at once.
ONCE = 32768
CREDENTIALS = struct.Struct("3i")
Ending: TypeAlias = tuple[int, float]


@dataclass(eq=False)
class Process:
    """`ended` resolves to wait status and CPU seconds; `holders` counts the names of its state."""

    pid: int
    control: socket.socket
    ended: asyncio.Future[Ending]
    token: bytes = b""
    folder: str = ""
    holders: int = 0
    stopped: bool = False
    forking: asyncio.Lock = field(default_factory=asyncio.Lock)
    heard: bytearray = field(default_factory=bytearray)

    def signal(self, number: int) -> None:
        """Send a signal; a process that is gone gets none."""
        if not self.ended.done():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def stop(self) -> None:
        """Stop it: threads a program left behind use no CPU and change no state."""
        self.stopped = True
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a stopped one run."""
        self.stopped = False
        self.signal(signal.SIGCONT)

    async def say(self, message: Mapping[str, object]) -> None:
        """Hand it an answer. One that does not read is met by its deadline."""
        with suppress(OSError):
            await asyncio.get_running_loop().sock_sendall(self.control, frame(message))

    async def message(self) -> dict[str, object]:
        """What it reports next; empty when it is gone, or for a report that is none.

        A report opens with the token of its execution: what else a program writes is passed over.
        """
        while (place := self.heard.find(self.token)) < 0:
            # The token may have come in part.
            del self.heard[: max(0, len(self.heard) - len(self.token))]
            if not await self._hear():
                return {}
        start = place + len(self.token) + HEADER.size
        while len(self.heard) < start or len(self.heard) - start < self._size(start) <= CALL:
            if not await self._hear():
                return {}
        end = start + self._size(start)
        body = bytes(self.heard[start:end])
        del self.heard[:end]
        try:
            report = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        return report if isinstance(report, dict) else {}

    def _size(self, start: int) -> int:
        return int(HEADER.unpack(self.heard[start - HEADER.size : start])[0])

    async def _hear(self) -> bool:
        try:
            data = await asyncio.get_running_loop().sock_recv(self.control, CALL)
        except OSError:
            return False
        self.heard += data
        return bool(data)

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
        # Endings that came before their greeting, kept while a greeting is expected.
        self._unclaimed: dict[int, Ending] = {}
        self._expected = 0
        self._count = accounts.Gauge("pids.current", "pids/pids.current")
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._reap)

    @property
    def known(self) -> Mapping[int, Process]:
        """The kernel's own children by pid."""
        return self._known

    def adopt(self, pid: int, control: socket.socket) -> Process:
        """Watch a child, one that has ended already included. Raises ChildProcessError."""
        control.setblocking(False)  # noqa: FBT003
        ended: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        ending = self._unclaimed.pop(pid, None)
        if ending:
            ended.set_result(ending)
            return Process(pid, control, ended)
        # Raises ChildProcessError for what is no child: nobody would tell of its end.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        self._known[pid] = Process(pid, control, ended)
        return self._known[pid]

    async def spawn(
        self, parent: Process, command: Mapping[str, object], streams: Sequence[int], uid: int
    ) -> Process | None:
        """Fork `parent`; None when it could not, or did not answer. Takes `streams` over.

        The new process does what `command` says at once.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        message, loop = frame(command), asyncio.get_running_loop()
        self._expected += 1
        try:
            async with asyncio.timeout(ANSWER_SECONDS), parent.forking:
                if parent.stopped:
                    parent.go_on()
                socket.send_fds(parent.control, [message[:ONCE]], [theirs.fileno(), *streams])
                await loop.sock_sendall(parent.control, message[ONCE:])
                theirs.close()
                pid = await greeting(ours, uid)
                if parent.holders:
                    parent.stop()
                if pid and pid not in self._known:
                    return self.adopt(pid, ours)
        except (TimeoutError, OSError):
            parent.signal(signal.SIGKILL)
        finally:
            self._expected -= 1
            if not self._expected:
                self._unclaimed.clear()
            theirs.close()
            for fd in streams:
                os.close(fd)
        ours.close()
        return None

    async def kill(self, process: Process) -> None:
        """End it and wait for its status, which another than pid 1 may hold."""
        process.signal(signal.SIGKILL)
        await asyncio.wait({process.ended}, timeout=ANSWER_SECONDS)
        if not process.ended.done() and process.pid in self._known:
            del self._known[process.pid]
        process.control.close()

    async def sweep(self, uid: int) -> bool:
        """Kill what runs as `uid` and is no cell; False when something goes on living.

        Everything in the container pauses: a fork bomb would outrun the killing of one process
        after the other.
        """
        if (self._count.read() or len(numbers())) <= 1 + len(self._known):
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while self._kill_strays(uid):  # noqa: ASYNC110
                    await asyncio.sleep(0.002)
                return True
        return False

    def _kill_strays(self, uid: int) -> int:
        """How many there were."""
        with suppress(ProcessLookupError):
            # All of the namespace but pid 1, at once.
            os.kill(-1, signal.SIGSTOP)
        users = {pid: user for pid, user in living().items() if pid > 1}
        strays = {pid for pid, user in users.items() if user == uid} - self._known.keys()
        idle = {pid for pid, process in self._known.items() if process.stopped}
        for pid in users.keys() - idle:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if pid in strays else signal.SIGCONT)
        return len(strays)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ending = status, usage.ru_utime + usage.ru_stime
            process = self._known.pop(pid, None)
            if process:
                process.ended.set_result(ending)
            elif self._expected:
                self._unclaimed[pid] = ending


async def greeting(control: socket.socket, uid: int) -> int:
    """The pid of a new process of user `uid`, as the system vouches for it; 0 for another's."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Future[None] = loop.create_future()
    loop.add_reader(control, arrived.cancel)
    try:
        await asyncio.wait({arrived})
    finally:
        loop.remove_reader(control)
    data, extra, _, _ = control.recvmsg(1, socket.CMSG_SPACE(CREDENTIALS.size))
    for _, kind, value in extra:
        if data and kind == socket.SCM_CREDENTIALS:
            pid, owner, _ = CREDENTIALS.unpack(value[: CREDENTIALS.size])
            return pid if owner == uid else 0
    return 0


def numbers() -> list[int]:
    """Every process there is."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def living() -> dict[int, int]:
    """Every process that still runs, with its user.

    `/proc/PID` belongs to root for untraceable ones, so the user is read from `status`.
    """
    found = {}
    for pid in numbers():
        with suppress(OSError), open(f"/proc/{pid}/status") as lines:  # noqa: PTH123
            fields = dict(line.split(":", 1) for line in lines if line.startswith(("State", "Uid")))
            if fields["State"].split()[0] not in "ZX":
                found[pid] = int(fields["Uid"].split()[0])
    return found


def described(code: int) -> str:
    """What an exit code (or minus a signal) says of a program that ended by itself."""
    if code >= 0:
        return f"the program ended the interpreter: exit code {code}"
    return f"the interpreter died: {signal.Signals(-code).name}"
