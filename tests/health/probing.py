"""
Both probes behind one face, on a URL or on what a caller lends them.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiosqlite
import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from st44_migrate import HealthReport, Memory
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.health import AsyncHealthProbe, HealthProbe, Policy

COLOURS = ("blocking", "async")
NOW = datetime(2025, 12, 14, 2, 30, tzinfo=UTC)

TABLES = (
    *("users", "households", "children"),
    *("tasks", "task_assignments", "task_completions"),
)


def household(last: int = 8) -> Memory:
    """
    Give a folder like the guide's: eight files, the ledger's own among them.
    """
    names = ("users", "households", "household_members", *TABLES[2:])
    files = {
        "000_create_migrations_table.sql": "CREATE TABLE IF NOT EXISTS schema_migrations"
        " (version varchar(32) PRIMARY KEY, name varchar(255) NOT NULL,"
        " applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP);\n"
    }
    for number, name in zip((1, 11, 12, 13, 14, 15, 16), names, strict=True):
        files[f"{number:03}_create_{name}_table.sql"] = f"CREATE TABLE {name} (id integer);\n"
    return Memory(dict(list(files.items())[:last]))


@dataclass
class Probing:
    """
    A probe, and the loop that it lives in, if it needs one.

    *lent* is what the caller lent it, to be used beside it.
    """

    probe: Any
    lent: Any = None
    loop: asyncio.Runner | None = None

    def check(self, policy: Policy | None = None) -> HealthReport:
        report = self.await_(self.probe.check(policy))
        assert isinstance(report, HealthReport)
        return report

    def burst(self, callers: int) -> list[HealthReport]:
        """
        Ask from many threads, or tasks, at once.
        """
        if self.loop is None:
            with ThreadPoolExecutor(callers) as pool:
                flights = [pool.submit(self.check) for _ in range(callers)]
                return [flight.result() for flight in flights]

        async def ask() -> list[HealthReport]:
            reports: list[HealthReport] = await asyncio.gather(
                *(self.probe.check() for _ in range(callers))
            )
            return reports

        return self.loop.run(ask())

    def latest(self) -> HealthReport:
        """
        Ask nothing; let the loop, if there is one, do what it has to do.
        """
        if self.loop is not None:
            self.loop.run(asyncio.sleep(0.01))
        report = self.probe.latest()
        assert isinstance(report, HealthReport)
        return report

    def await_(self, value: Any) -> Any:
        """
        Await *value* in the probe's own loop, if it is awaitable.
        """
        if self.loop is None or not hasattr(value, "__await__"):
            return value

        async def run() -> Any:
            return await value

        return self.loop.run(run())


Lend = Callable[[str], Any]
"""Gives a context, of either colour, with what a caller lends: a connection, a pool."""


@contextmanager
def probing(
    colour: str, database: object, source: object, *, lend: Lend | None = None, **choices: Any
) -> Iterator[Probing]:
    """
    Make a probe of *colour* on *database*, or on what *lend* makes of it.
    """
    if colour == "blocking":
        with ExitStack() as stack:
            lent = stack.enter_context(lend(str(database))) if lend else database
            probe = stack.enter_context(HealthProbe(lent, source, **choices))  # type: ignore[arg-type]
            yield Probing(probe, lent)
        return

    with asyncio.Runner() as loop:
        exits = AsyncExitStack()

        async def make() -> tuple[AsyncHealthProbe, Any]:
            lent = await exits.enter_async_context(lend(str(database))) if lend else database
            probe = AsyncHealthProbe(lent, source, **choices)  # type: ignore[arg-type]
            return await exits.enter_async_context(probe), lent

        made, lent = loop.run(make())
        try:
            yield Probing(made, lent, loop)
        finally:
            loop.run(exits.aclose())


# --- what callers lend --------------------------------------------------------


def pool_of(colour: str, size: int = 1) -> Lend:
    if colour == "blocking":
        return lambda url: ConnectionPool(url, min_size=size, max_size=size, open=True)

    @asynccontextmanager
    async def lend(url: str) -> AsyncIterator[AsyncConnectionPool[Any]]:
        async with AsyncConnectionPool(url, min_size=size, max_size=size, open=False) as pool:
            await pool.wait()
            yield pool

    return lend


def connection_of(colour: str, **options: Any) -> Lend:
    if colour == "blocking":
        return lambda url: psycopg.connect(url, **options)

    @asynccontextmanager
    async def lend(url: str) -> AsyncIterator[Any]:
        async with await psycopg.AsyncConnection.connect(url, **options) as conn:
            yield conn

    return lend


def sqlite_connection_of(colour: str) -> Lend:
    """
    Lend a connection on the file of a SQLite URL.
    """
    if colour == "async":
        return lambda url: aiosqlite.connect(url.removeprefix("sqlite:///"))

    @contextmanager
    def lend(url: str) -> Iterator[sqlite3.Connection]:
        conn = sqlite3.connect(url.removeprefix("sqlite:///"))
        try:
            yield conn
        finally:
            conn.close()

    return lend


def raw_driver(colour: str, url: str) -> Any:
    return driver_for(url) if colour == "blocking" else async_driver_for(url)
