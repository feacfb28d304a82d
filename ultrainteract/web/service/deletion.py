"""A run that is deleted: its folder, catalogue and dataset go, and its name is never taken again.

The folder moves into `.service/deleted` in one step: from then on the run cannot go on. Then its
files go, then its entry, last the empty folder. So a full disk has room by the time the ledger is
written, and a service that was killed on the way finds what is to be finished.
"""

import asyncio
import shutil
from pathlib import Path

from ultrainteract.errors import Fault, boundary
from ultrainteract.locks import in_use
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import ENDED, Ledger, Refused
from ultrainteract.web.service.viewed import Viewed


class Deletion:
    """Of the runs of a house."""

    def __init__(self, house: House, ledger: Ledger, viewed: Viewed) -> None:
        self._house, self._ledger, self._viewed = house, ledger, viewed
        self._going: set[str] = set()

    async def delete(self, name: str) -> None:
        """Raises `UnknownRun`, `Refused` where the run has not ended or a process works in its
        folder, and `Fault` where the disk does not let go; the same again goes on."""
        state = self._ledger[name].state
        if name in self._going:
            raise Refused(f"run {name!r} is being deleted")
        if state not in ENDED:
            raise Refused(f"run {name!r} is {state}: only one that has ended can be deleted")
        folder, left = self._house.run(name), self._house.deleted(name)
        if in_use(folder):
            raise Refused(f"run {name!r} is in use: a command works in its folder")
        with boundary(Fault, f"cannot delete {folder}", OSError):
            if folder.exists():
                folder.rename(left)
        self._going.add(name)
        try:
            await asyncio.to_thread(self._finish, name)
        finally:
            self._going.discard(name)

    def finish(self) -> None:
        """What an earlier service began to delete. Raises `Fault`."""
        for left in self._house.deleted().iterdir():
            self._finish(left.name)

    def _finish(self, name: str) -> None:
        self._viewed.shut(name)
        left = self._house.deleted(name)
        with boundary(Fault, f"cannot delete {left}", OSError):
            if left.exists():
                for path in left.iterdir():
                    _remove(path)
            self._house.config(name).unlink(missing_ok=True)
            self._ledger.forget(name)
            if left.exists():
                left.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
