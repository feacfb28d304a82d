"""Who may work in a run's folder: one run at a time, one journal writer at a time."""

import fcntl
from pathlib import Path

from ultrainteract.errors import RunFolderError


class RunLock:
    """Holds a run folder against a second run, for as long as this process lives."""

    def __init__(self, folder: Path) -> None:
        """Raises `RunFolderError` when another process holds it."""
        self._file = (folder / "run.lock").open("a")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
    """Whether a run holds the folder now."""
    try:
        with (folder / "run.lock").open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


class WriterLock:
    """One writer at a time: after a kill the old one may live a few seconds longer."""

    def __init__(self, folder: Path) -> None:
        """Waits for the writer before this one to end."""
        self._file = (folder / "writer.lock").open("a")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def release(self) -> None:
        """Let the next one in."""
        self._file.close()
