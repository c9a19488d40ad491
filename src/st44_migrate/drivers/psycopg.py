"""
PostgreSQL through psycopg 3, blocking.  Its twin is `psycopg_async`.

A session is ours (from a URL), or the caller's (a connection, or one out of a
pool), which comes back idle, in its own autocommit mode, and open.  What both
colours share is in ``_pg``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeAlias, TypeVar

import psycopg
from psycopg import pq
from psycopg.abc import PQGen

from ..protocols import Heard, Notice, Row
from ._pg import (
    CANCEL_TIMEOUT,
    Exchange,
    conninfo_for,
    failed_fetch,
    refuse_busy,
    take_rest,
)
from ._pgerrors import failed_checkout, failed_connect
from ._pgnotices import Teller
from ._pgsaid import refuse_old_server
from ._pgtarget import target_of, target_of_pool, target_of_session
from ._pgtext import encode
from ._pgtime import Punctual, Question, punctuality

__all__ = ["PsycopgBorrowed", "PsycopgConnection", "PsycopgDriver", "PsycopgPool"]

T = TypeVar("T")

_Conn: TypeAlias = psycopg.Connection[Any]


class _Pool(Protocol):
    """
    What is asked of ``psycopg_pool.ConnectionPool``, which is never imported.
    """

    name: str
    conninfo: Any

    def getconn(self, timeout: float | None = None) -> _Conn: ...
    def putconn(self, conn: _Conn) -> None: ...


class PsycopgConnection:
    """
    One blocking session; see `Connection`.

    Args:
        conn: Idle, in autocommit mode.

        notice: See `Driver.connect`.

        end: Ends the session, or gives it back to its pool.

        autocommit: What to restore on the caller's connection; None if it is ours.
    """

    dialect = "postgresql"

    def __init__(
        self, conn: _Conn, notice: Notice, *, end: Callable[[], None], autocommit: bool | None
    ) -> None:
        self._conn = conn
        self._end = end
        self._autocommit = autocommit
        self._tell = Teller(notice, self.cancel)
        self.backend_pid: int | None = conn.info.backend_pid
        self.borrowed = autocommit is not None
        conn.add_notice_handler(self._tell)

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* in one round trip; see `Connection.run`.
        """
        if not statements:
            return ()
        conn = self._conn
        exchange = Exchange(statements, conn.info.encoding, heard, self.cancel)
        try:
            with conn.lock:
                failed = self._wait(exchange.talk(conn.pgconn))
        except psycopg.Error as error:
            self._tell.due()
            raise exchange.broken(error, conn) from error
        self._tell.due()
        return exchange.outcome(failed, conn)

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `Connection.fetch`.
        """
        conn = self._conn
        question = Question(encode(sql, conn.info.encoding), within)
        try:
            with conn.lock, punctuality(conn, within):
                result = self._wait(question.talk(conn.pgconn))
            self._tell.due()
            return question.rows(result, conn)
        except psycopg.Error as error:
            self._tell.due()
            raise failed_fetch(error, conn) from error

    def _wait(self, talk: PQGen[T]) -> T:
        """
        Wait as psycopg does, but until the server has really stopped.

        Ctrl-C may arrive in *talk* itself, and ends it: psycopg asks the server to
        stop, and finds nothing left to wait for.
        """
        conn = self._conn
        try:
            return conn.wait(talk)
        except BaseException:
            if conn.info.transaction_status == pq.TransactionStatus.ACTIVE:
                with suppress(psycopg.Error):
                    conn.wait(take_rest(conn.pgconn))
            raise

    def cancel(self) -> None:
        """
        Ask the server to stop, from any thread; see `Connection.cancel`.
        """
        if self._conn.info.transaction_status == pq.TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):
                self._conn.cancel_safe(timeout=CANCEL_TIMEOUT)

    def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        with suppress(psycopg.Error, ValueError):
            self._conn.remove_notice_handler(self._tell)
            if self._autocommit is not None and not self._conn.closed:
                self._conn.rollback()
                self._conn.autocommit = self._autocommit
        with suppress(psycopg.Error, ValueError):
            self._end()


class PsycopgDriver:
    """
    Opens sessions on a URL or a conninfo; see `Driver`.

    Raises:
        ConfigError: libpq does not understand it.
    """

    dialect = "postgresql"

    def __init__(self, database: str) -> None:
        self._target = target_of(database)

    def describe(self) -> str:
        """
        Name host, port, user and database.
        """
        return self._target.shown

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> PsycopgConnection:
        """
        Open a session; see `Driver.connect`.
        """
        del readonly  # Connecting creates nothing on a server.
        try:
            conn = Punctual.connect(
                conninfo_for(self._target, timeout),
                autocommit=True,
                prepare_threshold=None,
            )
        except psycopg.Error as error:
            raise failed_connect(error, self._target) from error
        try:
            refuse_old_server(conn.info.server_version, self._target.place)
        except BaseException:
            conn.close()
            raise
        return PsycopgConnection(conn, notice, end=conn.close, autocommit=None)


class PsycopgBorrowed:
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
        return target_of_session(self._conn.info).shown

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> PsycopgConnection:
        """
        Borrow the connection, which must be open and idle.

        Raises:
            ConfigError: it is closed, busy or inside a transaction.
        """
        del timeout, readonly
        return _borrow(self._conn, notice, lambda: None)


class PsycopgPool:
    """
    Borrows a connection from the caller's pool; see `Driver`.
    """

    dialect = "postgresql"

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    def describe(self) -> str:
        """
        Name host, port, user and database, or the pool.
        """
        return target_of_pool(self._pool.conninfo, self._pool.name).shown

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> PsycopgConnection:
        """
        Check a connection out; closing the session gives it back.
        """
        del readonly
        pool = self._pool
        try:
            conn = pool.getconn(timeout)
        except psycopg.Error as error:
            raise failed_checkout(error, pool.name) from error
        try:
            return _borrow(conn, notice, lambda: pool.putconn(conn))
        except BaseException:
            pool.putconn(conn)
            raise


def _borrow(conn: _Conn, notice: Notice, end: Callable[[], None]) -> PsycopgConnection:
    refuse_busy(conn)
    refuse_old_server(conn.info.server_version, target_of_session(conn.info).place)
    autocommit = conn.autocommit
    conn.autocommit = True
    return PsycopgConnection(conn, notice, end=end, autocommit=autocommit)
