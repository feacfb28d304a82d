"""Keeps a catalogue up with its journal: reads what ended or grew since, and nothing twice.

Runs in a process of its own beside the server, at low priority: replaying trees is pure Python,
and would hold up pages. One follower a run at a time; it ends with whoever started it.
"""

import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from ultrainteract.catalogue.catalogue import Catalogue
from ultrainteract.catalogue.entry import Indexed, index
from ultrainteract.catalogue.figures import Figures
from ultrainteract.catalogue.opened import open_tree
from ultrainteract.config import RunConfig
from ultrainteract.journal import Journal
from ultrainteract.locks import FollowerLock
from ultrainteract.report.overview import Overview
from ultrainteract.run_folder import read_run
from ultrainteract.seeds import load_plugin
from ultrainteract.types import digest

# Trees a transaction, and growing ones that are read again before ended ones go on.
_PAGE, _GROWING = 100, 32
# Seconds between two looks at a journal that changes, or does not.
_PAUSE = 0.5
# Seconds between two drawings of the overview.
_REDRAW = 5.0
_NICE = 5


class Follower:
    """Brings one catalogue up to its journal, a step at a time."""

    def __init__(self, journal: Journal, config: RunConfig, catalogue: Catalogue) -> None:
        self._journal, self._config, self._catalogue = journal, config, catalogue
        made_of = _made_of(journal)
        if catalogue.meta("source") != made_of:
            catalogue.empty()
            catalogue.set_meta(source=made_of)
        self._known = catalogue.known()
        self._overview = Overview.of(catalogue.facts(*(one[0] for one in self._known.values())))
        self._seen = -1
        self._behind = True
        self._drawn = -1

    def step(self) -> bool:
        """Read some trees; returns whether more wait."""
        seen = self._journal.changes()
        if seen == self._seen and not self._behind:
            return False
        self._seen = seen
        places = self._journal.places()
        gone = [tree for tree, known in self._known.items() if places.get(tree) != known[0]]
        positions = [self._known.pop(tree)[0] for tree in gone]
        ended, begun = self._journal.ended(), self._journal.begun()
        # One that is grown still shows a page that somebody looks at: it comes first.
        grew = [one for one, effects in begun.items() if self._differs(one, "growing", effects)]
        done = (one for one in places if one in ended and not self._stands(one))
        some = [*grew[:_GROWING], *islice(done, _PAGE)]
        self._write([(places[one], one) for one in some], positions)
        self._behind = len(some) >= _PAGE
        self._catalogue.set_meta(trees=str(len(places)), ended=str(len(ended)))
        return self._behind

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

    def _write(self, trees: Iterable[tuple[int, str]], gone: Sequence[int]) -> None:
        read = [self._read(position, tree) for position, tree in trees]
        for facts in self._catalogue.facts(*gone, *(one.entry.position for one in read)):
            self._overview.remove(facts)
        if read or gone:
            self._catalogue.put(read, gone)
        for one in read:
            self._overview.add(one.facts)
            self._known[one.entry.id] = one.entry.position, one.entry.state, one.entry.effects

    def _read(self, position: int, tree: str) -> Indexed:
        return index(position, open_tree(self._journal, tree, self._config))


def _made_of(journal: Journal) -> str:
    """What tells one journal from another that was made in its place."""
    return digest([journal.meta("shape"), journal.path.stat().st_ino])


def start(run: Path, plugins: Sequence[Path] = ()) -> multiprocessing.process.BaseProcess:
    """Follow the run in a process that ends with this one."""
    process = multiprocessing.get_context("spawn").Process(
        target=follow, args=(run, tuple(plugins), os.getpid()), daemon=True
    )
    process.start()
    return process


def follow(run: Path, plugins: Sequence[Path], parent: int) -> None:
    """Keep the run's catalogue up for as long as `parent` lives."""
    os.nice(_NICE)
    for plugin in plugins:
        load_plugin(plugin)
    lock = FollowerLock(run)
    while os.getppid() == parent:
        if lock.take():
            journal, config = read_run(run)
            follower = Follower(journal, config, Catalogue(run))
            drawn = 0.0
            while os.getppid() == parent:
                began = time.monotonic()
                behind = follower.step()
                if time.monotonic() - drawn > _REDRAW:
                    follower.draw()
                    drawn = time.monotonic()
                if not behind:
                    # A run that goes on keeps most of the machine.
                    time.sleep(max(_PAUSE, 2 * (time.monotonic() - began)))
        time.sleep(_PAUSE)
