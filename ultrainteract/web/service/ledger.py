"""The service's own memory: which runs were asked for, and what has become of each.

A state is written before what it announces is done, so that a service that was killed finds in it
what it was about to do. Of a run that was deleted the name stays: it never means another run.
"""

import difflib
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ultrainteract.config import RunConfig
from ultrainteract.database import Database
from ultrainteract.errors import UnknownName, UserError
from ultrainteract.web.service.submission import Submission

_TABLES = """
CREATE TABLE IF NOT EXISTS run (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, asked TEXT NOT NULL,
    config TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
    submitted REAL NOT NULL, changed REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS gone (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
LAST = 2**63 - 1
_COLUMNS = "number, name, asked, config, state, reason, submitted, changed"


class State(StrEnum):
    """Of a run."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    DONE = "done"
    BUDGET = "out_of_budget"
    FAILED = "failed"


UNDER_WAY = frozenset({State.RUNNING, State.PAUSING, State.CANCELLING})
RESTING = frozenset({State.PAUSED, State.FAILED, State.BUDGET})
OVER = frozenset({State.CANCELLED, State.DONE})
ENDED = OVER | {State.FAILED, State.BUDGET}


class UnknownRun(UnknownName):
    """No run of that name was submitted."""


class Refused(UserError):
    """Not in the state that a run is in, or its name is taken."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A run. Times are Unix times; `reason` says in words why it is in its state."""

    number: int
    name: str
    asked: Submission
    config: RunConfig
    state: State
    reason: str
    submitted: float
    changed: float


class Ledger(Database):
    """The file, in the service's folder."""

    name = "the service's ledger"
    remedy = "restore a backup, or serve another folder; the runs in this one can be resumed alone"

    def __init__(self, folder: Path) -> None:
        """Opens, and makes it where it is missing. Raises `JournalFault`."""
        super().__init__(folder / "service.sqlite", _TABLES)

    def entries(self, states: Collection[State]) -> list[Entry]:
        """Those in one of the states, in the order in which they were submitted."""
        among = ", ".join("?" * len(states))
        sql = f"SELECT {_COLUMNS} FROM run WHERE state IN ({among}) ORDER BY number"  # noqa: S608
        return [_entry(*row) for row in self._rows(sql, *states)]

    def latest(self, many: int, before: int) -> list[Entry]:
        """So many at most of those with smaller numbers than `before`, the newest first."""
        sql = f"SELECT {_COLUMNS} FROM run WHERE number < ? ORDER BY number DESC LIMIT ?"  # noqa: S608
        return [_entry(*row) for row in self._rows(sql, before, many)]

    def __contains__(self, name: str) -> bool:
        return bool(self._rows("SELECT 1 FROM run WHERE name = ?", name))

    def __getitem__(self, name: str) -> Entry:
        """Raises `UnknownRun`."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM run WHERE name = ?", name)  # noqa: S608
        if not rows:
            if self._rows("SELECT 1 FROM gone WHERE name = ?", name):
                raise UnknownRun(f"run {name!r} was deleted")
            known = [str(row[0]) for row in self._rows("SELECT name FROM run")]
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UnknownRun(f"there is no run {name!r}{hint}")
        return _entry(*rows[0])

    def add(self, asked: Submission, config: RunConfig) -> None:
        """One more, queued. Raises `Refused` where its name is taken, or was."""
        now = time.time()
        if self._rows("SELECT 1 FROM gone WHERE name = ?", asked.name):
            raise Refused(f"a run of the name {asked.name!r} was deleted: choose another name")
        with self._transaction("submit a run"):
            added = self._db.execute(
                "INSERT OR IGNORE INTO run (name, asked, config, state, reason, submitted, changed)"
                " VALUES (?, ?, ?, ?, '', ?, ?)",
                (
                    asked.name,
                    asked.model_dump_json(exclude_unset=True),
                    config.model_dump_json(),
                    State.QUEUED,
                    now,
                    now,
                ),
            )
        if not added.rowcount:
            raise Refused(f"there is a run of the name {asked.name!r} already: choose another")

    def amend(self, asked: Submission, config: RunConfig) -> None:
        """Its bounds from now on."""
        with self._transaction("change a run's bounds"):
            self._db.execute(
                "UPDATE run SET asked = ?, config = ? WHERE name = ?",
                (asked.model_dump_json(exclude_unset=True), config.model_dump_json(), asked.name),
            )

    def explain(self, name: str, reason: str) -> None:
        """Why it is in its state, from now on."""
        with self._transaction("explain a run's state"):
            self._db.execute("UPDATE run SET reason = ? WHERE name = ?", (reason, name))

    def forget(self, name: str) -> None:
        """All but its name. One that is forgotten already stays so."""
        with self._transaction("delete a run"):
            self._db.execute("DELETE FROM run WHERE name = ?", (name,))
            self._db.execute("INSERT OR IGNORE INTO gone VALUES (?)", (name,))

    def become(self, name: str, state: State, reason: str = "") -> None:
        """Its state from now on."""
        with self._transaction("change a run's state"):
            self._db.execute(
                "UPDATE run SET state = ?, reason = ?, changed = ? WHERE name = ?",
                (state, reason, time.time(), name),
            )


def _entry(
    number: int,
    name: str,
    asked: str,
    config: str,
    state: str,
    reason: str,
    submitted: float,
    changed: float,
) -> Entry:
    return Entry(
        number,
        name,
        Submission.model_validate_json(asked),
        RunConfig.model_validate_json(config),
        State(state),
        reason,
        submitted,
        changed,
    )
