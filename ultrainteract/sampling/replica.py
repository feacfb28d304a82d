"""The life of one model server that we start: start, health, restart, stop.

A plain class; `cluster` wraps it into an actor that holds the GPUs. The server runs below a
`keeper` in a session of its own: Ctrl-C does not reach it, and it does not outlive this process,
however this process ends. When to restart is the caller's decision; `died` is the event to wait
for.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp

from ultrainteract.errors import ModelFault, SetupError
from ultrainteract.sampling import keeper
from ultrainteract.sampling.vllm_command import Command

POLL_SECONDS = 0.5
TAIL_LINES = 25


def free_port(host: str) -> int:
    """A TCP port of `host` that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


class Replica:
    """One server. `command` gives its command line for a port; `log` gets all it prints.

    `start_seconds` bounds a start; `stop_seconds` is what the server gets between SIGTERM and
    SIGKILL. `host` is the address it listens on, as others reach it.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], Command],
        log: Path,
        *,
        start_seconds: float = 1800.0,
        stop_seconds: float = 15.0,
        host: str = "127.0.0.1",
    ) -> None:
        self.name = name
        self.log = log
        self.host = host
        self.port = 0
        self._command = command
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._exited: asyncio.Future[int] | None = None
        self._log_start = 0
        self._line = ""

    @property
    def base_url(self) -> str:
        """The endpoint, `http://host:port/v1`; the same after a restart."""
        return f"http://{self.host}:{self.port}/v1"

    @property
    def pid(self) -> int | None:
        """The process and session id of the keeper's guard while the server is up."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Returns when `/health` answers. Raises `SetupError` with the last lines of the log."""
        if self._process is not None:
            raise RuntimeError(f"{self.name} was started before; stop it first")
        exited = self._spawn()
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(self.stop)
            if trouble := await self._trouble(exited):
                await self.stop()
                raise SetupError(
                    f"the server of model {self.name!r} {trouble}. It was started as\n"
                    f"  {self._line}\nThe end of its log {self.log}:\n{self._tail()}"
                )
            undo.pop_all()

    async def died(self) -> str:
        """Returns once the server has ended, with its exit status and the end of its log."""
        if self._exited is None:
            return f"the server of model {self.name!r} is not running"
        status = await asyncio.shield(self._exited)
        return (
            f"the server of model {self.name!r} ended with status {status}. "
            f"The end of its log {self.log}:\n{self._tail()}"
        )

    async def silent(self, seconds: float) -> str:
        """Returns once `/health` was not answered for so long: a stopped process does not end."""
        loop = asyncio.get_running_loop()
        heard = loop.time()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while loop.time() - heard < seconds:
                await asyncio.sleep(min(5, seconds / 4))
                if await _healthy(session, f"http://{self.host}:{self.port}/health"):
                    heard = loop.time()
        return f"the server of model {self.name!r} answered nothing for {seconds:g} s"

    async def restart(self) -> None:
        """Stop what is left, start anew at the same address. Raises `ModelFault`."""
        await self.stop()
        try:
            await self.start()
        except SetupError as error:
            raise ModelFault(str(error)) from error

    async def stop(self) -> None:
        """End the server and all its processes; safe to call twice."""
        process, exited = self._process, self._exited
        if process is None or exited is None:
            return
        if not exited.done():
            process.terminate()
            # The keeper needs its grace and a moment to clear up; if it hangs, the session goes.
            await asyncio.wait({exited}, timeout=self._stop_seconds + 10)
        if not exited.done():
            process.kill()
        await asyncio.shield(exited)
        self._process = self._exited = None

    def _spawn(self) -> asyncio.Future[int]:
        self.port = self.port or free_port(self.host)
        command = self._command(self.port)
        self._line = command.line()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"$ {self._line}\n".encode())
            log.flush()
            self._log_start = log.tell()
            kept = [sys.executable, "-I", keeper.__file__]
            kept += [str(self._stop_seconds), str(os.getpid()), *command.argv]
            process = subprocess.Popen(
                kept,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **command.env},
                start_new_session=True,
            )
        self._process = process
        # A pidfd works on any loop in any thread, where child watchers do not.
        loop = asyncio.get_running_loop()
        exited: asyncio.Future[int] = loop.create_future()
        door = os.pidfd_open(process.pid)
        loop.add_reader(door, _reap, loop, door, process, exited)
        self._exited = exited
        return exited

    async def _trouble(self, exited: "asyncio.Future[int]") -> str:
        """Empty once the server is healthy, else what happened instead."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while loop.time() - begun < self._start_seconds:
                healthy = await _healthy(session, f"http://{self.host}:{self.port}/health")
                # A stranger may have taken the port: only a living server's health counts.
                if healthy and not exited.done():
                    return ""
                await asyncio.wait({exited}, timeout=POLL_SECONDS)
                if exited.done():
                    seconds = loop.time() - begun
                    return f"ended with status {exited.result()} after {seconds:.0f} s of starting"
        return f"was not healthy within {self._start_seconds:g} s (serve.start_seconds)"

    def _tail(self) -> str:
        with self.log.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(self._log_start, size - 16_384))
            text = log.read().decode(errors="replace")
        lines = text.splitlines()[-TAIL_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  (it printed nothing)"


async def _healthy(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as reply:
            return reply.ok
    except (aiohttp.ClientError, TimeoutError):
        return False


def _reap(
    loop: asyncio.AbstractEventLoop,
    door: int,
    process: "subprocess.Popen[bytes]",
    exited: "asyncio.Future[int]",
) -> None:
    loop.remove_reader(door)
    os.close(door)
    # Looked at before it is reaped, so that its pid, the session's id, is not another's yet.
    end = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    if end is not None and end.si_code != os.CLD_EXITED:
        _kill_session(process.pid)
    status = process.wait()
    if process.stdin:
        process.stdin.close()
    exited.set_result(status)


def _kill_session(session: int) -> None:
    """Kill every process of a session whose keeper was killed itself."""
    killed: set[int] = {session}
    while found := set(_session(session)) - killed:
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        killed |= found


def _session(session: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getsid(int(entry.name)) == session:
                    yield int(entry.name)
            except ProcessLookupError:
                continue
