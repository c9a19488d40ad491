"""
SQLite through the standard library's `sqlite3`.
"""

from __future__ import annotations

import sqlite3

from ..errors import DatabaseUnavailable, DriverError
from ..protocols import Notice
from ._sqlite import (
    BUSY_TIMEOUT,
    PROBE,
    SqliteConnection,
    borrow,
    cannot_open,
    check_file,
    needs_recovery,
    refusal,
)
from ._sqlitetext import path_of, uri_of

__all__ = ["SqliteBorrowed", "SqliteDriver"]


class SqliteDriver:
    """
    Opens sessions on a database file, ``"sqlite:///app.db"``; see `Driver`.

    Raises:
        ConfigError: the URL names no file.
    """

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = path_of(url)

    def describe(self) -> str:
        """
        Name the file.
        """
        return f"sqlite:///{self._path}"

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> SqliteConnection:
        """
        Open the file; see `Driver.connect`.
        """
        del timeout, notice  # A file is there or not, and SQLite says nothing unasked.
        check_file(self._path, readonly=readonly)
        try:
            return self._open("ro" if readonly else "rwc")
        except DatabaseUnavailable as error:
            if not (readonly and needs_recovery(error)):
                raise
        session = self._open("rw")
        session.run(["PRAGMA query_only = ON"])
        return session

    def _open(self, mode: str) -> SqliteConnection:
        try:
            conn = sqlite3.connect(
                uri_of(self._path, mode),
                uri=True,
                timeout=BUSY_TIMEOUT,
                isolation_level=None,
                check_same_thread=False,
            )
        except sqlite3.Error as error:
            raise cannot_open(self._path, error) from error
        session = SqliteConnection(conn)
        session.heed_signals()
        try:
            session.fetch(PROBE, within=0.0)
        except DriverError as error:
            if refused := refusal(self._path, error):
                session.close()
                raise refused from error
        return session


class SqliteBorrowed:
    """
    Works on the caller's own connection; see `Driver`.

    Args:
        conn: Open and idle.

        empty: See `borrow`.
    """

    dialect = "sqlite"

    def __init__(self, conn: sqlite3.Connection, *, empty: bool = False) -> None:
        self._conn = conn
        self._empty = empty

    def describe(self) -> str:
        """
        Name the file, if the connection can tell.
        """
        try:
            (_, _, path), *_ = sqlite3.Cursor(self._conn).execute("PRAGMA database_list").fetchall()
        except sqlite3.Error:
            return "the caller's SQLite connection"
        return f"sqlite:///{path}" if path else "an in-memory SQLite database"

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> SqliteConnection:
        """
        Borrow the connection, which must be open and idle.

        Raises:
            ConfigError: it is closed, in a transaction, or another thread's.
        """
        del timeout, readonly, notice
        return borrow(self._conn, empty=self._empty)
