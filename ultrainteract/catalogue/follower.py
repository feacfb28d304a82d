"""Keeps a catalogue up with its journal: reads what ended or grew since, and nothing twice.

Runs in a process of its own beside the server, at low priority: replaying trees is pure Python,
and would hold up pages. One follower a run at a time; it ends with whoever started it.
"""

import contextlib
import ctypes
import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from ultrainteract.catalogue.catalogue import Catalogue
from ultrainteract.catalogue.entry import Indexed, index
from ultrainteract.catalogue.figures import Figures
from ultrainteract.catalogue.opened import open_tree
from ultrainteract.config import RunConfig
from ultrainteract.errors import JournalFault, RunFolderError, boundary
from ultrainteract.journal import Journal
from ultrainteract.locks import FollowerLock
from ultrainteract.report.overview import Overview
from ultrainteract.run_folder import read_run
from ultrainteract.seeds import load_plugin
from ultrainteract.types import digest

# Trees a transaction, and growing ones that are read again before ended ones go on.
_PAGE, _GROWING = 100, 32
# Seconds between two looks at a journal, where nothing waits and where much does.
_PAUSE, _LOOK = 0.5, 2.0
# Seconds until a fault is tried again: all that the catalogue knows is read anew.
_AGAIN = 5.0
# Seconds between two drawings of the overview.
_REDRAW = 5.0
_NICE = 5


class Follower:
    """Brings one catalogue up to its journal, a step at a time."""

    def __init__(self, journal: Journal, config: RunConfig, catalogue: Catalogue) -> None:
        self._journal, self._config, self._catalogue = journal, config, catalogue
        self._made_of = made_of(journal)
        if catalogue.meta("source") != self._made_of:
            catalogue.empty()
            catalogue.set_meta(source=self._made_of)
        self._known = catalogue.known()
        self._overview = Overview.of(catalogue.facts(*(one[0] for one in self._known.values())))
        self._seen = self._drawn = -1
        self._waiting: list[tuple[int, str]] = []
        self._look_again = 0.0
        self._looks = int(catalogue.meta("looks") or 0)
        # At which look a tree was first seen to have ended that is not read yet.
        self._noticed: dict[str, int] = {}

    @property
    def stale(self) -> bool:
        """Whether the run was begun anew, or otherwise, since."""
        return made_of(self._journal) != self._made_of

    def step(self) -> bool:
        """Read some trees; returns whether more wait."""
        if not self._waiting or time.monotonic() > self._look_again:
            self._look()
        some, self._waiting = self._waiting[:_PAGE], self._waiting[_PAGE:]
        self._write(some)
        return bool(self._waiting)

    def _look(self) -> None:
        """What the journal has that the catalogue has not."""
        seen, began = self._journal.changes(), time.monotonic()
        if seen == self._seen:
            return
        self._seen = seen
        self._looks += 1
        places, ended = self._journal.places(), self._journal.ended()
        self._take_out([one for one, known in self._known.items() if places.get(one) != known[0]])
        begun = self._journal.begun().items()
        # Somebody may look at one that grows: such come first, and of them those that are new.
        grew = [one for one, effects in begun if self._differs(one, "growing", effects)]
        grew.sort(key=self._known.__contains__)
        if len(grew) > _GROWING:
            self._seen = -1
        done = [one for one in places if one in ended and not self._stands(one)]
        self._noticed = {one: self._noticed.get(one, self._looks) for one in done}
        self._waiting = [(places[one], one) for one in (*grew[:_GROWING], *done)]
        self._catalogue.set_meta(
            trees=str(len(places)), ended=str(len(ended)), looks=str(self._looks)
        )
        # A look at a large journal costs as much as some hundred trees.
        self._look_again = time.monotonic() + _LOOK + 10 * (time.monotonic() - began)

    def draw(self) -> None:
        """Draw the overview, where it has changed since it was drawn."""
        if self._drawn != (revision := self._catalogue.revision):
            figures = Figures.of(self._overview).to_json()
            self._catalogue.set_meta(figures=figures, drawn=str(revision))
            self._drawn = revision

    def _differs(self, tree: str, state: str, effects: int) -> bool:
        known = self._known.get(tree)
        return known is None or known[1:] != (state, effects)

    def _stands(self, tree: str) -> bool:
        """Whether the catalogue has the tree as one that ended."""
        return tree in self._known and self._known[tree][1] != "growing"

    def _take_out(self, gone: Sequence[str]) -> None:
        positions = [self._known.pop(tree)[0] for tree in gone]
        for facts in self._catalogue.facts(*positions):
            self._overview.remove(facts)
        if positions:
            self._catalogue.put((), positions)

    def _write(self, trees: Iterable[tuple[int, str]]) -> None:
        read = [self._read(position, tree) for position, tree in trees]
        for facts in self._catalogue.facts(*(one.entry.position for one in read)):
            self._overview.remove(facts)
        if read:
            self._catalogue.put(read)
        for one in read:
            self._overview.add(one.facts)
            self._known[one.entry.id] = one.entry.position, one.entry.state, one.entry.effects

    def _read(self, position: int, tree: str) -> Indexed:
        changed = self._noticed.get(tree, self._looks)
        return index(position, open_tree(self._journal, tree, self._config), changed)


