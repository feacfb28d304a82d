"""The memory of a run: one SQLite file in WAL mode that holds every effect, committed before use.

An effect's key is its content (tree, kind, hash of what was asked), its value what came back.
Resuming replays each tree from its effects; publishing is a replay, too. One process writes.
"""

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError

from ultrainteract.errors import JournalFault, RunFolderError, boundary
from ultrainteract.types import Instruction, Spent, StopReason, Usage, adapter

FILE = "journal.sqlite"
# Tree, kind, key.
Place: TypeAlias = tuple[str, str, str]
_FORMAT = "2"
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS instruction (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, data BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS effect (
    tree TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,
    model TEXT NOT NULL, seconds REAL NOT NULL, PRIMARY KEY (tree, kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ended (
    tree TEXT PRIMARY KEY, stop TEXT NOT NULL, calls INTEGER NOT NULL
) WITHOUT ROWID;
"""


class Effect(NamedTuple):
    """One recorded effect. `data` is JSON, `model` who was asked (empty for what is no model
    call), `seconds` how long the live one took."""

    tree: str
    kind: str
    key: str
    data: bytes
    model: str
    seconds: float

    @property
    def place(self) -> Place:
        """Its key in the journal."""
        return self.tree, self.kind, self.key


@dataclass(frozen=True, slots=True)
class End:
    """Why a tree stopped, and after how many model calls."""

    stop: str
    calls: int


class Journal:
    """The file. Blocking; threads may share it: they take turns at writing."""

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        """Opens, and makes it where it is missing. Raises `RunFolderError`, `JournalFault`."""
        self.path = folder / FILE
        # SQLite serialises calls of one connection, not transactions.
        self._turn = threading.Lock()
        if readonly and not self.path.exists():
            raise RunFolderError(f"{folder} holds no run: there is no {FILE} in it")
        with self._reading(sqlite3.Error):
            self._db = self._reader() if readonly else self._writer()
        if not readonly and self.meta("format") is None:
            self.set_meta(format=_FORMAT)
        if (found := self.meta("format")) != _FORMAT:
            raise RunFolderError(
                f"{self.path} has journal format {found}, this version reads {_FORMAT}: "
                "choose another RUN name, or the version that wrote it"
            )

    def _writer(self) -> sqlite3.Connection:
        db = self._connect("rwc")
        db.execute("PRAGMA journal_mode = WAL")
        # Commit before use: a recorded effect survives a power cut as well.
        db.execute("PRAGMA synchronous = FULL")
        db.executescript(_TABLES)
        return db

    def _reader(self) -> sqlite3.Connection:
        db = self._connect("ro")
        try:
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            db.close()
            wal = self.path.with_name(f"{FILE}-wal")
            # On a read-only file system WAL has no index; `immutable` would pass over its pages.
            if wal.exists() and wal.stat().st_size:
                raise
            db = self._connect("ro&immutable=1")
        return db

    def _connect(self, mode: str) -> sqlite3.Connection:
        address = f"{self.path.absolute().as_uri()}?mode={mode}"
        db = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
        db.execute("PRAGMA busy_timeout = 30000")
        return db

    def close(self) -> None:
        """Safe to call twice."""
        self._db.close()

    def _reading(self, *foreign: type[Exception]) -> AbstractContextManager[None]:
        what = (
            f"the journal at {self.path} is damaged or cannot be read (keep a copy of it, then "
            "choose another RUN name, or restore a backup)"
        )
        return boundary(JournalFault, what, *foreign)

    def _rows(self, sql: str, *args: str | int) -> list[tuple[Any, ...]]:
        with self._reading(sqlite3.Error):
            return self._db.execute(sql, args).fetchall()

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        with self._turn, boundary(JournalFault, f"{what} in {self.path}", sqlite3.Error):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                # After a full disk SQLite may have rolled back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def meta(self, key: str) -> str | None:
        """A fact about the run, None when it was never set."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return rows[0][0] if rows else None

    def set_meta(self, **facts: str) -> None:
        """Set facts about the run."""
        with self._transaction("set facts"):
            self._set(facts)

    def note(self, key: str, value: str) -> None:
        """Add to what was at work: a run that goes on elsewhere names all that it used."""
        known = self.noted(key)
        if value not in known:
            self.set_meta(**{key: json.dumps([*known, value])})

    def noted(self, key: str) -> list[str]:
        """What `note` was told, in order."""
        return list(json.loads(self.meta(key) or "[]"))

    def begin(self, instructions: Iterable[Instruction], **facts: str) -> None:
        """What the run is about, in order, and facts about it, at once or not at all.

        Effects of instructions that are left out are kept. Where a fact changes, no tree counts
        as ended: the changed configuration asks again what it changed.
        """
        kind = adapter(Instruction)
        rows = ((place, one.id, kind.dump_json(one)) for place, one in enumerate(instructions))
        changed = any(self.meta(key) not in {None, value} for key, value in facts.items())
        with self._transaction("begin a run"):
            self._db.execute("DELETE FROM instruction")
            self._db.executemany("INSERT INTO instruction VALUES (?, ?, ?)", rows)
            self._set(facts)
            if changed:
                self._db.execute("DELETE FROM ended")

    def _set(self, facts: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    def instructions(self) -> Iterator[Instruction]:
        """All, in order."""
        kind = adapter(Instruction)
        position = -1
        # Paged: a cursor left open would keep the WAL from being checkpointed.
        while rows := self._rows(
            "SELECT position, data FROM instruction WHERE position > ? ORDER BY position LIMIT 500",
            position,
        ):
            with self._reading(ValidationError):
                page = [kind.validate_json(data) for _, data in rows]
            yield from page
            position = rows[-1][0]

    def record(
        self, effects: Sequence[Effect], ended: Mapping[str, End] | None = None
    ) -> dict[Place, bytes]:
        """Commit effects and the ends of trees, by id, at once.

        An effect that is there already stays as it was recorded first: returns what is there of
        each such one, so that whoever asked a second time goes on with the first answer.
        """
        with self._transaction("record effects"):
            before = self._db.total_changes
            self._db.executemany(
                "INSERT INTO effect VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (tree, kind, key) DO NOTHING",
                effects,
            )
            there_before = len(effects) - (self._db.total_changes - before)
            self._db.executemany(
                "INSERT OR REPLACE INTO ended VALUES (?, ?, ?)",
                ((tree, end.stop, end.calls) for tree, end in (ended or {}).items()),
            )
        return self._recorded(effects) if there_before else {}

    def _recorded(self, effects: Sequence[Effect]) -> dict[Place, bytes]:
        """What the journal holds in place of these, where that is something else."""
        held: dict[Place, bytes] = {}
        for one in effects:
            rows = self._rows(
                "SELECT data FROM effect WHERE tree = ? AND kind = ? AND key = ?", *one.place
            )
            if rows[0][0] != one.data:
                held[one.place] = rows[0][0]
        return held

    def effects(self, tree: str) -> dict[tuple[str, str], bytes]:
        """Everything recorded for a tree: (kind, key) -> data."""
        rows = self._rows("SELECT kind, key, data FROM effect WHERE tree = ?", tree)
        return {(kind, key): data for kind, key, data in rows}

    def spent(self) -> dict[str, Spent]:
        """What each model was asked and what it took."""
        rows = self._rows(
            "SELECT model, count(*), total(data ->> '$.usage.prompt_tokens'),"
            " total(data ->> '$.usage.completion_tokens'), total(seconds)"
            " FROM effect WHERE kind = 'sample' GROUP BY model ORDER BY model"
        )
        return {
            model: Spent(calls, Usage(int(prompt), int(completion)), seconds)
            for model, calls, prompt, completion, seconds in rows
        }

    def trees(self) -> int:
        """How many instructions the run has."""
        return int(self._rows("SELECT count(*) FROM instruction")[0][0])

    def count(self, kind: str) -> int:
        """How many effects of that kind are recorded."""
        return int(self._rows("SELECT count(*) FROM effect WHERE kind = ?", kind)[0][0])

    def touched(self, trees: Iterable[str]) -> set[str]:
        """Those of the trees that have any effect."""
        known = "SELECT 1 FROM effect WHERE tree = ? LIMIT 1"
        return {tree for tree in trees if self._rows(known, tree)}

    def ended(self) -> dict[str, str]:
        """Trees that were grown to their end: id -> stop reason."""
        return dict(self._rows("SELECT tree, stop FROM ended"))

    def cut_after(self, tree: str) -> int | None:
        """After how many model calls a tree stopped at a limit of its own; None for any other."""
        sql = "SELECT calls FROM ended WHERE tree = ? AND stop = ?"
        rows = self._rows(sql, tree, StopReason.TREE_BUDGET)
        return rows[0][0] if rows else None

    def reopen(self, trees: Iterable[str]) -> None:
        """These trees did not end after all."""
        with self._transaction("reopen trees"):
            self._db.executemany("DELETE FROM ended WHERE tree = ?", ((one,) for one in trees))


def changes(recorded: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    """What differs between two configurations, one line a key: `sampling.waves: a -> b`."""
    lines = []
    for key in sorted({*recorded, *wanted}):
        old, new = recorded.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            lines += [f"{key}.{line}" for line in changes(old, new)]
        elif old != new:
            lines.append(f"{key}: {old!r} -> {new!r}")
    return lines
