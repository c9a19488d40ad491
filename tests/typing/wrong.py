"""
Mistakes that a caller's type checker has to find: never run.

Each line that ends in ``# wrong`` is one, and no other line is; `check.py` sees
that every checker says so.
"""
# ruff: noqa: B018 -- what is looked at here is looked at by type checkers

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import psycopg_pool
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from st44_migrate import (
    AsyncHealthProbe,
    AsyncMigrator,
    Folder,
    HealthProbe,
    LedgerName,
    Memory,
    Migrator,
    Report,
    Settings,
    migrate,
    migrate_async,
)
from st44_migrate.events import Event, MigrationApplied
from st44_migrate.testing import MigratedDatabase

if TYPE_CHECKING:
    import aiosqlite
    import asyncpg
    import psycopg2.pool

    from st44_migrate.protocols import AsyncDatabase, Database, Runner, Source

URL = "sqlite:///app.db"


def async_databases_do_not_block(
    lite: aiosqlite.Connection,
    postgres: psycopg.AsyncConnection,
    pool: psycopg_pool.AsyncConnectionPool,
    engine: AsyncEngine,
    lent: AsyncConnection,
    fast: asyncpg.Pool[asyncpg.Record],
) -> None:
    """A blocking run takes nothing that has to be awaited."""
    Migrator(engine)  # wrong
    migrate(lent)  # wrong
    HealthProbe(engine)  # wrong
    Migrator(lite)  # wrong
    Migrator(postgres)  # wrong
    migrate(pool)  # wrong
    migrate(fast)  # wrong


async def blocking_databases_are_not_awaited(
    lite: sqlite3.Connection,
    postgres: psycopg.Connection,
    pool: psycopg_pool.ConnectionPool,
    engine: sqlalchemy.Engine,
    lent: sqlalchemy.Connection,
    older: psycopg2.pool.SimpleConnectionPool,
) -> None:
    """An async run takes nothing that blocks."""
    AsyncMigrator(engine)  # wrong
    await migrate_async(lent)  # wrong
    AsyncHealthProbe(engine)  # wrong
    AsyncMigrator(lite)  # wrong
    AsyncMigrator(postgres)  # wrong
    await migrate_async(pool)  # wrong
    await migrate_async(older)  # wrong


def a_library_passes_on_what_it_is_given(blocking: Database, awaited: AsyncDatabase) -> None:
    """The colour of a database is kept on its way through other functions."""
    Migrator(awaited)  # wrong
    AsyncMigrator(blocking)  # wrong


async def health_has_colours_too(
    lite: aiosqlite.Connection, pool: psycopg_pool.ConnectionPool
) -> None:
    """A probe is of the colour of its database."""
    HealthProbe(lite)  # wrong
    AsyncHealthProbe(pool)  # wrong
    AsyncHealthProbe(URL).check().status  # wrong


async def forgotten_await(migrator: AsyncMigrator) -> None:
    """What has to be awaited is not yet an answer."""
    report: Report = migrate_async(URL)  # wrong
    migrator.plan().pending  # wrong
    del report


async def superfluous_await(migrator: Migrator) -> None:
    """What blocks is not awaited."""
    await migrator.apply()  # wrong
    await migrate(URL)  # wrong


def one_colour_is_not_the_other(migrator: AsyncMigrator) -> None:
    """Code for a blocking runner is given no other."""
    runner: Runner = migrator  # wrong
    del runner


def no_databases() -> None:
    """A path is not a URL, and neither is nothing."""
    migrate()  # wrong
    migrate(None)  # wrong
    migrate(42)  # wrong
    migrate(Path("app.db"))  # wrong


def no_sources() -> None:
    """A folder is a path or a source; files that are not in a folder are a Memory."""
    migrate(URL, ["001_a.sql"])  # wrong
    migrate(URL, {"001_a.sql": "SELECT 1"})  # wrong
    Memory({"001_a.sql": 1})  # wrong
    Folder(None)  # wrong


class Shapeless:
    """A source that forgets to say where it is."""

    def load(self) -> list[str]:
        return ["001_a.sql"]


def no_source_of_their_own() -> None:
    """Whoever writes a source is told what it lacks."""
    source: Source = Shapeless()  # wrong
    migrate(URL, Shapeless())  # wrong
    del source


def no_settings() -> None:
    """A choice has a name and a unit; settings are passed by name, and stay as they are."""
    Settings(wait="60")  # wrong
    Settings(lock_timout=5)  # wrong
    Settings(ledger="app.schema_migrations")  # wrong
    LedgerName(None)  # wrong
    migrate(URL, "migrations", Settings())  # wrong
    Settings().wait = 60  # wrong


def too_picky(event: MigrationApplied) -> None:
    del event


async def too_late(event: Event) -> None:
    del event


def no_observers() -> None:
    """An observer takes every event, and at once."""
    migrate(URL, observer=too_picky)  # wrong
    migrate(URL, observer="log")  # wrong


def answers_stay_as_they_are(report: Report) -> None:
    """What a run says is not changed afterwards."""
    report.started_at = None  # wrong
    report.applied.append(report)  # wrong
    report.aplied  # wrong


def no_reason(migrator: Migrator) -> None:
    """Who decides says why, by name; a version is a text."""
    migrator.mark("021")  # wrong
    migrator.mark("021", "ran it by hand")  # wrong
    migrator.repair(21, reason="a comment was mended")  # wrong


async def in_tests(database: MigratedDatabase) -> None:
    """The database of a test has both colours, and they are told apart."""
    await database.migrate()  # wrong
    database.migrate_async().count  # wrong
    database.execute(b"SELECT 1")  # wrong
