"""
PostgreSQL through psycopg 3, async: the twin of `psycopg`, which explains itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, Protocol, TypeAlias, TypeVar

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.waiting import wait_async

from ..protocols import Heard, Notice, Row
from ._opening import finish, opened
from ._pg import (
    CANCEL_TIMEOUT,
    Exchange,
    conninfo_for,
    failed_fetch,
    refuse_busy,
)
from ._pgerrors import failed_checkout, failed_connect
from ._pgnotices import Teller
from ._pgsaid import refuse_old_server
from ._pgtarget import target_of, target_of_pool, target_of_session
from ._pgtext import encode
from ._pgtime import AsyncPunctual, Question, punctuality

__all__ = [
    "AsyncPsycopgBorrowed",
    "AsyncPsycopgConnection",
    "AsyncPsycopgDriver",
    "AsyncPsycopgPool",
]

T = TypeVar("T")

_Conn: TypeAlias = psycopg.AsyncConnection[Any]

_LOOK_EVERY = 0.1
"""How often to look for anything but an answer, in seconds; psycopg's own interval."""


class _Pool(Protocol):
    """
    What is asked of ``psycopg_pool.AsyncConnectionPool``, which is never imported.
    """

    name: str
    conninfo: Any

    async def getconn(self, timeout: float | None = None) -> _Conn: ...
    async def putconn(self, conn: _Conn) -> None: ...


class AsyncPsycopgConnection:
    """
    One async session; see `PsycopgConnection`.
    """

    dialect = "postgresql"

    def __init__(
        self,
        conn: _Conn,
        notice: Notice,
        *,
        end: Callable[[], Awaitable[None]],
        autocommit: bool | None,
    ) -> None:
        self._conn = conn
        self._end = end
        self._autocommit = autocommit
        self._tell = Teller(notice)
        self.backend_pid: int | None = conn.info.backend_pid
        self.borrowed = autocommit is not None
        conn.add_notice_handler(self._tell)

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* in one round trip; see `AsyncConnection.run`.
        """
        if not statements:
            return ()
        conn = self._conn
        exchange = Exchange(statements, conn.info.encoding, heard)
        try:
            async with conn.lock:
                failed = await self._wait(exchange.talk(conn.pgconn))
        except psycopg.Error as error:
            self._tell.due()
            raise exchange.broken(error, conn) from error
        self._tell.due()
        return exchange.outcome(failed, conn)

    async def _wait(self, talk: PQGen[T]) -> T:
        """
        Wait as psycopg does, but until the server has really stopped.

        psycopg asks once.  A task that is cancelled at once asks before its
        query has arrived: the request hits nothing, the query runs on.
        """
        line = self._conn.fileno()
        try:
            return await wait_async(talk, line, interval=_LOOK_EVERY)
        except asyncio.CancelledError:
            rest = asyncio.ensure_future(wait_async(talk, line, interval=_LOOK_EVERY))
            # Whole, however often the task is cancelled again: a request that is
            # given up for another is one connection more for the server.
            await finish(self._stop(rest))
            raise

    async def _stop(self, rest: asyncio.Future[T]) -> None:
        deadline = monotonic() + CANCEL_TIMEOUT
        while not rest.done() and monotonic() < deadline:
            with suppress(psycopg.Error):
                await self._conn.cancel_safe(timeout=CANCEL_TIMEOUT)
            await asyncio.wait((rest,), timeout=_LOOK_EVERY)
        if rest.done():
            rest.exception()  # Look at it, or asyncio complains that nobody did.
        else:
            rest.cancel()
            self._conn.pgconn.finish()

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `PsycopgConnection.fetch`.
        """
        conn = self._conn
        question = Question(encode(sql, conn.info.encoding), within)
        try:
            async with conn.lock:
                with punctuality(conn, within):
                    result = await conn.wait(question.talk(conn.pgconn))
            self._tell.due()
            return question.rows(result, conn)
        except psycopg.Error as error:
            self._tell.due()
            raise failed_fetch(error, conn) from error

    async def cancel(self) -> None:
        """
        Ask the server to stop; see `Connection.cancel`.
        """
        if self._conn.info.transaction_status == pq.TransactionStatus.ACTIVE:
            with suppress(psycopg.Error):
                await self._conn.cancel_safe(timeout=CANCEL_TIMEOUT)

    async def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        with suppress(psycopg.Error, ValueError):
            self._conn.remove_notice_handler(self._tell)
            if self._autocommit is not None and not self._conn.closed:
                await self._conn.rollback()
                await self._conn.set_autocommit(self._autocommit)
        with suppress(psycopg.Error, ValueError):
            await self._end()


class AsyncPsycopgDriver:
    """
    Opens async sessions on a URL or a conninfo; see `PsycopgDriver`.
    """

    dialect = "postgresql"

    def __init__(self, database: str) -> None:
        self._target = target_of(database)

    def describe(self) -> str:
        """
        Name host, port, user and database.
        """
        return self._target.shown

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AsyncPsycopgConnection:
        """
        Open a session; see `Driver.connect`.
        """
        del readonly
        try:
            conn: _Conn = await opened(
                AsyncPunctual.connect(
                    conninfo_for(self._target, timeout),
                    autocommit=True,
                    prepare_threshold=None,
                ),
                _close,
            )
        except psycopg.Error as error:
            raise failed_connect(error, self._target) from error
        try:
            refuse_old_server(conn.info.server_version, self._target.place)
        except BaseException:
            await conn.close()
            raise
        return AsyncPsycopgConnection(conn, notice, end=conn.close, autocommit=None)


class AsyncPsycopgBorrowed:
    """
    Works on the caller's own async connection; see `PsycopgBorrowed`.
    """

    dialect = "postgresql"

    def __init__(self, conn: _Conn) -> None:
        self._conn = conn

    def describe(self) -> str:
        """
        Name host, port, user and database.
        """
        return target_of_session(self._conn.info).shown

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AsyncPsycopgConnection:
        """
        Borrow the connection; see `PsycopgBorrowed.connect`.
        """
        del timeout, readonly
        return await _borrow_async(self._conn, notice, _nothing)


class AsyncPsycopgPool:
    """
    Borrows a connection from the caller's async pool; see `PsycopgPool`.
    """

    dialect = "postgresql"

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    def describe(self) -> str:
        """
        Name host, port, user and database, or the pool.
        """
        return target_of_pool(self._pool.conninfo, self._pool.name).shown

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AsyncPsycopgConnection:
        """
        Check a connection out; closing the session gives it back.
        """
        del readonly
        pool = self._pool
        try:
            conn = await pool.getconn(timeout)
        except psycopg.Error as error:
            raise failed_checkout(error, pool.name) from error
        try:
            return await _borrow_async(conn, notice, lambda: pool.putconn(conn))
        except BaseException:
            await pool.putconn(conn)
            raise


async def _close(conn: _Conn) -> None:
    await conn.close()


async def _nothing() -> None:
    """
    Leave the caller's connection open.
    """


async def _borrow_async(
    conn: _Conn, notice: Notice, end: Callable[[], Awaitable[None]]
) -> AsyncPsycopgConnection:
    refuse_busy(conn)
    refuse_old_server(conn.info.server_version, target_of_session(conn.info).place)
    autocommit = conn.autocommit
    await conn.set_autocommit(True)
    return AsyncPsycopgConnection(conn, notice, end=end, autocommit=autocommit)
