"""Keeps whatever a command starts in sight: what it leaves behind is adopted here, not by init.

Run as a script, standard library only: `python cradle.py LOG command ...` prints the command's pid,
later its exit status, and ends with the last descendant. When standard input closes, all are
killed. `Cradle` is the other side.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


class Cradle:
    """One command, started at once; its output is appended to `log`."""

    def __init__(self, log: Path, command: Iterable[str | Path], env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen[bytes](
            [sys.executable, "-I", __file__, log, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **env},
            bufsize=0,  # or a second line would wait in a buffer that select does not see
            start_new_session=True,
        )
        assert self._process.stdout
        self._lines = self._process.stdout
        self._status: int | None = None
        self.pid = int(self._said())
        """Of the command."""

    def _said(self) -> bytes:
        return self._lines.readline()

    def status(self) -> int | None:
        """The command's exit status, negative for a signal; None while it runs."""
        if self._status is None and select.select([self._lines], [], [], 0)[0]:
            self._status = int(self._said())
        return self._status

    def wait(self, seconds: float) -> int | None:
        """As `status`, once it has ended or after `seconds`."""
        if self._status is None:
            select.select([self._lines], [], [], seconds)
        return self.status()

    def living(self) -> dict[int, str]:
        """Everything that descends from the command, itself included: command lines by pid."""
        return family(self._process.pid)

    def close(self) -> None:
        """Kill what is left."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        self._lines.close()


def family(root: int) -> dict[int, str]:
    """The living descendants of `root`: command lines by pid, those without one left out."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if fields[0] not in "ZX":
                parents[int(stat.parent.name)] = int(fields[1])
    found = {root}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    lines = {}
    for pid in found - {root}:
        with suppress(OSError):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").strip()
            lines[pid] = line.decode(errors="replace")
    return {pid: line for pid, line in lines.items() if line}


def _kill_all_at_the_end() -> None:
    sys.stdin.read()
    while left := family(os.getpid()):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def main(log: str, *command: str) -> None:
    """The script: see the module."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with Path(log).open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    print(child.pid, flush=True)
    threading.Thread(target=_kill_all_at_the_end, daemon=True).start()
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == child.pid:
                child.returncode = os.waitstatus_to_exitcode(status)
                print(child.returncode, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
