"""One SQLite file in WAL mode: the one door to SQLite."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ultrainteract.errors import DiskFull, JournalFault, boundary

_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}


class Database:
    """A connection. Blocking; threads may share it: they take turns at writing."""

    name: ClassVar[str]
    """What the file is, in words."""
    remedy: ClassVar[str]
    """What to do where it cannot be read."""
    durable: ClassVar[bool] = True
    """Whether what a transaction wrote is on disk once it returns."""

    def __init__(self, path: Path, tables: str) -> None:
        """Opens to write, and makes the file and its `tables` where they are missing; without
        `tables` opens to read. Raises `JournalFault`."""
        self.path = path
        # SQLite serialises calls of one connection, not transactions.
        self._turn = threading.Lock()
        with self._reading(sqlite3.Error):
            self._db = self._writer(tables) if tables else self._reader()

    def _writer(self, tables: str) -> sqlite3.Connection:
        db = self._connect("rwc")
        db.execute("PRAGMA journal_mode = WAL")
        # Commit before use: a recorded effect survives a power cut as well.
        db.execute(f"PRAGMA synchronous = {'FULL' if self.durable else 'OFF'}")
        db.executescript(tables)
        return db

    def _reader(self) -> sqlite3.Connection:
        db = self._connect("ro")
        try:
            db.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            db.close()
            wal = self.path.with_name(f"{self.path.name}-wal")
            # On a read-only file system WAL has no index; `immutable` would pass over its pages.
            if wal.exists() and wal.stat().st_size:
                if os.access(self.path.parent, os.W_OK):
                    raise
                raise JournalFault(
                    f"{self.name} at {self.path} was left with changes that can be read only where "
                    "its folder can be written to: look at a copy of the folder"
                ) from None
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

    def changes(self) -> int:
        """A number that is another one once somebody else has written."""
        return int(self._rows("PRAGMA data_version")[0][0])

    def _reading(self, *foreign: type[Exception]) -> AbstractContextManager[None]:
        what = f"{self.name} at {self.path} is damaged or cannot be read ({self.remedy})"
        return boundary(JournalFault, what, *foreign)

    def _rows(self, sql: str, *args: str | int) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, args).fetchall()
        except sqlite3.Error:
            # To put every look-up behind a boundary costs as much as the look-up.
            with self._reading(sqlite3.Error):
                raise

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        with self._turn, boundary(JournalFault, f"{what} in {self.path}", sqlite3.Error):
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            except sqlite3.Error as error:
                if error.sqlite_errorcode in _FULL:
                    raise DiskFull(f"the disk that holds {self.path} is full") from error
                raise
            finally:
                # Not what was committed; after a full disk SQLite may have rolled back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")


def format_of(path: Path) -> int:
    """The number that a file carries in its head (`user_version`); -1 for one that is damaged."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.DatabaseError:
        return -1
    finally:
        db.close()
