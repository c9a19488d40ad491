"""
SQLite through aiosqlite: `sqlite3` in a thread of its own.

Each call goes to the worker thread once, with a whole batch, and runs there on
the same session as in `sqlite`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import aiosqlite

from ..errors import ConfigError, DatabaseUnavailable, DriverError
from ..protocols import Heard, Notice, Row
from ._opening import opened
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

__all__ = ["AioSqliteBorrowed", "AioSqliteConnection", "AioSqliteDriver"]

P = ParamSpec("P")
T = TypeVar("T")

_INTERRUPT_EVERY = 0.01
_ANSWERS = 100


class AioSqliteConnection:
    """
    One async session; see `AsyncConnection`.

    Args:
        conn: The connection whose worker thread does it all.

        session: The blocking session, never called outside that thread.
    """

    dialect = "sqlite"
    backend_pid: int | None = None

    def __init__(self, conn: aiosqlite.Connection, session: SqliteConnection) -> None:
        self._conn = conn
        self._session = session
        self.borrowed = session.borrowed

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `AsyncConnection.run`.
        """
        answers: list[tuple[str, Any]] = []
        try:
            return await self._work(
                self._session.run, statements, lambda tag, value: answers.append((tag, value))
            )
        finally:
            if heard is not None:
                # Here, and not in the worker, whose thread is not the caller's.
                for answer in answers:
                    heard(*answer)

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `AsyncConnection.fetch`.
        """
        return await self._work(self._session.fetch, sql, within=within)

    async def cancel(self) -> None:
        """
        Interrupt what runs; see `Connection.cancel`.
        """
        self._session.cancel()

    async def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        try:
            with suppress(DriverError):
                await self._work(self._session.close)
        finally:
            if not self.borrowed:
                # Its thread is not a daemon: the program would never end.
                with suppress(sqlite3.Error, ValueError):
                    await self._conn.close()

    async def _work(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        job = asyncio.ensure_future(in_worker(self._conn, work, *args, **kwargs))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            await self._stop(job)
            raise

    async def _stop(self, job: asyncio.Future[T]) -> None:
        """
        Interrupt until the worker is done: it may only be about to begin, and a
        cancelled await alone does not stop SQLite.
        """
        while not job.done():
            self._session.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait((job,), timeout=_INTERRUPT_EVERY)
        if not job.cancelled():
            job.exception()  # Look at it, or asyncio complains that nobody did.


async def in_worker(
    conn: aiosqlite.Connection, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """
    Call *work* in the worker thread of *conn*.

    aiosqlite has no public way to do that, and its own methods cost a turn of
    the thread each; setting ``isolation_level`` by its property fails, since
    it commits from the wrong thread.  SQLAlchemy uses the same queue.
    """
    try:
        result: T = await conn._execute(work, *args, **kwargs)  # type: ignore[no-untyped-call]  # noqa: SLF001 -- see above
    except ValueError as error:
        if str(error) not in {"Connection closed", "no active connection"}:
            raise
        raise DriverError("the aiosqlite connection is closed", lost=True) from error
    return result


def raw_of(conn: aiosqlite.Connection) -> sqlite3.Connection:
    """
    Return the connection inside, which has no public name.

    Raises:
        ValueError: it is closed.
    """
    return conn._conn  # noqa: SLF001 -- see above  # pyright: ignore[reportPrivateUsage]


class AioSqliteDriver:
    """
    Opens async sessions on a database file; see `SqliteDriver`.
    """

    dialect = "sqlite"

    def __init__(self, url: str) -> None:
        self._path = path_of(url)

    def describe(self) -> str:
        """
        Name the file.
        """
        return f"sqlite:///{self._path}"

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AioSqliteConnection:
        """
        Open the file; see `SqliteDriver.connect`.
        """
        del timeout, notice
        check_file(self._path, readonly=readonly)
        try:
            opening = self._open("ro" if readonly else "rwc")
            return await opened(opening, AioSqliteConnection.close)
        except DatabaseUnavailable as error:
            if not (readonly and needs_recovery(error)):
                raise
        session = await opened(self._open("rw"), AioSqliteConnection.close)
        await session.run(["PRAGMA query_only = ON"])
        return session

    async def _open(self, mode: str) -> AioSqliteConnection:
        opening = aiosqlite.connect(
            uri_of(self._path, mode),
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            conn = await opening
        except sqlite3.Error as error:
            await _ended(opening)
            raise cannot_open(self._path, error) from error
        session = AioSqliteConnection(conn, SqliteConnection(raw_of(conn)))
        try:
            await session.fetch(PROBE, within=0.0)
        except DriverError as error:
            if refused := refusal(self._path, error):
                await session.close()
                raise refused from error
        return session


async def _ended(conn: aiosqlite.Connection) -> None:
    """
    Wait for the worker of a connection that could not be opened: it answers once
    more, and complains if the event loop is gone by then.
    """
    worker: Any = getattr(conn, "_thread", conn)
    for _ in range(_ANSWERS):
        if not worker.is_alive():
            return
        await asyncio.sleep(_INTERRUPT_EVERY)


class AioSqliteBorrowed:
    """
    Works on the caller's own aiosqlite connection; see `SqliteBorrowed`.
    """

    dialect = "sqlite"

    def __init__(self, conn: aiosqlite.Connection, *, empty: bool = False) -> None:
        self._conn = conn
        self._empty = empty

    def describe(self) -> str:
        """
        Say whose the connection is: only its thread could ask for the file.
        """
        return "the caller's aiosqlite connection"

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AioSqliteConnection:
        """
        Borrow the connection; see `SqliteBorrowed.connect`.
        """
        del timeout, readonly, notice
        try:
            session = await self._borrow()
        except (DriverError, ValueError) as error:
            raise ConfigError(
                "the aiosqlite connection is closed", remedy="Pass an open one."
            ) from error
        return AioSqliteConnection(self._conn, session)

    async def _borrow(self) -> SqliteConnection:
        raw = raw_of(self._conn)
        job = asyncio.ensure_future(in_worker(self._conn, borrow, raw, empty=self._empty))
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            # The worker takes the connection over all the same: give it back.
            await in_worker(self._conn, (await job).close)
            raise
