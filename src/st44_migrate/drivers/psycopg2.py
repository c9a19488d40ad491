"""
PostgreSQL through psycopg2, on the caller's own connection or pool.

psycopg2 tells of several statements in one message only how the last of them
ended.  So each is sent by itself: the one that fails is known, and each answer.
That is a round trip a statement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import psycopg2
from psycopg2 import extensions
from psycopg2.pool import AbstractConnectionPool, PoolError

from ..errors import ConfigError, DatabaseUnavailable, DriverError, MigrateError
from ..model import Fault
from ..protocols import Heard, Notice, Row
from ._pgcauses import unreachable
from ._pgsaid import BUSY, IN_TRANSACTION, closed, failed_statement, in_use, refuse_old_server
from ._pgspoken import spoken
from ._pgtext import encode, limits
from ._pgwords import words
from ._waiting import Worker

__all__ = ["Psycopg2Borrowed", "Psycopg2Connection", "Psycopg2Pool"]

_Conn: TypeAlias = extensions.connection

_WHAT = "psycopg2 connection"

_OPEN = (extensions.TRANSACTION_STATUS_INTRANS, extensions.TRANSACTION_STATUS_INERROR)


class _Notices:
    """
    What psycopg2 appends the server's notices to, in whatever thread it works.
    """

    def __init__(self) -> None:
        self.texts: list[str] = []

    def append(self, text: str) -> None:
        """
        Keep one until somebody may be told.
        """
        self.texts.append(text)


class Psycopg2Connection:
    """
    One blocking session; see `Connection`.

    Args:
        conn: Idle, in autocommit mode.

        notice: See `Driver.connect`.

        end: Gives the connection back to its pool.

        autocommit: What to restore.
    """

    dialect = "postgresql"
    borrowed = True
    one_by_one = True

    def __init__(
        self, conn: _Conn, notice: Notice, *, end: Callable[[], None], autocommit: bool
    ) -> None:
        self._conn = conn
        self._notice = notice
        self._end = end
        self._autocommit = autocommit
        self._notices_before: Any = conn.notices
        self._notices = _Notices()
        self._stopped = False
        self._worker = Worker(self.cancel)
        self.backend_pid: int | None = conn.info.backend_pid
        heard: Any = self._notices  # psycopg2 takes whatever can append.
        conn.notices = heard

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `Connection.run`.
        """
        self._stopped = False
        tags: list[str] = []
        for index, statement in enumerate(statements):
            if self._stopped:
                # Stopped between two statements, where the server has nothing to stop.
                raise DriverError("stopped", index=index, sqlstate="57014")
            try:
                cursor = self._execute(statement)
            except DriverError as error:
                error.index = index
                raise
            tags.append(cursor.statusmessage or "")
            if heard is not None:
                heard(tags[-1], _first_value(cursor))
            cursor.close()
        return tags

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `Connection.fetch`.
        """
        cursor = self._execute(sql, "" if within is None else limits(int(within * 1000)))
        try:
            return cursor.fetchall() if cursor.description else ()
        finally:
            cursor.close()

    def _execute(self, sql: str, before: str = "") -> extensions.cursor:
        conn = self._conn
        try:
            text = before.encode() + encode(sql, _encoding(conn))
            # Not the caller's kind of cursor, and no arguments: a % is a %.
            cursor = conn.cursor(cursor_factory=extensions.cursor)
            if extensions.get_wait_callback() is None:
                self._worker.do(cursor.execute, text)
            else:
                # The application waits in Python, its own way.
                cursor.execute(text)
        except psycopg2.Error as error:
            raise _failed(error, conn, len(before)) from error
        finally:
            self._tell()
        return cursor

    def _tell(self) -> None:
        texts, self._notices.texts = self._notices.texts, []
        for text in texts:
            self._notice(*spoken(text))

    def cancel(self) -> None:
        """
        Ask the server to stop, from any thread; see `Connection.cancel`.
        """
        self._stopped = True
        with suppress(psycopg2.Error):
            if self._conn.info.transaction_status == extensions.TRANSACTION_STATUS_ACTIVE:
                self._conn.cancel()

    def close(self) -> None:
        """
        Give the connection back; see `Connection.close`.
        """
        conn = self._conn
        with suppress(psycopg2.Error, DriverError):
            conn.notices = self._notices_before
            if not conn.closed and conn.info.transaction_status in _OPEN:
                # psycopg2 knows of none, in autocommit mode.
                self._execute("ROLLBACK")
            conn.autocommit = self._autocommit
        self._worker.end()
        with suppress(psycopg2.Error):
            self._end()


class Psycopg2Borrowed:
    """
    Works on the caller's own connection; see `Driver`.
    """

    dialect = "postgresql"

    def __init__(self, conn: _Conn) -> None:
        self._conn = conn

    def describe(self) -> str:
        """
        Name host, port, user and database.
        """
        return _words(self._conn)[1]

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> Psycopg2Connection:
        """
        Borrow the connection, which must be open and idle.

        Raises:
            ConfigError: it is closed, busy or inside a transaction.
        """
        del timeout, readonly
        return _borrow(self._conn, notice, lambda: None)


class Psycopg2Pool:
    """
    Borrows a connection from the caller's pool; see `Driver`.
    """

    dialect = "postgresql"

    def __init__(self, pool: AbstractConnectionPool) -> None:
        self._pool = pool

    def describe(self) -> str:
        """
        Say whose the pool is: psycopg2 does not tell what it was made of.
        """
        return "the caller's psycopg2 pool"

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> Psycopg2Connection:
        """
        Check a connection out, or fail at once; closing the session gives it back.
        """
        del timeout, readonly
        pool = self._pool
        try:
            conn = pool.getconn()
        except psycopg2.Error as error:
            raise _no_connection(error, pool) from error
        try:
            return _borrow(conn, notice, lambda: pool.putconn(conn))
        except BaseException:
            pool.putconn(conn)
            raise


def _borrow(conn: _Conn, notice: Notice, end: Callable[[], None]) -> Psycopg2Connection:
    _refuse_unfit(conn)
    autocommit = conn.autocommit
    conn.autocommit = True
    return Psycopg2Connection(conn, notice, end=end, autocommit=autocommit)


def _refuse_unfit(conn: _Conn) -> None:
    if conn.closed:
        raise closed(_WHAT)
    if conn.async_:
        raise ConfigError(f"the {_WHAT} is asynchronous", remedy="Pass one that is not.")
    status = conn.info.transaction_status
    if status == extensions.TRANSACTION_STATUS_ACTIVE:
        raise in_use(_WHAT, BUSY)
    if status != extensions.TRANSACTION_STATUS_IDLE or conn.status == extensions.STATUS_PREPARED:
        raise in_use(_WHAT, IN_TRANSACTION)
    refuse_old_server(conn.info.server_version, _words(conn)[0])


def _words(conn: _Conn) -> tuple[str, str]:
    """
    Say where the server is, and which database is meant.
    """
    if conn.closed:
        return "the server", f"a closed {_WHAT}"
    info = conn.info
    return words(
        {"host": info.host, "port": str(info.port), "user": info.user, "dbname": info.dbname}
    )


def _encoding(conn: _Conn) -> str:
    """
    Name the session's encoding as it is now: ``conn.encoding`` knows of no SET.
    """
    now = conn.info.parameter_status("client_encoding") or conn.encoding
    return extensions.encodings.get(now, "utf-8")


def _first_value(cursor: extensions.cursor) -> Any:
    """
    Read the first value, unless it is one that Python cannot hold.
    """
    try:
        row = cursor.fetchone() if cursor.description else None
    except (psycopg2.Error, ValueError, OverflowError):
        return None
    return row[0] if row else None


def _failed(error: psycopg2.Error, conn: _Conn, before: int) -> DriverError:
    """
    Make a `DriverError`; so many characters stood *before* the statement.
    """
    position = error.diag.statement_position
    offset = int(position) - 1 - before if position else None
    return failed_statement(error.diag, str(error), offset=offset, lost=bool(conn.closed))


def _no_connection(error: psycopg2.Error, pool: AbstractConnectionPool) -> MigrateError:
    if not isinstance(error, PoolError):
        return unreachable(str(error), "the pool's server", lambda: True)
    if pool.closed:
        return ConfigError("the psycopg2 pool is closed", remedy="Pass an open one.")
    return DatabaseUnavailable(
        f"the psycopg2 pool gave no connection: {error}",
        transient=True,
        remedy="All of its connections are in use.",
        fault=Fault.POOL,
    )
