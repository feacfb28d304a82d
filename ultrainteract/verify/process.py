"""One worker process as its owner sees it: start, ask, kill.

Started with `vfork` and `exec`, never by forking this program; in a session of its own, so that
a Ctrl-C in the terminal is not its; it ends by itself when its input closes.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from ultrainteract.errors import GraderFault
from ultrainteract.types import Claim
from ultrainteract.verify.finding import Finding, undecided

START_SECONDS = 60.0
# Wall time for one second of CPU time, before a worker counts as stuck: machines are shared.
PATIENCE = 10.0

# The package's public namespace imports far more than a grader needs, so the worker sees the
# package without it: the same folder, an empty `__init__`.
_start = """
import json, sys, types
path, package, memory = sys.argv[1:]
sys.path[:] = json.loads(path)
module = types.ModuleType("ultrainteract")
module.__path__ = [package]
sys.modules["ultrainteract"] = module
from ultrainteract.verify.worker import main
main(memory)
"""
_kept = ("PATH", "LD_LIBRARY_PATH", "LANG", "SYSTEMROOT", "COVERAGE_PROCESS_START")
_settings = {
    "PYTHONHASHSEED": "0",
    "PYTHONIOENCODING": "utf-8",
    "OPENBLAS_NUM_THREADS": "1",
    # gmpy2 and flint hold the interpreter for the whole of a long operation.
    "MPMATH_NOGMPY": "1",
    "SYMPY_GROUND_TYPES": "python",
}


class Died(Exception):
    """The worker ended before it answered, by `signal` (0: it left by itself)."""

    def __init__(self, ended_by: int) -> None:
        super().__init__(f"signal {ended_by}")
        self.signal = ended_by


class Process:
    """A running worker. `ask` one claim at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, memory_mb: int) -> "Process":
        """A worker that has said it is ready. Raises GraderFault."""
        package = Path(__file__).parents[1]
        here = [sys.executable, "-c", _start, json.dumps(sys.path), str(package), str(memory_mb)]
        try:
            process = await asyncio.create_subprocess_exec(
                *here,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={k: v for k, v in os.environ.items() if k in _kept} | _settings,
                start_new_session=True,
            )
        except OSError as error:
            raise GraderFault(f"no grading process could be started: {error}") from error
        worker = cls(process)
        with contextlib.ExitStack() as undo:
            undo.callback(worker.signal_kill)
            try:
                async with asyncio.timeout(START_SECONDS):
                    await worker._line()
            except (Died, TimeoutError) as error:
                await worker.kill()
                raise GraderFault(f"a grading process did not come up: {error!r}") from error
            undo.pop_all()
        return worker

    async def ask(self, slow: str, claim: Claim, seconds: float) -> Finding:
        """What the worker finds. Raises Died, and TimeoutError when it gets no CPU time at all."""
        assert self._process.stdin is not None  # noqa: S101  a pipe by construction
        request = {
            "slow": slow,
            "predicted": claim.predicted,
            "gold": claim.gold,
            "context": claim.context,
            "seconds": seconds,
        }
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Died(await self._ended_by()) from error
        async with asyncio.timeout(START_SECONDS + seconds * PATIENCE):
            reply = await self._line()
        return Finding(reply["judgement"], reply["rule"], reply["reason"])

    async def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101  a pipe by construction
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise Died(await self._ended_by())
        reply: dict[str, Any] = json.loads(line)
        return reply

    async def _ended_by(self) -> int:
        return -min(0, await self._process.wait())

    def signal_kill(self) -> None:
        """Kill without waiting: for a task that is being cancelled."""
        if self._process.returncode is None:
            self._process.kill()

    async def kill(self) -> None:
        """End the worker and reap it; safe to call twice."""
        self.signal_kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()


def obituary(ended_by: int) -> Finding | None:
    """What a worker's end says of its claim; None if it came from outside."""
    if ended_by == signal.SIGPROF:
        return undecided("time", "the comparison needs too much CPU time")
    if ended_by in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
        return undecided("crash", f"the comparison ended by {signal.Signals(ended_by).name}")
    return None
