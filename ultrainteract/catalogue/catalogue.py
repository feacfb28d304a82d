"""`catalogue.sqlite` beside a journal: rows to list, and a full-text index over them.

It is derived: it may be deleted at any time, and is made anew where it is of another format or of
another journal. Reading never waits for whoever keeps it up.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any, Self

from ultrainteract.catalogue.entry import Entry, Indexed
from ultrainteract.catalogue.order import ORDERS, Order, Place, indexes
from ultrainteract.catalogue.search import Search
from ultrainteract.database import Database, format_of
from ultrainteract.report.facts import TreeFacts

FILE = "catalogue.sqlite"
_FORMAT = 3
_FIRST = ORDERS[""]
# Trees beside one that are looked at by themselves before all that a search finds are sorted.
_NEAR = 16
# Trees counted exactly; beyond, a page says "more than".
COUNTED = 1000
_COLUMNS = (
    "position, id, dataset, environment, title, state, effects, turns, pairs, nodes, correct,"
    " incorrect, tokens, changed"
)
_TABLES = f"""
PRAGMA user_version = {_FORMAT};
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tree (
    position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, dataset TEXT NOT NULL,
    environment TEXT NOT NULL, title TEXT NOT NULL, state TEXT NOT NULL, effects INTEGER NOT NULL,
    turns INTEGER NOT NULL, pairs INTEGER NOT NULL, nodes INTEGER NOT NULL,
    correct INTEGER NOT NULL, incorrect INTEGER NOT NULL, tokens INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tree_state ON tree (state);
{" ".join(indexes())}
CREATE TABLE IF NOT EXISTS fact (position INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS facet (
    kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, value)
) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(facets, body);
"""
# What marks a hit in an excerpt: no text holds these.
HIT, END = "\ue000", "\ue001"


@dataclass(frozen=True, slots=True)
class Row:
    """A tree of a list, with where the searched words stand in it."""

    entry: Entry
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list, with the places to go on from, where there is more."""

    rows: Sequence[Row]
    before: Place | None
    after: Place | None


class Catalogue(Database):
    """The file. Blocking; threads may share it."""

    name = "the catalogue"
    remedy = "remove it: it is made anew from the journal"
    durable = False

    def __init__(self, folder: Path) -> None:
        """Opens, and makes it where it is missing or of another format. Raises `JournalFault`."""
        path = folder / FILE
        if path.exists() and format_of(path) != _FORMAT:
            for file in folder.glob(f"{FILE}*"):
                file.unlink(missing_ok=True)
        super().__init__(path, _TABLES)

    def meta(self, key: str) -> str:
        """A fact about the catalogue; empty when it was never set."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", key)
        return rows[0][0] if rows else ""

    def set_meta(self, **facts: str) -> None:
        """Set facts about the catalogue."""
        with self._transaction("set facts"):
            self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())

    def empty(self) -> None:
        """As it was made."""
        with self._transaction("empty"):
            for table in ("meta", "tree", "fact", "facet", "words"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608

    def known(self) -> dict[str, tuple[int, str, int]]:
        """Position, state and effects of every tree, by id."""
        rows = self._rows("SELECT id, position, state, effects FROM tree")
        return {tree: (position, state, effects) for tree, position, state, effects in rows}

    def put(self, trees: Iterable[Indexed], gone: Iterable[int] = ()) -> None:
        """Write trees in place of what stood at their positions, take others out: at once."""
        with self._transaction("index trees"):
            for position in gone:
                self._take_out(position)
            for one in trees:
                self._take_out(one.entry.position)
                self._put(one)
            revision = int(self.meta("revision") or 0) + 1
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('revision', ?)", (str(revision),))

    def _take_out(self, position: int) -> None:
        if self._db.execute("DELETE FROM tree WHERE position = ?", (position,)).rowcount:
            self._db.execute("DELETE FROM words WHERE rowid = ?", (position,))
            self._db.execute("DELETE FROM fact WHERE position = ?", (position,))

    def _put(self, one: Indexed) -> None:
        marks = ", ".join("?" * len(Entry.__dataclass_fields__))
        self._db.execute(f"INSERT INTO tree VALUES ({marks})", astuple(one.entry))  # noqa: S608
        self._db.execute(
            "INSERT INTO words (rowid, facets, body) VALUES (?, ?, ?)",
            (one.entry.position, " ".join(sorted(one.held.tokens())), one.body),
        )
        fact = one.entry.position, one.facts.to_json()
        self._db.execute("INSERT INTO fact VALUES (?, ?)", fact)
        held = (one.held.tree, *one.held.actions)
        facets = {pair for some in held for pair in some.items() if pair[1]}
        self._db.executemany("INSERT OR IGNORE INTO facet VALUES (?, ?)", facets)

    def facts(self, *positions: int) -> Iterator[TreeFacts]:
        """Of the trees at these positions, as far as they are there."""
        sql = "SELECT data FROM fact WHERE position = ?"
        for position in positions:
            yield from (TreeFacts.from_json(data) for (data,) in self._rows(sql, position))

    @property
    def revision(self) -> int:
        """Grows with every change."""
        return int(self.meta("revision") or 0)

    def facets(self) -> dict[str, list[str]]:
        """The values that filters may take, by filter."""
        found: dict[str, list[str]] = {}
        for kind, value in self._rows("SELECT kind, value FROM facet ORDER BY kind, value"):
            found.setdefault(kind, []).append(value)
        return found

    def states(self) -> dict[str, int]:
        """How many trees are in each state."""
        return dict(self._rows("SELECT state, count(*) FROM tree GROUP BY state ORDER BY state"))

    def entry(self, tree: str) -> Entry | None:
        """The row of one tree."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM tree WHERE id = ?", tree)  # noqa: S608
        return Entry(*rows[0]) if rows else None

    def count(self, search: Search, among: Sequence[str] | None = None) -> int:
        """How many trees there are of a search, `COUNTED` + 1 where there are more than that."""
        asked = _Asked.of(search, among)
        sql = f"SELECT count(*) FROM (SELECT 1 {asked.source} LIMIT {COUNTED + 1})"  # noqa: S608
        return int(self._rows(sql, *asked.args)[0][0])

    def page(
        self,
        search: Search,
        size: int,
        after: Place | None = None,
        before: Place | None = None,
        among: Sequence[str] | None = None,
        order: Order = _FIRST,
    ) -> Page:
        """Rows in an order, after or before a place; `among` ids alone."""
        asked = _Asked.of(search, among)
        found = self._some(asked, order, size + 1, after or before, forward=before is None)
        found, more = found[:size], len(found) > size
        if before is not None:
            found = found[::-1]
        said = self._excerpts(search, found)
        rows = [replace(one, excerpt=said.get(one.entry.position, "")) for one in found]
        if not rows:
            return Page((), None, None)
        ends = [_place(one.entry, order) for one in (rows[0], rows[-1])]
        behind, ahead = (after is not None, more) if before is None else (more, True)
        return Page(rows, ends[0] if behind else None, ends[1] if ahead else None)

    def _some(
        self, asked: "_Asked", order: Order, most: int, place: Place | None, *, forward: bool
    ) -> list[Row]:
        """So many rows from a place on, away from it."""
        edge, args = order.beyond(place, asked.place, forward=forward) if place else ("1", ())
        sql = (
            f"SELECT {_COLUMNS} {asked.source} AND {edge}"
            f" ORDER BY {order.by(asked.place, forward=forward)} LIMIT {most}"
        )
        return [Row(Entry(*one)) for one in self._rows(sql, *asked.args, *args)]

    def _excerpts(self, search: Search, rows: Sequence[Row]) -> dict[int, str]:
        """Where the words of a search stand in the trees of a page, by position."""
        if not rows or not search.terms():
            return {}
        # Only now, for the rows of a page: another order reads every row that is found. The plus
        # has the index walked once, not once a row.
        places = sorted(row.entry.position for row in rows)
        sql = (
            f"SELECT rowid, snippet(words, 1, '{HIT}', '{END}', ' … ', 24) FROM words"  # noqa: S608
            f" WHERE words MATCH ? AND rowid BETWEEN ? AND ? AND +rowid IN"
            f" ({', '.join('?' * len(places))}) LIMIT {len(places)}"
        )
        return dict(self._rows(sql, search.match(), places[0], places[-1], *places))

    def beside(
        self,
        search: Search,
        entry: Entry,
        among: Sequence[str] | None = None,
        order: Order = _FIRST,
    ) -> tuple[str, str]:
        """The ids of the trees before and after one, of those of a search; or empty."""
        place = _place(entry, order)
        before = self._next(search, among, order, place, forward=False)
        after = self._next(search, among, order, place, forward=True)
        return before, after

    def _next(
        self,
        search: Search,
        among: Sequence[str] | None,
        order: Order,
        place: Place,
        *,
        forward: bool,
    ) -> str:
        """The id of the tree that follows a place, or empty."""
        match = search.match()
        if match and order.column:
            # What is common stands near by. What is rare is found quickly among few.
            near = self._some(_Asked.of(Search(), among), order, _NEAR, place, forward=forward)
            sql = "SELECT 1 FROM words WHERE words MATCH ? AND rowid = ?"
            for row in near:
                if self._rows(sql, match, row.entry.position):
                    return row.entry.id
        found = self._some(_Asked.of(search, among), order, 1, place, forward=forward)
        return found[0].entry.id if found else ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The tail of a query: tables and conditions, their arguments, and the column of positions."""

    source: str
    args: tuple[str, ...]
    place: str

    @classmethod
    def of(cls, search: Search, among: Sequence[str] | None) -> Self:
        """Rows come in the order of the index, so that a page reads no more than it shows."""
        source, place = "FROM tree WHERE 1", "position"
        args: tuple[str, ...] = ()
        if match := search.match():
            # CROSS: the words come first, whatever rows are ordered by.
            source = "FROM words CROSS JOIN tree ON position = words.rowid WHERE words MATCH ?"
            args, place = (match,), "words.rowid"
        if among is not None:
            source += f" AND id IN ({', '.join('?' * len(among))})"
        return cls(source, (*args, *(among or ())), place)


def _place(entry: Entry, order: Order) -> Place:
    value: Any = getattr(entry, order.column) if order.column else None
    return Place(entry.position, value)
