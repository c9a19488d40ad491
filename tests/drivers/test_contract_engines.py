"""
What SQLAlchemy lends keeps the public contract, whatever it connects with.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from drivers.engines import (
    AIOSQLITE_SETUPS,
    ONE,
    SQLITE_SETUPS,
    aiosqlite_engine,
    async_engine_on,
    engine_on,
    sqlite_engine,
    url_of,
)
from drivers.test_contract import (
    Lent,
    asyncpg_state,
    psycopg2_state,
    psycopg_state,
    sqlite_state,
)
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.protocols import AsyncDriver, Driver
from st44_migrate.testing.contract import (
    AsyncConnectionContract,
    ConnectionContract,
    OpenAsyncDriver,
    OpenDriver,
)
from st44_migrate.testing.servers import PostgresServer


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> Iterator[str]:
    """
    Give one PostgreSQL database for all laws: they clean up before themselves.
    """
    with postgres.database() as url:
        yield url_of(url)


STATES = {
    "psycopg": psycopg_state,
    "psycopg2": psycopg2_state,
    "asyncpg": asyncpg_state,
    "sqlite3": sqlite_state,
    "aiosqlite": sqlite_state,
}


def with_package(url: str, package: str) -> str:
    """
    Name another package in the URL of an engine.
    """
    return url.replace("+psycopg:", f"+{package}:", 1)


BLOCKING = [
    ("psycopg", None),
    ("psycopg", "AUTOCOMMIT"),
    ("psycopg", "SERIALIZABLE"),
    ("psycopg2", None),
    ("psycopg2", "AUTOCOMMIT"),
]
ASYNC = [("psycopg", None), ("psycopg", "AUTOCOMMIT"), ("asyncpg", None), ("asyncpg", "AUTOCOMMIT")]
"""The package that an engine connects with, and the isolation level asked of it."""


def checked_out(pool: Any) -> int | None:
    """
    Count what the pool has given away, if it counts.
    """
    return pool.checkedout() if hasattr(pool, "checkedout") else None


def state_under(conn: Connection | AsyncConnection) -> object:
    """
    Give what SQLAlchemy says of a connection of the caller's, and what lies under it.
    """
    sync = conn if isinstance(conn, Connection) else conn.sync_connection
    assert sync is not None
    lent: Any = sync.connection.driver_connection
    packages = [kind.__module__.partition(".")[0] for kind in type(lent).__mro__]
    state = next(STATES[name] for name in packages if name in STATES)(getattr(lent, "_conn", lent))
    return sync.closed, sync.in_transaction(), sync.get_execution_options(), id(lent), state


def state_in(engine: Engine) -> object:
    """
    Give what the next one finds who takes a connection out of the pool.
    """
    before = checked_out(engine.pool)
    with engine.connect() as conn:
        return before, state_under(conn)[-1]  # type: ignore[index]


# --- PostgreSQL ---------------------------------------------------------------


class TestPostgresEngine(ConnectionContract):
    @pytest.fixture(params=BLOCKING, ids=str)
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            package, level = request.param
            options = {"isolation_level": level} if level else {}
            with engine_on(with_package(url, package), **ONE, **options) as engine:
                yield Lent(driver_for(engine), engine)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_in(driver.conn)


class TestPostgresEngineConnection(ConnectionContract):
    @pytest.fixture(params=BLOCKING, ids=str)
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            package, level = request.param
            with engine_on(with_package(url, package), **ONE) as engine, engine.connect() as conn:
                if level:
                    conn.execution_options(isolation_level=level)
                yield Lent(driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_under(driver.conn)


class TestAsyncPostgresEngine(AsyncConnectionContract):
    @pytest.fixture(params=ASYNC, ids=str)
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            package, level = request.param
            options = {"isolation_level": level} if level else {}
            async with async_engine_on(with_package(url, package), **ONE, **options) as engine:
                yield Lent(async_driver_for(engine), engine)

        return lend

    def state_of(self, driver: Any) -> object:
        return checked_out(driver.conn.pool)


class TestAsyncPostgresEngineConnection(AsyncConnectionContract):
    @pytest.fixture(params=ASYNC, ids=str)
    def open_driver(self, url: str, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            package, level = request.param
            async with (
                async_engine_on(with_package(url, package), **ONE) as engine,
                engine.connect() as conn,
            ):
                if level:
                    await conn.execution_options(isolation_level=level)
                yield Lent(async_driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_under(driver.conn)


# --- SQLite -------------------------------------------------------------------


class TestSqliteEngine(ConnectionContract):
    @pytest.fixture(params=SQLITE_SETUPS)
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            with sqlite_engine(request.param, sqlite_path) as engine:
                yield Lent(driver_for(engine), engine)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_in(driver.conn)


class TestSqliteEngineConnection(ConnectionContract):
    @pytest.fixture(params=SQLITE_SETUPS)
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            with (
                sqlite_engine(request.param, sqlite_path) as engine,
                engine.connect() as conn,
            ):
                yield Lent(driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_under(driver.conn)


class TestAioSqliteEngine(AsyncConnectionContract):
    @pytest.fixture(params=AIOSQLITE_SETUPS)
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with aiosqlite_engine(request.param, sqlite_path) as engine:
                yield Lent(async_driver_for(engine), engine)

        return lend

    def state_of(self, driver: Any) -> object:
        engine: AsyncEngine = driver.conn
        return checked_out(engine.pool)


class TestAioSqliteEngineConnection(AsyncConnectionContract):
    @pytest.fixture(params=AIOSQLITE_SETUPS)
    def open_driver(self, sqlite_path: Path, request: pytest.FixtureRequest) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            async with (
                aiosqlite_engine(request.param, sqlite_path) as engine,
                engine.connect() as conn,
            ):
                yield Lent(async_driver_for(conn), conn)

        return lend

    def state_of(self, driver: Any) -> object:
        return state_under(driver.conn)
