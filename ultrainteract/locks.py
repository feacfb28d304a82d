"""Who may work in a run's folder: one run at a time, one journal writer at a time."""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from ultrainteract.errors import JournalFault, RunFolderError

# `struct flock` of fcntl(2): kind, whence, start, length (0: the whole file), pid.
_FLOCK = struct.Struct("@hhqqi4x")
_WHOLE = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)


class RunLock:
    """Holds a run folder against a second run, for as long as this process lives."""

    def __init__(self, folder: Path) -> None:
        """Raises `RunFolderError` when another process holds it."""
        self._file = (folder / "run.lock").open("a")
        try:
            # A lock of the open file, not flock(2): such a one can be asked about and not taken.
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _WHOLE)
        except BlockingIOError as error:
            self._file.close()
            raise RunFolderError(
                f"{folder} is in use by another run: wait for it, stop it, or choose another "
                "RUN name"
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


def in_use(folder: Path) -> bool:
    """Whether a run holds the folder now. Asks, takes no lock: a run that starts may have it."""
    try:
        with (folder / "run.lock").open("rb") as file:
            found = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _WHOLE)
    except FileNotFoundError:
        return False
    kind, *_ = _FLOCK.unpack(found)
    return bool(kind != fcntl.F_UNLCK)


def _holders(file: int) -> Iterator[str]:
    """Pids that hold a lock on an open file, as the system lists them."""
    inode = str(os.fstat(file).st_ino)
    for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
        fields = line.split()
        if "->" not in fields and fields[5].rpartition(":")[2] == inode:
            yield fields[4]


class WriterLock:
    """One writer at a time: after a kill the old one may live a few seconds longer."""

    def __init__(self, folder: Path, seconds: float = 60.0) -> None:
        """Waits so long for the writer before this one to end, then raises `JournalFault`: a
        process that is stopped outlives its run."""
        self._file = (folder / "writer.lock").open("a")
        try:
            self._take(seconds)
        except BlockingIOError as error:
            holders = ", ".join(_holders(self._file.fileno())) or "unknown"
            self._file.close()
            raise JournalFault(
                f"the journal in {folder} is held by an earlier run's process ({holders}) since "
                f"{seconds:g} s and more: end that process (kill -9), then run again"
            ) from error

    def _take(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                return fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise
            # No system call waits for a lock and gives up by itself.
            time.sleep(0.05)

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()


class FollowerLock:
    """One process at a time keeps a run's catalogue up; the others wait for their turn."""

    FILE = "catalogue.lock"

    def __init__(self, folder: Path) -> None:
        self._file = (folder / self.FILE).open("a")

    def take(self) -> bool:
        """Whether it is this one's turn now; it stays so until the process ends."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
