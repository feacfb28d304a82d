"""The process of a run: `ultrainteract synthesize` in a session of its own.

It outlives a service that is killed. A mark in its environment tells a later one which run it
carries, from its first moment on; signals go through a pidfd, so never to another process.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

_MARK = "ULTRAINTERACT_SERVICE_RUN"
_MODULE = "ultrainteract.cli.main"
_TAIL = 4096


class Child:
    """One; `ended` is to be awaited once."""

    def __init__(self, pid: int, process: subprocess.Popen[bytes] | None = None) -> None:
        """Raises ProcessLookupError where it is gone already."""
        self.pid, self._process = pid, process
        self._door = os.pidfd_open(pid)

    @classmethod
    def begin(cls, run: Path, words: Sequence[str], log: Path) -> Self:
        """Start the command for the run in folder `run`; `log` gets all it prints."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, _MARK: str(run.absolute()), "COLUMNS": "200"},
                start_new_session=True,
            )
        return cls(process.pid, process)

    @classmethod
    def find(cls, run: Path) -> Self | None:
        """The one that an earlier service began for that run, if it lives."""
        for pid in _marked(run):
            with contextlib.suppress(ProcessLookupError):
                return cls(pid)
        return None

    async def ended(self) -> int | None:
        """Its exit status, once it has ended; None for one of an earlier service."""
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        loop.add_reader(self._door, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._door)
        os.close(self._door)
        self._door = -1
        return self._process.wait() if self._process else None

    def interrupt(self) -> None:
        """As Ctrl-C: what is under way is recorded and nothing new starts; again: at once."""
        self._signal(signal.SIGINT)

    def kill(self) -> None:
        """At once, and without a word."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._door >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._door, number)


def last_words(log: Path) -> str:
    """The last error in a child's output, else its last line."""
    try:
        with log.open("rb") as output:
            output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL))
            text = output.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    lines = [line.strip(" │╰╭─╯╮") for line in text.splitlines()]
    telling = [line for line in lines if line.startswith(("error:", "the run stopped"))]
    return (telling or [line for line in lines if line] or [""])[-1]


def _marked(run: Path) -> Iterator[int]:
    mark = f"{_MARK}={run.absolute()}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        # What the command starts has the mark, too, and is not to be signalled.
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            leads = _MODULE.encode() in words and os.getsid(pid) == pid
            if leads and mark in (entry / "environ").read_bytes().split(b"\0"):
                yield pid
