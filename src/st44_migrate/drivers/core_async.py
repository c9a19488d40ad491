"""
Any database that SQLAlchemy speaks, async: the twin of `core`, which explains itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from ..errors import ConfigError, DatabaseUnavailable, DriverError
from ..model import Fault
from ..protocols import Heard, Notice, Row
from ._core import Talk, failed, grammar_of, killer, lend, prepare
from ._coreurl import name_package, parsed, unreachable
from ._engines import described, refuse_transaction
from ._opening import opened

__all__ = ["AsyncCoreBorrowed", "AsyncCoreConnection", "AsyncCoreDriver", "async_core_driver"]

T = TypeVar("T")

_PATIENCE = 1.0
"""Seconds that a server has to stop a statement, before the session is ended."""

_AGAIN = 0.05
"""Seconds between two attempts to stop a statement that may only be about to begin."""


class AsyncCoreConnection:
    """
    One async session; see `AsyncConnection`.
    """

    def __init__(
        self,
        conn: AsyncConnection,
        talk: Talk,
        dialect: str,
        *,
        borrowed: bool,
        end: Callable[[], Awaitable[object]],
    ) -> None:
        self.dialect = dialect
        self.borrowed = borrowed
        self.backend_pid: int | None = talk.pid
        self._conn = conn
        self._talk = talk
        self._end = end
        self._busy = False

    @classmethod
    async def open(
        cls,
        conn: AsyncConnection,
        dialect: str,
        *,
        borrowed: bool,
        end: Callable[[], Awaitable[object]],
    ) -> AsyncCoreConnection:
        """
        Make a session of *conn*, which is idle.
        """

        def begin(sync: Connection) -> Talk:
            return Talk(prepare(sync), asks=dialect == "mariadb")

        return cls(conn, await conn.run_sync(begin), dialect, borrowed=borrowed, end=end)

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `AsyncConnection.run`.
        """
        return await self._work(lambda _: self._talk.run(statements, heard))

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `AsyncConnection.fetch`.
        """
        try:
            return await asyncio.wait_for(self._work(lambda _: self._talk.fetch(sql)), within)
        except TimeoutError as error:
            raise DriverError("the query took too long", sqlstate="57014") from error

    async def _work(self, work: Callable[[Connection], T]) -> T:
        self._busy = True
        job = asyncio.ensure_future(self._conn.run_sync(work))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await self._stop(job)
            raise
        finally:
            self._busy = False

    async def _stop(self, job: asyncio.Future[Any]) -> None:
        """
        Stop the server's query until there is none: a cancelled await alone does not.
        """
        until = monotonic() + _PATIENCE
        while not job.done():
            await self._interrupt()
            with suppress(asyncio.CancelledError):
                await asyncio.wait((job,), timeout=_AGAIN)
            if monotonic() > until:
                job.cancel()  # A server that stays silent loses the session.
        if not job.cancelled():
            job.exception()  # Look at it, or asyncio complains that nobody did.

    async def cancel(self) -> None:
        """
        Stop what runs; see `Connection.cancel`.
        """
        if self._busy:
            await self._interrupt()

    async def _interrupt(self) -> None:
        if self.backend_pid is not None:
            kill = killer(self._conn.engine.sync_engine, self.backend_pid)
            with suppress(asyncio.CancelledError, SQLAlchemyError, TimeoutError):
                await asyncio.wait_for(_in_greenlet(kill), _PATIENCE)

    async def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        with suppress(DriverError, SQLAlchemyError):
            await self._conn.run_sync(lambda _: self._talk.run(["ROLLBACK"], None))
        with suppress(SQLAlchemyError):
            await self._conn.rollback()
            await self._end()


async def _in_greenlet(work: Callable[[], None]) -> None:
    """
    Do what is written for blocking code, and awaits beneath it.
    """
    from sqlalchemy.util import greenlet_spawn

    await greenlet_spawn(work)


class AsyncCoreDriver:
    """
    Opens sessions on the caller's async engine; see `CoreDriver`.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.grammar = grammar_of(engine.sync_engine)
        self.dialect = self.grammar.name

    def describe(self) -> str:
        """
        Name user, host, port and database.
        """
        return described(self._engine.url)

    async def connect(
        self, *, timeout: float, readonly: bool, notice: Notice
    ) -> AsyncCoreConnection:
        """
        Open a session; see `CoreDriver.connect`.
        """
        del readonly, notice
        try:
            async with asyncio.timeout(timeout):
                return await opened(self._connect(), AsyncCoreConnection.close)
        except TimeoutError as error:
            raise DatabaseUnavailable(
                f"{self.describe()} gave no connection within {timeout:g} s",
                transient=True,
                remedy="Check host and port, and that the server runs.",
                fault=Fault.TIMEOUT,
            ) from error

    async def _connect(self) -> AsyncCoreConnection:
        try:
            conn = await self._engine.connect()
        except SQLAlchemyError as error:
            raise unreachable(failed(error), self.describe()) from error
        try:
            return await AsyncCoreConnection.open(
                conn, self.dialect, borrowed=False, end=conn.close
            )
        except DriverError as error:
            await conn.close()
            raise unreachable(error, self.describe()) from error
        except BaseException:
            await conn.close()
            raise


def async_core_driver(url: str) -> AsyncCoreDriver:
    """
    Make the driver of a URL; see `core_driver`.
    """
    read = parsed(url, is_async=True)
    try:
        return AsyncCoreDriver(create_async_engine(read, poolclass=NullPool))
    except ArgumentError as error:
        raise ConfigError(f"SQLAlchemy has no dialect {read.drivername}") from error
    except ModuleNotFoundError as error:
        raise name_package(read.drivername, error.name or "its driver") from error


class AsyncCoreBorrowed:
    """
    Works on the caller's own async connection; see `CoreBorrowed`.
    """

    def __init__(self, conn: AsyncConnection) -> None:
        self._conn = conn
        self.grammar = grammar_of(conn.engine.sync_engine)
        self.dialect = self.grammar.name

    def describe(self) -> str:
        """
        Name user, host, port and database.
        """
        return described(self._conn.engine.url)

    async def connect(
        self, *, timeout: float, readonly: bool, notice: Notice
    ) -> AsyncCoreConnection:
        """
        Borrow the connection; see `CoreBorrowed.connect`.
        """
        del timeout, readonly, notice
        conn = self._conn
        refuse_transaction(conn.sync_connection)
        give_back = await conn.run_sync(lend)
        return await AsyncCoreConnection.open(
            conn, self.dialect, borrowed=True, end=lambda: conn.run_sync(lambda _: give_back())
        )
