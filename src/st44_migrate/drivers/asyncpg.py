"""
PostgreSQL through asyncpg, on the caller's own connection or pool.

asyncpg tells of several statements in one message only how the last of them
ended.  So each is sent by itself: the one that fails is known, and each answer.
That is a round trip a statement, two for one whose first value is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar

import asyncpg

from ..errors import ConfigError, DatabaseUnavailable, DriverError, MigrateError
from ..model import Fault
from ..protocols import Heard, Notice, Row
from ._opening import finish, opened
from ._pgasync import (
    FAILURES,
    NO_LIMIT,
    AnyConnection,
    ask,
    ask_to_stop,
    execute,
    failed,
    failed_connect,
    is_gone,
    refuse_busy,
    refuse_unfit,
    shown,
)

__all__ = ["AsyncpgBorrowed", "AsyncpgConnection", "AsyncpgPool"]

T = TypeVar("T")

_CANCEL_TIMEOUT = 5.0
"""How long to try to make the server stop, in seconds."""

_LOOK_EVERY = 0.1


class _Pool(Protocol):
    """
    What is asked of ``asyncpg.Pool``.
    """

    def acquire(self, *, timeout: float | None = None) -> Awaitable[AnyConnection]: ...
    async def release(self, connection: Any) -> None: ...


class AsyncpgConnection:
    """
    One async session; see `AsyncConnection`.

    Args:
        conn: Idle.

        notice: See `Driver.connect`.

        end: Gives the connection back to its pool.
    """

    dialect = "postgresql"
    borrowed = True
    one_by_one = True

    def __init__(
        self, conn: AnyConnection, notice: Notice, *, end: Callable[[], Awaitable[None]]
    ) -> None:
        self._conn = conn
        self._notice = notice
        self._end = end
        self._job: asyncio.Future[Any] | None = None
        self._stopped = False
        self._has_run = False
        self.backend_pid: int | None = conn.get_server_pid()
        conn.add_log_listener(self._tell)

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `AsyncConnection.run`.
        """
        self._has_run = True
        return await self._work(self._in_turn(statements, heard))

    async def _in_turn(self, statements: Sequence[str], heard: Heard | None) -> Sequence[str]:
        tags: list[str] = []
        for index, statement in enumerate(statements):
            if self._stopped:
                # Stopped between two statements, where the server has nothing to stop.
                raise DriverError("stopped", index=index, sqlstate="57014")
            try:
                tag, value = await execute(self._conn, statement, wanted=heard is not None)
            except DriverError as error:
                error.index = index
                raise
            except FAILURES as error:
                raise failed(error, self._conn, index=index) from error
            tags.append(tag)
            if heard is not None:
                heard(tag, value)
        return tags

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `AsyncConnection.fetch`.
        """
        try:
            return await self._work(ask(self._conn, sql, within))
        except FAILURES as error:
            raise failed(error, self._conn) from error

    async def _work(self, work: Coroutine[Any, Any, T]) -> T:
        """
        Await *work*, and if cancelled until the server has really stopped.

        asyncpg asks the server to stop once.  A request that comes before the query
        hits nothing, and the query runs on.
        """
        self._stopped = False
        self._job = job = asyncio.ensure_future(work)
        try:
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            # Whole, however often the task is cancelled again.
            await finish(self._stop(job))
            raise
        finally:
            self._job = None

    async def _stop(self, job: asyncio.Future[T]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _CANCEL_TIMEOUT
        while not job.done() and loop.time() < deadline:
            await self.cancel()
            await asyncio.wait((job,), timeout=_LOOK_EVERY)
        if not job.done():
            self._conn.terminate()
            await asyncio.wait((job,), timeout=_LOOK_EVERY)
        if not job.done():
            job.cancel()
        elif not job.cancelled():
            job.exception()  # Look at it, or asyncio complains that nobody did.

    async def cancel(self) -> None:
        """
        Ask the server to stop; see `Connection.cancel`.
        """
        if self._job is None or self._job.done() or is_gone(self._conn):
            return
        self._stopped = True
        with suppress(*FAILURES):
            await asyncio.wait_for(ask_to_stop(self._conn), _CANCEL_TIMEOUT)

    def _tell(self, conn: object, message: Any) -> None:
        del conn
        severity = message.severity_en or message.severity or "NOTICE"
        self._notice(severity, message.message or "", message.detail, message.hint)

    async def close(self) -> None:
        """
        Give the connection back; see `Connection.close`.
        """
        conn = self._conn
        with suppress(*FAILURES):
            conn.remove_log_listener(self._tell)
            if not is_gone(conn):
                if conn.is_in_transaction():
                    await conn.execute("ROLLBACK", timeout=NO_LIMIT)
                if self._has_run:
                    # The caller's cached statements may be of another schema now.
                    await conn.reload_schema_state()
        with suppress(*FAILURES):
            await self._end()


class AsyncpgBorrowed:
    """
    Works on the caller's own connection; see `AsyncDriver`.
    """

    dialect = "postgresql"

    def __init__(self, conn: AnyConnection) -> None:
        self._conn = conn

    def describe(self) -> str:
        """
        Name host, port, user and database.
        """
        return shown(self._conn)

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AsyncpgConnection:
        """
        Borrow the connection, which must be open and idle.

        Raises:
            ConfigError: it is closed, busy or inside a transaction.
        """
        del timeout, readonly
        refuse_unfit(self._conn)
        await refuse_busy(self._conn)
        return AsyncpgConnection(self._conn, notice, end=_nothing)


class AsyncpgPool:
    """
    Borrows a connection from the caller's pool; see `AsyncDriver`.
    """

    dialect = "postgresql"

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    def describe(self) -> str:
        """
        Say whose the pool is: asyncpg does not tell what it was made of.
        """
        return "the caller's asyncpg pool"

    async def connect(
        self,
        *,
        timeout: float,
        readonly: bool,
        notice: Notice,
    ) -> AsyncpgConnection:
        """
        Check a connection out; closing the session gives it back.
        """
        del readonly
        return await opened(self._check_out(timeout, notice), AsyncpgConnection.close)

    async def _check_out(self, timeout: float, notice: Notice) -> AsyncpgConnection:
        pool = self._pool
        try:
            conn = await pool.acquire(timeout=timeout)
        except FAILURES as error:
            raise _no_connection(error) from error
        try:
            refuse_unfit(conn)
        except BaseException:
            await pool.release(conn)
            raise
        return AsyncpgConnection(conn, notice, end=lambda: pool.release(conn))


async def _nothing() -> None:
    """
    Leave the caller's connection open.
    """


def _no_connection(error: Exception) -> MigrateError:
    """
    Say why a pool gave no connection.
    """
    if isinstance(error, asyncpg.InterfaceError):
        return ConfigError(f"the asyncpg pool gives no connection: {error}")
    if isinstance(error, TimeoutError):
        return DatabaseUnavailable(
            "the asyncpg pool gave no connection in time",
            transient=True,
            remedy="All of its connections may be in use, or its database cannot be reached.",
            fault=Fault.POOL,
        )
    return failed_connect(error, "the pool's server")
