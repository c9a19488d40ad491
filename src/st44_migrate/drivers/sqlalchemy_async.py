"""
Engines and connections of SQLAlchemy, async: the twins of `sqlalchemy`, which
explains itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Any

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ..errors import DriverError
from ..protocols import AsyncConnection as AsyncSession
from ..protocols import Notice
from ._engines import (
    AsyncNative,
    check_there,
    described,
    driver_on,
    failed_checkout,
    is_broken,
    no_answer,
    out_of_time,
    refuse_shared,
    refuse_transaction,
)
from ._opening import finish, opened

__all__ = ["AsyncConnectionDriver", "AsyncEngineDriver", "AsyncLentSession"]


class AsyncLentSession:
    """
    One async session on what SQLAlchemy lends; see `LentSession`.
    """

    def __init__(self, session: AsyncSession, end: Callable[[], Awaitable[None]]) -> None:
        self.dialect = session.dialect
        self.backend_pid = session.backend_pid
        self.borrowed = session.borrowed
        self.one_by_one: bool = getattr(session, "one_by_one", False)
        self.run = session.run
        self.fetch = session.fetch
        self.cancel = session.cancel
        self._session = session
        self._end = end

    async def close(self) -> None:
        """
        Give everything back as it was; see `Connection.close`.
        """
        try:
            await self._session.close()
        finally:
            await self._end()


class AsyncEngineDriver:
    """
    Borrows a connection from an async engine's own pool; see `EngineDriver`.
    """

    def __init__(self, engine: AsyncEngine, native: AsyncNative) -> None:
        self._engine = engine
        self._native = native
        self._late: set[asyncio.Future[Any]] = set()
        self.dialect = engine.dialect.name

    def describe(self) -> str:
        """
        Name the database by the engine's URL.
        """
        return described(self._engine.url)

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> AsyncLentSession:
        """
        Check a connection out; see `EngineDriver.connect`.
        """
        engine = self._engine
        check_there(engine.url, readonly=readonly)
        refuse_shared(engine.sync_engine.pool)
        until = monotonic() + timeout
        while (left := until - monotonic()) > 0:
            conn = await opened(self._checked_out(left), _close)
            session = await opened(_lend_or_close(conn, self._native, notice), _end)
            if await _answers(session):
                return session
        raise no_answer(self.describe())

    async def _checked_out(self, within: float) -> AsyncConnection:
        try:
            return await self._check_out(within)
        except exc.SQLAlchemyError as error:
            raise failed_checkout(error, self._engine.url) from error

    async def _check_out(self, within: float) -> AsyncConnection:
        """
        Check a connection out, and wait *within* seconds at most.

        What comes too late goes back to the pool.  It is not cancelled: a connection
        that is half made belongs to nobody.
        """
        job = asyncio.ensure_future(_open(self._engine))
        taken = False
        try:
            await asyncio.wait((job,), timeout=within)
            if taken := job.done():
                return job.result()
            raise out_of_time(self._engine.sync_engine.pool, within)
        finally:
            if not taken:
                self._late.add(job)
                job.add_done_callback(self._give_back)

    def _give_back(self, job: asyncio.Future[AsyncConnection]) -> None:
        self._late.discard(job)
        if not job.cancelled() and job.exception() is None:
            closing = asyncio.ensure_future(job.result().close())
            self._late.add(closing)
            closing.add_done_callback(self._late.discard)


class AsyncConnectionDriver:
    """
    Works on the caller's own async connection; see `ConnectionDriver`.
    """

    def __init__(self, conn: AsyncConnection, native: AsyncNative) -> None:
        self._conn = conn
        self._native = native
        self.dialect = conn.engine.dialect.name

    def describe(self) -> str:
        """
        Name the database by the URL of the connection's engine.
        """
        return described(self._conn.engine.url)

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> AsyncLentSession:
        """
        Borrow the connection; see `ConnectionDriver.connect`.
        """
        del timeout, readonly
        refuse_transaction(self._conn.sync_connection)
        return await opened(_lend(self._conn, self._native, notice, _nothing), _end)


async def _lend_or_close(
    conn: AsyncConnection, native: AsyncNative, notice: Notice
) -> AsyncLentSession:
    try:
        return await _lend(conn, native, notice, conn.close)
    except BaseException:
        await finish(conn.close())
        raise


async def _lend(
    conn: AsyncConnection,
    native: AsyncNative,
    notice: Notice,
    end: Callable[[], Awaitable[None]],
) -> AsyncLentSession:
    try:
        if conn.in_transaction():
            # A listener of the engine's has begun it, and set what counts here too.
            await conn.commit()
        if is_broken((await conn.get_raw_connection()).driver_connection):
            await conn.invalidate()  # SQLAlchemy then connects again.
        lent: Any = (await conn.get_raw_connection()).driver_connection
    except exc.SQLAlchemyError as error:
        raise failed_checkout(error, conn.engine.url) from error
    driver = driver_on(native, conn.sync_connection, lent)
    session = await driver.connect(timeout=0.0, readonly=False, notice=notice)

    async def give_back() -> None:
        with suppress(exc.SQLAlchemyError):
            if is_broken(lent):
                await conn.invalidate()
            await end()

    return AsyncLentSession(session, give_back)


async def _open(engine: AsyncEngine) -> AsyncConnection:
    return await engine.connect()


async def _close(conn: AsyncConnection) -> None:
    await conn.close()


async def _end(session: AsyncLentSession) -> None:
    await session.close()


async def _nothing() -> None:
    """
    Leave the caller's connection open.
    """


async def _answers(session: AsyncLentSession) -> bool:
    """
    Ask whether the connection is alive; if not, close the session.
    """
    try:
        await session.fetch("SELECT 1")
    except DriverError as error:
        await session.close()
        if not error.lost:
            raise
        return False
    except BaseException:
        await finish(session.close())
        raise
    return True
