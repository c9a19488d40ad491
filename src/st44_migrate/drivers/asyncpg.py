"""
PostgreSQL through asyncpg: the caller's own connection or pool, or a URL.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable
from functools import partial
from typing import Any, Protocol

import asyncpg

from ..errors import ConfigError, DatabaseUnavailable, MigrateError
from ..model import Fault
from ..protocols import Notice
from ._opening import opened
from ._pgasync import (
    FAILURES,
    AnyConnection,
    failed_connect,
    refuse_busy,
    refuse_unfit,
    shown,
)
from ._pgasyncsession import CANCEL_TIMEOUT, AsyncpgConnection
from ._pgurl import target_of_url

__all__ = ["AsyncpgBorrowed", "AsyncpgConnection", "AsyncpgDriver", "AsyncpgPool"]


class _Pool(Protocol):
    """
    What is asked of ``asyncpg.Pool``.
    """

    def acquire(self, *, timeout: float | None = None) -> Awaitable[AnyConnection]: ...
    async def release(self, connection: Any) -> None: ...


class AsyncpgDriver:
    """
    Opens async sessions on a URL; see `AsyncDriver`.

    Raises:
        ConfigError: asyncpg would not understand it.
    """

    dialect = "postgresql"

    def __init__(self, database: str) -> None:
        self._target = target_of_url(database)

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
    ) -> AsyncpgConnection:
        """
        Open a session; see `Driver.connect`.
        """
        del readonly
        return await opened(self._open(timeout, notice), AsyncpgConnection.close)

    async def _open(self, timeout: float, notice: Notice) -> AsyncpgConnection:
        target = self._target
        # Files are UTF-8, whatever the environment or the database says.
        settings = {"client_encoding": "UTF8"}
        if "application_name=" not in target.conninfo:
            settings["application_name"] = os.environ.get("PGAPPNAME") or "st44-migrate"
        try:
            conn: AnyConnection = await asyncpg.connect(
                target.conninfo, timeout=timeout, statement_cache_size=0, server_settings=settings
            )
        except (*FAILURES, ValueError) as error:
            raise failed_connect(error, target.place) from error
        try:
            refuse_unfit(conn, target.place)
        except BaseException:
            await conn.close()
            raise
        end = partial(conn.close, timeout=CANCEL_TIMEOUT)
        return AsyncpgConnection(conn, notice, end=end, borrowed=False)


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
