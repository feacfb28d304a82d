"""A run that pages show: its journal and catalogue to read, its marks to add to.

The router asks for one by request, so that one application serves a run at `/`, or many, each
below an address of its own.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ultrainteract.catalogue.catalogue import Catalogue
from ultrainteract.catalogue.figures import Figures
from ultrainteract.catalogue.follower import Following, made_of
from ultrainteract.catalogue.opened import Opened, open_tree
from ultrainteract.catalogue.shelf import Shelf
from ultrainteract.config import RunConfig
from ultrainteract.errors import RunFolderError
from ultrainteract.journal import Journal
from ultrainteract.layers import marks
from ultrainteract.layers.marks import Mark, Marks
from ultrainteract.locks import in_use
from ultrainteract.run_folder import read_run


@dataclass(frozen=True, slots=True)
class _Read:
    """A run as it was opened, and what tells whether it still is that one."""

    journal: Journal
    config: RunConfig
    made_of: str

    @classmethod
    def of(cls, path: Path) -> "_Read":
        """Raises `RunFolderError`."""
        journal, config = read_run(path)
        return cls(journal, config, made_of(journal))


class ShownRun:
    """One run. Threads may share it. `base` is the address that its pages lie below, empty or
    `/runs/NAME`."""

    def __init__(self, path: Path, base: str = "", plugins: Sequence[Path] = ()) -> None:
        """Opens the run to read, and starts what keeps its catalogue up. Raises `RunFolderError`.

        `plugins` register the environments that its trees need.
        """
        self.path, self.base, self.name = path, base, path.absolute().name
        self._turn = threading.Lock()
        self._read = [_Read.of(path)]
        self._shelf = Shelf.of(path)
        self.catalogue = Catalogue(self._shelf.folder)
        self._following = Following(path, self._shelf.folder, plugins)
        self._marks: tuple[object, Marks] = (None, Marks())

    def close(self) -> None:
        """Ends what was started; safe to call twice."""
        self._following.close()
        for one in self._read:
            one.journal.close()
        self.catalogue.close()
        self._shelf.leave()

    def _now(self) -> "_Read":
        """The run as it is; one that was begun anew, or otherwise, is read anew."""
        with self._turn:
            if made_of(self._read[-1].journal) != self._read[-1].made_of:
                self._read.append(_Read.of(self.path))
            return self._read[-1]

    @property
    def journal(self) -> Journal:
        """What was recorded."""
        return self._now().journal

    @property
    def trouble(self) -> str:
        """Why the catalogue is not kept up, in a sentence; empty while it is."""
        return self._following.trouble

    @property
    def running(self) -> bool:
        """Whether the run goes on now."""
        return in_use(self.path)

    @property
    def read(self) -> bool:
        """Whether the journal was looked at since the catalogue was made."""
        return bool(self.catalogue.meta("trees"))

    @property
    def trees(self) -> int:
        """How many instructions the run has, as the catalogue knows."""
        return int(self.catalogue.meta("trees") or 0)

    @property
    def ended(self) -> int:
        """How many trees have ended, as the catalogue knows; it may not list them all yet."""
        return int(self.catalogue.meta("ended") or 0)

    def figures(self) -> Figures:
        """The overview as it was last drawn."""
        return Figures.from_json(self.catalogue.meta("figures"))

    def tree(self, name: str) -> Opened:
        """One tree, out of the journal. Raises KeyError."""
        now = self._now()
        return open_tree(now.journal, name, now.config)

    def marks(self) -> Marks:
        """What reviewers said so far."""
        stamp = self.marks_stamp()
        if self._marks[0] != stamp:
            self._marks = (stamp, Marks.read(self.path))
        return self._marks[1]

    def marks_stamp(self) -> str:
        """Another text once a mark was added."""
        file = self.path / marks.FILE
        if not file.exists():
            return ""
        about = file.stat()
        return f"{about.st_mtime_ns}-{about.st_size}"

    @property
    def sealed(self) -> str:
        """Why nothing can be marked, in words; empty where it can."""
        if marks.writable(self.path):
            return ""
        return "Nothing can be marked: the run's folder cannot be written to. Mark in a copy of it."

    def mark(self, one: Mark) -> None:
        """Add a mark. Raises `RunFolderError`."""
        if self.sealed:
            raise RunFolderError(self.sealed)
        marks.add(self.path, one)

    def stamp(self) -> str:
        """Another text once the catalogue, the marks or the run's state changed."""
        catalogue = self.catalogue
        drawn = catalogue.meta("drawn")
        return f"{catalogue.revision}-{drawn}-{self.trees}-{self.running}-{self.marks_stamp()}"
