"""
A session on one `sqlite3` connection, blocking, for both SQLite drivers.

`sqlite` calls it directly; `aiosqlite` calls it inside its connection's worker
thread.  The connection is in SQLite's own autocommit mode: `sqlite3` opens no
transaction behind our back, and ``executescript``, which commits, is not used.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError, DatabaseUnavailable, DriverError
from ..model import Fault
from ..protocols import Heard, Row
from ._sqlitetext import constraint_in, offset_in, tag_of

__all__ = [
    "BUSY_TIMEOUT",
    "PROBE",
    "SqliteConnection",
    "borrow",
    "cannot_open",
    "check_file",
    "refusal",
]

_PULSE = 100_000
"""Steps of SQLite's machine between two looks for a signal: some milliseconds."""

BUSY_TIMEOUT = 0.25
"""How long SQLite itself waits for a lock, in seconds: short, since the engine polls."""

PROBE = "PRAGMA schema_version"
"""What to fetch from a file just opened: SQLite looks inside only then."""

_Failure = (sqlite3.Error, sqlite3.Warning)


@dataclass(frozen=True, slots=True)
class _Found:
    """
    How the caller's connection was when we took it.
    """

    isolation_level: str | None
    text_factory: Any
    busy_timeout: int
    foreign_keys: int
    always_inside: bool


class SqliteConnection:
    """
    One session; see `Connection`.

    Args:
        conn: Idle, with ``isolation_level=None``.

        found: What to restore on the caller's connection; None if it is ours.
    """

    dialect = "sqlite"
    backend_pid: int | None = None

    def __init__(self, conn: sqlite3.Connection, found: _Found | None = None) -> None:
        self._conn = conn
        self._found = found
        self._stopped = False
        self._heeds_signals = False
        self.borrowed = found is not None

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `Connection.run`.
        """
        self._stopped = False
        # What a file selects is dropped unseen: it need not be UTF-8.
        self._conn.text_factory = bytes
        try:
            return [self._step(index, text, heard) for index, text in enumerate(statements)]
        finally:
            self._conn.text_factory = str

    def _step(self, index: int, statement: str, heard: Heard | None) -> str:
        if self._stopped:
            # Stopped between two statements, where SQLite has nothing to interrupt.
            raise DriverError("interrupted", index=index, sqlstate="SQLITE_INTERRUPT")
        try:
            rows = self._cursor().execute(statement)
            first = rows.fetchone()
            # To the last row: a SELECT half read keeps its lock.
            for _ in rows:
                pass
        except (*_Failure, UnicodeEncodeError) as error:
            failed = _failed(error, statement, index)
            if self._heeds_signals and failed.sqlstate == "SQLITE_INTERRUPT" and not self._stopped:
                # Ctrl-C arrived in the pulse, which no exception can leave.
                raise KeyboardInterrupt from error
            raise failed from error
        tag = tag_of(statement)
        if heard is not None:
            heard(tag, first[0] if first else None)
        return tag

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `Connection.fetch`.
        """
        # A file answers at once, unless it is locked.
        if within is not None and within < BUSY_TIMEOUT:
            return self._fetch_soon(sql, within)
        try:
            return self._cursor().execute(sql).fetchall()
        except (*_Failure, UnicodeEncodeError) as error:
            raise _failed(error, sql, None) from error

    def _fetch_soon(self, sql: str, within: float) -> Sequence[Row]:
        _set_patience(self._conn, within)
        try:
            return self.fetch(sql)
        finally:
            _set_patience(self._conn, BUSY_TIMEOUT)

    def heed_signals(self) -> None:
        """
        Let Ctrl-C end a long statement: Python looks for signals only where
        Python code runs, so some has to, now and then.
        """
        if threading.current_thread() is threading.main_thread():
            self._heeds_signals = True
            self._conn.set_progress_handler(lambda: 0, _PULSE)

    def _cursor(self) -> sqlite3.Cursor:
        # Not conn.cursor(): that has the caller's row_factory.
        return sqlite3.Cursor(self._conn)

    def cancel(self) -> None:
        """
        Interrupt what runs, from any thread; see `Connection.cancel`.
        """
        self._stopped = True
        with suppress(sqlite3.Error):
            self._conn.interrupt()

    def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        with suppress(*_Failure):
            if self._conn.in_transaction:
                self._cursor().execute("ROLLBACK")
            if self._found is not None:
                self._restore(self._found)
        if self._found is None:
            with suppress(*_Failure):
                self._conn.close()

    def _restore(self, found: _Found) -> None:
        self._conn.text_factory = found.text_factory
        self._cursor().execute(f"PRAGMA foreign_keys = {found.foreign_keys}")
        self._cursor().execute(f"PRAGMA busy_timeout = {found.busy_timeout}")
        self._conn.isolation_level = found.isolation_level  # type: ignore[assignment]
        if found.always_inside:
            self._conn.autocommit = False  # type: ignore[attr-defined]


