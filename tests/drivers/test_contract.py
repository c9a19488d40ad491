"""
Every driver of ours keeps the public contract, however it gets its connection.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import psycopg
import psycopg2
import pytest
from psycopg.rows import dict_row
from psycopg2.extras import RealDictCursor
from psycopg2.pool import SimpleConnectionPool, ThreadedConnectionPool
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from st44_migrate.drivers.asyncpg import AsyncpgDriver
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.protocols import AsyncDriver, Driver
from st44_migrate.testing.contract import (
    AsyncConnectionContract,
    ConnectionContract,
    OpenAsyncDriver,
    OpenDriver,
)
from st44_migrate.testing.servers import PostgresServer


class Lent:
    """
    A driver that remembers the connection it borrows, for `state_of`.
    """

    def __init__(self, driver: Any, conn: Any) -> None:
        self.conn = conn
        self.dialect = driver.dialect
        self.describe = driver.describe
        self.connect = driver.connect


def psycopg_state(conn: psycopg.BaseConnection[Any]) -> object:
    return (
        conn.closed,
        conn.info.transaction_status,
        conn.autocommit,
        conn.row_factory,  # type: ignore[attr-defined]
        conn.prepare_threshold,
        tuple(conn._notice_handlers),
    )


def sqlite_state(conn: sqlite3.Connection) -> object:
    pragmas = [
        sqlite3.Cursor(conn).execute(f"PRAGMA {name}").fetchone()
        for name in ("foreign_keys", "busy_timeout")
    ]
    return conn.in_transaction, conn.isolation_level, conn.row_factory, conn.text_factory, pragmas


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    """
    Give one PostgreSQL database for all laws: they clean up before themselves.
    """
    with postgres.database() as url:
        yield url


# --- PostgreSQL ---------------------------------------------------------------


class TestPsycopgUrl(ConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenDriver:
        return lambda: nullcontext(driver_for(url))


class TestPsycopgConnection(ConnectionContract):
    @pytest.fixture(params=[False, True], ids=["transactional", "autocommit"])
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            with psycopg.connect(url, autocommit=request.param, row_factory=dict_row) as conn:
                yield Lent(driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return psycopg_state(driver.conn)


class TestPsycopgPool(ConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            with ConnectionPool(url, min_size=1, max_size=1, open=True) as pool:
                yield Lent(driver_for(pool), pool)

        return lend

    def state_of(self, driver: Any) -> object:
        with driver.conn.connection(timeout=5) as conn:
            return psycopg_state(conn), conn.info.backend_pid


class TestAsyncPsycopgUrl(AsyncConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        return lambda: nullcontext(async_driver_for(url))


class TestAsyncPsycopgConnection(AsyncConnectionContract):
    @pytest.fixture(params=[False, True], ids=["transactional", "autocommit"])
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with await psycopg.AsyncConnection.connect(
                url, autocommit=request.param, row_factory=dict_row
            ) as conn:
                yield Lent(async_driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return psycopg_state(driver.conn)


class TestAsyncPsycopgPool(AsyncConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with AsyncConnectionPool(url, min_size=1, max_size=1, open=False) as pool:
                await pool.wait()
                yield Lent(async_driver_for(pool), pool)

        return lend

    def state_of(self, driver: Any) -> object:
        # All that is in the pool is idle and as the pool made it.
        return [psycopg_state(conn) for conn in driver.conn._pool]


def psycopg2_state(conn: Any) -> object:
    return (
        conn.closed,
        conn.info.transaction_status,
        conn.info.backend_pid,
        conn.autocommit,
        conn.isolation_level,
        conn.cursor_factory,
        id(conn.notices),
    )


class TestPsycopg2Connection(ConnectionContract):
    @pytest.fixture(params=[False, True], ids=["transactional", "autocommit"])
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            conn = psycopg2.connect(url, cursor_factory=RealDictCursor)
            conn.autocommit = request.param
            try:
                yield Lent(driver_for(conn), conn)
            finally:
                conn.close()

        return lend

    def state_of(self, driver: Any) -> object:
        return psycopg2_state(driver.conn)


class TestPsycopg2Pool(ConnectionContract):
    @pytest.fixture(params=[SimpleConnectionPool, ThreadedConnectionPool])
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            pool = request.param(1, 1, url)
            try:
                yield Lent(driver_for(pool), pool)
            finally:
                pool.closeall()

        return lend

    def state_of(self, driver: Any) -> object:
        return [psycopg2_state(conn) for conn in driver.conn._pool]


def asyncpg_state(conn: Any) -> object:
    return (
        conn.is_closed(),
        conn.is_in_transaction(),
        conn.get_server_pid(),
        tuple(conn._log_listeners),
    )


class TestAsyncpgConnection(AsyncConnectionContract):
    @pytest.fixture(params=[100, 0], ids=["caching", "uncached"])
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            conn = await asyncpg.connect(url, statement_cache_size=request.param)
            try:
                yield Lent(async_driver_for(conn), conn)
            finally:
                await conn.close()

        return lend

    def state_of(self, driver: Any) -> object:
        return asyncpg_state(driver.conn)


class TestAsyncpgUrl(AsyncConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        return lambda: nullcontext(AsyncpgDriver(url))


class TestAsyncpgPool(AsyncConnectionContract):
    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
                yield Lent(async_driver_for(pool), pool)

        return lend

    def state_of(self, driver: Any) -> object:
        # All that is in the pool is idle and as the pool made it.
        pool = driver.conn
        return pool.get_idle_size(), [asyncpg_state(holder._con) for holder in pool._holders]


# --- SQLite -------------------------------------------------------------------


class TestSqliteUrl(ConnectionContract):
    @pytest.fixture
    def open_driver(self, sqlite_path: Path) -> OpenDriver:
        return lambda: nullcontext(driver_for(f"sqlite:///{sqlite_path}"))


class TestSqliteConnection(ConnectionContract):
    @pytest.fixture(params=["", "IMMEDIATE", None])
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            conn = sqlite3.connect(
                sqlite_path, isolation_level=request.param, check_same_thread=False, timeout=3
            )
            conn.row_factory = sqlite3.Row
            conn.text_factory = bytes
            conn.execute("PRAGMA foreign_keys = ON")
            yield Lent(driver_for(conn), conn)
            conn.close()

        return lend

    def state_of(self, driver: Any) -> object:
        return sqlite_state(driver.conn)


class TestSqliteInMemory(ConnectionContract):
    @pytest.fixture
    def open_driver(self) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            conn = sqlite3.connect(":memory:", check_same_thread=False)
            yield driver_for(conn)
            conn.close()

        return lend


class TestAioSqliteUrl(AsyncConnectionContract):
    @pytest.fixture
    def open_driver(self, sqlite_path: Path) -> OpenAsyncDriver:
        return lambda: nullcontext(async_driver_for(f"sqlite+aiosqlite:///{sqlite_path}"))


class TestAioSqliteConnection(AsyncConnectionContract):
    @pytest.fixture(params=["", "IMMEDIATE", None])
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with aiosqlite.connect(
                sqlite_path, isolation_level=request.param, check_same_thread=False, timeout=3
            ) as conn:
                conn.row_factory = sqlite3.Row
                conn.text_factory = bytes
                await conn.execute("PRAGMA foreign_keys = ON")
                yield Lent(async_driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return sqlite_state(driver.conn._conn)
