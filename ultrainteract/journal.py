"""The memory of a run: one SQLite file in WAL mode that holds every effect, committed before use.

An effect's key is its content (tree, kind, hash of what was asked), its value what came back.
Resuming replays each tree from its effects; publishing is a replay, too. One process writes.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple, TypeAlias

from pydantic import ValidationError

from ultrainteract.database import Database
from ultrainteract.errors import RunFolderError
from ultrainteract.types import Instruction, Spent, StopReason, Usage, adapter

FILE = "journal.sqlite"
# Tree, kind, key.
Place: TypeAlias = tuple[str, str, str]
_FORMAT = "2"
_GROUP = 40  # bits of a position within its group
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


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run. Where one of the `shaping` changes, no tree counts as ended: the
    changed configuration asks again what it changed."""

    shaping: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)


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


class Journal(Database):
    """The file. Blocking; threads may share it: they take turns at writing."""

    name = "the journal"
    remedy = "keep a copy of it, then choose another RUN name, or restore a backup"

    def __init__(self, folder: Path, *, readonly: bool = False) -> None:
        """Opens, and makes it where it is missing. Raises `RunFolderError`, `JournalFault`."""
        path = folder / FILE
        if readonly and not path.exists():
            raise RunFolderError(f"{folder} holds no run: there is no {FILE} in it")
        super().__init__(path, "" if readonly else _TABLES)
        if not readonly and self.meta("format") is None:
            self.set_meta(format=_FORMAT)
        if self.meta("format") != _FORMAT:
            with closing(self):
                raise RunFolderError(f"{self.path} cannot be read: {self.versions}")

    @property
    def versions(self) -> str:
        """What wrote it and what reads it, in words."""
        wrote = ", ".join(self.noted("version")) or "(version unknown)"
        return (
            f"it has journal format {self.meta('format')}, written by ultrainteract {wrote}; "
            f"this is ultrainteract {version('ultrainteract')}, format {_FORMAT}: use the version "
            "that wrote it, or choose another RUN name"
        )

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

    def begin(
        self,
        instructions: Iterable[Instruction],
        facts: Callable[[], Facts] = Facts,
        group: Callable[[Instruction], int] = lambda _: 0,
    ) -> None:
        """What the run is about and facts about it, at once or not at all.

        Instructions are written as they come and held nowhere; those of a lower `group` stand
        before the others. `facts` are asked for after the last. Effects of instructions that are
        left out are kept.
        """
        kind = adapter(Instruction)
        rows = (
            (group(one) << _GROUP | place, one.id, kind.dump_json(one))
            for place, one in enumerate(instructions)
        )
        with self._transaction("begin a run"):
            self._db.execute("DELETE FROM instruction")
            self._db.executemany("INSERT INTO instruction VALUES (?, ?, ?)", rows)
            told = facts()
            if any(self.meta(key) not in {None, now} for key, now in told.shaping.items()):
                self._db.execute("DELETE FROM ended")
            self._set({**told.shaping, **told.others})

    def _set(self, facts: Mapping[str, str]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    def instructions(self) -> Iterator[Instruction]:
        """All, in order."""
        return self._instructions("")

    def waiting(self) -> Iterator[Instruction]:
        """Those whose trees have not ended, in order."""
        return self._instructions("AND NOT EXISTS (SELECT 1 FROM ended WHERE tree = id)")

    def finished(self) -> Iterator[Instruction]:
        """Those whose trees have ended, in order."""
        return self._instructions("AND EXISTS (SELECT 1 FROM ended WHERE tree = id)")

    def problems(self) -> dict[str, str]:
        """The problem of each instruction, both as ids, in order."""
        sql = "SELECT id, data ->> '$.problem_id' FROM instruction ORDER BY position"
        return dict(self._rows(sql))

    def instruction(self, tree: str) -> Instruction:
        """One of the run's, by its id. Raises KeyError."""
        rows = self._rows("SELECT data FROM instruction WHERE id = ?", tree)
        with self._reading(ValidationError):
            if rows:
                return adapter(Instruction).validate_json(rows[0][0])
        raise KeyError(tree)

    def places(self) -> dict[str, int]:
        """Where each instruction stands, by id: a number that grows along their order."""
        return dict(self._rows("SELECT id, position FROM instruction"))

    def begun(self) -> dict[str, int]:
        """Trees that have effects and have not ended, with how many they have."""
        sql = (
            "SELECT id, (SELECT count(*) FROM effect WHERE tree = id) AS effects FROM instruction"
            " WHERE NOT EXISTS (SELECT 1 FROM ended WHERE tree = id) AND effects > 0"
        )
        return dict(self._rows(sql))

    def standing(self, tree: str) -> tuple[int, str | None]:
        """How many effects a tree has, and why it ended; None where it has not."""
        effects = self._rows("SELECT count(*) FROM effect WHERE tree = ?", tree)
        ended = self._rows("SELECT stop FROM ended WHERE tree = ?", tree)
        return effects[0][0], ended[0][0] if ended else None

    def _instructions(self, which: str) -> Iterator[Instruction]:
        kind = adapter(Instruction)
        position = -1
        sql = (
            f"SELECT position, data FROM instruction WHERE position > ? {which}"  # noqa: S608
            " ORDER BY position LIMIT 200"
        )
        # Paged: a cursor left open would keep the WAL from being checkpointed.
        while rows := self._rows(sql, position):
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
        sql = "SELECT data FROM effect WHERE tree = ? AND kind = ? AND key = ?"
        there = {one.place: self._rows(sql, *one.place)[0][0] for one in effects}
        return {one.place: held for one in effects if (held := there[one.place]) != one.data}

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

    def grown(self) -> int:
        """How many of them have trees that ended."""
        sql = "SELECT count(*) FROM instruction WHERE EXISTS (SELECT 1 FROM ended WHERE tree = id)"
        return int(self._rows(sql)[0][0])

    def waiting_in(self) -> set[str]:
        """The environments of those that have not."""
        sql = (
            "SELECT DISTINCT data ->> '$.environment' FROM instruction"
            " WHERE NOT EXISTS (SELECT 1 FROM ended WHERE tree = id)"
        )
        return {environment for (environment,) in self._rows(sql)}

    def stopped(self, reason: str) -> dict[str, int]:
        """How many instructions of each dataset have trees that stopped for that reason."""
        sql = (
            "SELECT data ->> '$.dataset', count(*) FROM instruction JOIN ended ON id = tree"
            " WHERE stop = ? GROUP BY 1 ORDER BY min(position)"
        )
        return dict(self._rows(sql, reason))

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
