"""Where a run's catalogue lies: beside its journal, or in the user's cache where nothing can be
written there: somebody else's run, a share that is mounted to read."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ultrainteract.catalogue.catalogue import FILE
from ultrainteract.locks import FollowerLock
from ultrainteract.resources import default_cache
from ultrainteract.types import digest

_FOLDER = "catalogues"


@dataclass(frozen=True, slots=True)
class Shelf:
    """`folder` holds the catalogue; one that is `lent` goes with whoever asked for it."""

    folder: Path
    lent: bool = False

    @classmethod
    def of(cls, run: Path) -> Self:
        """The run's own folder, else one in the cache, else a temporary one."""
        if _open(run):
            return cls(run)
        run = run.resolve()
        kept = default_cache() / _FOLDER / f"{run.name}-{digest([str(run)])[:12]}"
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError:
            return cls(Path(tempfile.mkdtemp(prefix="ultrainteract-")), lent=True)
        return cls(kept)

    def leave(self) -> None:
        """What was lent is taken back; safe to call twice."""
        if self.lent:
            shutil.rmtree(self.folder, ignore_errors=True)


def _open(run: Path) -> bool:
    """Whether a catalogue can be made in the folder, or the one in it be kept up."""
    files = [*run.glob(f"{FILE}*"), run / FollowerLock.FILE]
    return all(os.access(one, os.W_OK) for one in (run, *files) if one.exists())
