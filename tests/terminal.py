"""A command in a real pseudo-terminal, and the screen that a person would see."""

import contextlib
import fcntl
import os
import pty
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pyte

from tests.processes import descendants


class Terminal:
    """What the command writes, and the screen that comes of it."""

    def __init__(self, master: int, columns: int, rows: int) -> None:
        self._master = master
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""

    def read(self, seconds: float) -> bool:
        """Take in what comes within so long; whether the command's end is still open."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.written += data
        self._stream.feed(data)
        return bool(data)

    def until(self, true: Callable[[], object], what: str, seconds: float = 240) -> None:
        """Read on until something holds."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"{what}\n{self}"
            self.read(0.2)

    def type(self, text: str) -> None:
        """As from the keyboard: `\\x03` is Ctrl-C."""
        os.write(self._master, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        """As when a window is drawn smaller or larger."""
        _set_size(self._master, columns, rows)
        self._screen.resize(rows, columns)

    @property
    def settings(self) -> list[object]:
        """Of the line: echo, signals and the like."""
        return list(termios.tcgetattr(self._master))

    @property
    def shown(self) -> list[str]:
        """The lines of the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def lines(self) -> list[str]:
        """Those that have scrolled off it as well."""
        columns = range(self._screen.columns)
        gone = ("".join(row[at].data for at in columns) for row in self._screen.history.top)
        return [line.rstrip() for line in [*gone, *self._screen.display] if line.strip()]

    def __contains__(self, text: str) -> bool:
        return text in str(self)

    def __str__(self) -> str:
        return "\n".join(self.shown)


@contextlib.contextmanager
def in_terminal(
    folder: Path, *words: str | Path, size: tuple[int, int] = (100, 40), **env: str
) -> Iterator[tuple[Terminal, "subprocess.Popen[bytes]"]]:
    """`ultrainteract` with these words in a terminal of its own; killed if it still runs."""
    command = (sys.executable, "-m", "ultrainteract.cli.main", *map(str, words))
    with _opened(folder, command, size, env) as both:
        yield both


@contextlib.contextmanager
def job(folder: Path, *command: str) -> Iterator[Terminal]:
    """A command that a shell was told in a terminal; it ends with the shell."""
    # As a session of its own it could not be stopped: nobody would be there to let it go on.
    shell = ("bash", "--noprofile", "--norc", "-i")
    with _opened(folder, shell, (100, 40), {"PS1": "> "}) as (terminal, process):
        terminal.type(f"{shlex.join(command)}\n")
        try:
            yield terminal
        finally:
            for pid in descendants(process.pid):
                os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def _opened(
    folder: Path, command: Sequence[str], size: tuple[int, int], env: Mapping[str, str]
) -> Iterator[tuple[Terminal, "subprocess.Popen[bytes]"]]:
    master, slave = pty.openpty()
    _set_size(master, *size)
    # What says here that no terminal is wanted says nothing of that one.
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "NO_COLOR"}}
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env={**kept, "TERM": "xterm-256color", "HF_HUB_OFFLINE": "1", **env},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    try:
        yield Terminal(master, *size), process
    finally:
        process.kill()
        process.wait()
        os.close(slave)
        os.close(master)


def _set_size(master: int, columns: int, rows: int) -> None:
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