def made_of(journal: Journal) -> str:
    """What tells one journal from another that was made in its place, or begun otherwise. Raises
    `RunFolderError` where it is gone."""
    with boundary(RunFolderError, f"{journal.path} is gone", OSError):
        return digest([journal.meta("shape"), journal.path.stat().st_ino])


class Following:
    """A run followed in a process that ends with this one; its catalogue lies in `shelf`."""

    def __init__(self, run: Path, shelf: Path, plugins: Sequence[Path] = ()) -> None:
        context = multiprocessing.get_context("spawn")
        # Without a lock, which a process that is killed would not give back.
        self._writes = context.RawValue(ctypes.c_bool, 1)
        self._process = context.Process(
            target=follow,
            args=(run, shelf, tuple(plugins), os.getpid(), self._writes),
            daemon=True,
        )
        self._process.start()

    @property
    def trouble(self) -> str:
        """Why the catalogue is not kept up, in a sentence; empty while it is."""
        if not self._process.is_alive():
            return "Nothing keeps these pages up: start the viewer again."
        if not self._writes.value:
            return (
                "These pages are behind: the journal cannot be read, or what they search cannot be "
                "written, as on a full disk. It is tried again."
            )
        return ""

    def close(self) -> None:
        """End it; safe to call twice."""
        self._process.terminate()
        self._process.join()


def follow(
    run: Path, shelf: Path, plugins: Sequence[Path], parent: int, writes: ctypes.c_bool
) -> None:
    """Keep the run's catalogue up for as long as `parent` lives; `writes` is 0 from a fault of
    either file until a step is through."""
    os.nice(_NICE)
    for plugin in plugins:
        load_plugin(plugin)
    lock = FollowerLock(shelf)
    while os.getppid() == parent:
        if lock.take():
            try:
                # One that is begun anew may be gone for a moment; pages say what else is wrong.
                with contextlib.suppress(RunFolderError):
                    _follow(run, shelf, parent, writes)
            except JournalFault:
                writes.value = False
                time.sleep(_AGAIN)
        time.sleep(_PAUSE)


def _follow(run: Path, shelf: Path, parent: int, writes: ctypes.c_bool) -> None:
    """Until the parent ends or the run is begun anew."""
    journal, config = read_run(run)
    with contextlib.closing(journal), contextlib.closing(Catalogue(shelf)) as catalogue:
        follower = Follower(journal, config, catalogue)
        drawn = 0.0
        while os.getppid() == parent and not follower.stale:
            began = time.monotonic()
            behind = follower.step()
            writes.value = True
            if time.monotonic() - drawn > _REDRAW:
                follower.draw()
                drawn = time.monotonic()
            if not behind:
                # A run that goes on keeps most of the machine.
                time.sleep(max(_PAUSE, 2 * (time.monotonic() - began)))
