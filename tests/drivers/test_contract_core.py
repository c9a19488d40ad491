"""
The drivers on SQLAlchemy keep the public contract, on a real MariaDB.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext

import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from drivers.test_contract import Lent
from mariadb_server import MariaDBServer
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.protocols import AsyncDriver, Driver
from st44_migrate.testing.contract import (
    AsyncConnectionContract,
    ConnectionContract,
    OpenAsyncDriver,
    OpenDriver,
)


@pytest.fixture(scope="module")
def url(mariadb: MariaDBServer) -> Iterator[str]:
    """
    Give one MariaDB database for all laws: they clean up before themselves.
    """
    with mariadb.database() as url:
        yield url


class TestMariaDBUrl(ConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenDriver:
        return lambda: nullcontext(driver_for(url))


class TestEngine(ConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            engine = create_engine(url, pool_size=2, max_overflow=0)
            yield Lent(driver_for(engine), engine)
            engine.dispose()

        return lend

    def state_of(self, driver: Lent) -> object:  # type: ignore[override]
        with driver.conn.connect() as conn:
            mode = conn.exec_driver_sql("SELECT @@autocommit, @@in_transaction").one()
            return tuple(mode), driver.conn.pool.checkedout(), conn.get_isolation_level()


class TestConnection(ConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenDriver:
        @contextmanager
        def lend() -> Iterator[Driver]:
            engine = create_engine(url)
            with engine.connect() as conn:
                yield Lent(driver_for(conn), conn)
            engine.dispose()

        return lend

    def state_of(self, driver: Lent) -> object:  # type: ignore[override]
        conn = driver.conn
        level = conn.get_isolation_level()
        conn.rollback()
        return level, conn.closed, conn.in_transaction()


class TestAsyncMariaDBUrl(AsyncConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        return lambda: nullcontext(async_driver_for(url))


class TestAsyncEngine(AsyncConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            engine = create_async_engine(url.replace("pymysql", "aiomysql"))
            yield async_driver_for(engine)
            await engine.dispose()

        return lend


class TestAsyncConnection(AsyncConnectionContract):
    defers = False

    @pytest.fixture
    def open_driver(self, url: str) -> OpenAsyncDriver:
        @asynccontextmanager
        async def lend() -> AsyncIterator[AsyncDriver]:
            engine = create_async_engine(url.replace("pymysql", "aiomysql"))
            async with engine.connect() as conn:
                yield async_driver_for(conn)
            await engine.dispose()

        return lend
