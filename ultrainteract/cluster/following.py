"""`replicas.yaml` looked at beside the event loop: a file system that does not answer, as one of a
network may, holds up no run.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from ultrainteract.cluster.roster import FILE, Roster, read_roster
from ultrainteract.errors import ConfigError

_LOOK = 1.0
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Look:
    """The file's state, and what it says or why it cannot be read; None where it is as before."""

    stamp: tuple[int, int]
    found: Roster | ConfigError | None


class Following:
    """The file in a run's folder, as it changes; `say` hears that it does not answer."""

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self._folder, self._say = folder, say
        self._seen: tuple[int, int] | None = None

    async def read(self) -> Roster:
        """What it says now. Raises `ConfigError`."""
        self._seen = None
        found = await self._look()
        if isinstance(found, ConfigError):
            raise found
        return found or {}

    async def changes(self) -> AsyncIterator[Roster | ConfigError]:
        """What it says, or why it cannot be read, whenever it becomes another; without end."""
        while True:
            await asyncio.sleep(_LOOK)
            if (found := await self._look()) is not None:
                yield found

    async def _look(self) -> Roster | ConfigError | None:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Look] = loop.create_future()
        seen = self._seen

        def deliver(found: Look) -> None:
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            found = _looked(self._folder, seen)
            # The run may be over.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(deliver, found)

        # Not the loop's own threads: those are waited for at the end of a run.
        threading.Thread(target=work, name=FILE, daemon=True).start()
        await asyncio.wait({answer}, timeout=_PATIENCE)
        if not answer.done():
            where = self._folder / FILE
            self._say(
                f"NOTICE: {where} cannot be read, its file system has not answered for "
                f"{_PATIENCE:g} s; until it does the replicas stay as they are"
            )
            await asyncio.wait({answer})
            self._say(f"NOTICE: {where} can be read again")
        look = answer.result()
        self._seen = look.stamp
        return look.found


def _looked(folder: Path, seen: tuple[int, int] | None) -> Look:
    now = _stamp(folder / FILE)
    if now == seen:
        return Look(now, None)
    try:
        return Look(now, read_roster(folder))
    except ConfigError as error:
        return Look(now, error)


def _stamp(path: Path) -> tuple[int, int]:
    """Another one whenever the file is another, is gone, or cannot be looked at."""
    try:
        found = path.stat()
    except OSError as error:
        return (-(error.errno or 0), 0)
    return (found.st_mtime_ns, found.st_ino)