def needs_recovery(error: DatabaseUnavailable) -> bool:
    """
    Whether a program was killed while it wrote: what it had not committed has to
    be rolled back before anybody can read, and that takes the right to write.

    SQLite does so by itself, and changes nothing that was committed.
    """
    cause = error.__cause__
    state = cause.sqlstate if isinstance(cause, DriverError) else None
    return state in {"SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY"}


def borrow(conn: sqlite3.Connection, *, empty: bool = False) -> SqliteConnection:
    """
    Take the caller's connection over for the time of a run.

    Args:
        conn: Open and idle.

        empty: Whoever lends it knows that nothing is in the transaction that it is
            always inside of, see `_refuse_transaction`.

    Raises:
        ConfigError: it is closed, belongs to another thread, or is inside a
            transaction: touching ``isolation_level`` there would commit it.
    """
    try:
        always_inside = getattr(conn, "autocommit", None) is False
        if always_inside and empty:
            conn.rollback()
            conn.autocommit = True  # type: ignore[attr-defined]
        _refuse_transaction(conn)
        found = _Found(
            isolation_level=conn.isolation_level,
            text_factory=conn.text_factory,
            busy_timeout=_pragma(conn, "busy_timeout"),
            foreign_keys=_pragma(conn, "foreign_keys"),
            always_inside=always_inside,
        )
        conn.isolation_level = None
        conn.text_factory = str
        _set_patience(conn, BUSY_TIMEOUT)
    except sqlite3.ProgrammingError as error:
        raise ConfigError(
            f"the SQLite connection cannot be used: {error}",
            remedy="Pass an open connection in the thread that made it, or the database URL.",
        ) from error
    return SqliteConnection(conn, found)


def _set_patience(conn: sqlite3.Connection, seconds: float) -> None:
    sqlite3.Cursor(conn).execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _refuse_transaction(conn: sqlite3.Connection) -> None:
    # Python 3.12 has the attribute: with False a transaction is always open,
    # and nobody can tell whether the caller has changed something in it.
    if getattr(conn, "autocommit", None) is False:
        raise ConfigError(
            "the SQLite connection was opened with autocommit=False, so it is always inside a"
            " transaction; migrations need their own",
            remedy="Open it with autocommit=True, or pass the database URL.",
            fault=Fault.IN_USE,
        )
    if conn.in_transaction:
        raise ConfigError(
            "the SQLite connection is inside a transaction; migrations need their own",
            remedy="Commit or roll back before, or pass the database URL.",
            fault=Fault.IN_USE,
        )


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(sqlite3.Cursor(conn).execute(f"PRAGMA {name}").fetchone()[0])


def check_file(path: Path, *, readonly: bool) -> None:
    """
    Refuse in words what SQLite would only call "unable to open database file".

    Raises:
        DatabaseUnavailable: there is no such file, directory or right.
    """
    if path.is_dir():
        raise _missing(f"{path} is a directory, not a SQLite database", "Correct the path.")
    if not path.parent.is_dir():
        raise _missing(f"the directory {path.parent} does not exist", "Create it first.")
    if readonly and not path.exists():
        raise _missing(f"the SQLite database {path} does not exist", "st44-migrate up creates it.")


def cannot_open(path: Path, error: Exception) -> DatabaseUnavailable:
    """
    Say that SQLite could not open *path*.
    """
    return _missing(
        f"the SQLite database {path} cannot be opened: {error}",
        "Check that it is a SQLite database, and the rights on it and its directory.",
        Fault.UNAVAILABLE,
    )


def refusal(path: Path, error: DriverError) -> DatabaseUnavailable | None:
    """
    Judge the failure of `PROBE`: a file that is only locked is a database.
    """
    if (error.sqlstate or "").startswith("SQLITE_BUSY"):
        return None
    return cannot_open(path, error)


def _missing(happened: str, remedy: str, fault: Fault = Fault.ABSENT) -> DatabaseUnavailable:
    return DatabaseUnavailable(happened, transient=False, remedy=remedy, fault=fault)


def _failed(error: Exception, statement: str, index: int | None) -> DriverError:
    message = str(error)
    return DriverError(
        message,
        index=index,
        offset=offset_in(statement, message),
        sqlstate=getattr(error, "sqlite_errorname", None),
        constraint=constraint_in(message),
        lost=message == "Cannot operate on a closed database.",
    )
