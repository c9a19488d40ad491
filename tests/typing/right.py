"""
The public names as a caller's type checker sees them: never run.

`check.py` sees that mypy, pyright, ty and pyrefly have nothing to say against it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import psycopg
import psycopg_pool
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncConnection as SqlalchemyAsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from st44_migrate import (
    ApplyError,
    AsyncHealthProbe,
    AsyncMigrator,
    ConfigError,
    DatabaseUnavailable,
    Folder,
    HealthProbe,
    LedgerError,
    LedgerName,
    LockTimeout,
    Memory,
    MigrateError,
    Migrator,
    Package,
    Plan,
    PlanError,
    Problem,
    Report,
    Settings,
    SourceError,
    __version__,
    migrate,
    migrate_async,
)
from st44_migrate.events import Event, MigrationApplied
from st44_migrate.health import HealthReport, HealthStatus, require_current
from st44_migrate.model import (
    Applied,
    LedgerEntry,
    Migration,
    Pending,
    Place,
    Record,
    Severity,
    Status,
)
from st44_migrate.observe import tee
from st44_migrate.observe.log import LogObserver
from st44_migrate.testing import (
    AsyncConnectionContract,
    ConnectionContract,
    MigratedDatabase,
    MigrationTests,
    PostgresServer,
    postgres_server,
)

if TYPE_CHECKING:
    import aiosqlite
    import asyncpg
    import psycopg2.extensions
    import psycopg2.pool

    from st44_migrate.protocols import (
        AsyncDatabase,
        AsyncRunner,
        Connection,
        Database,
        Driver,
        Notice,
        Observer,
        Runner,
        Source,
    )

version: str = __version__


def databases(
    connection: sqlite3.Connection,
    postgres: psycopg.Connection,
    pool: psycopg_pool.ConnectionPool,
    engine: sqlalchemy.Engine,
    lent: sqlalchemy.Connection,
    older: psycopg2.extensions.connection,
    pool_of_older: psycopg2.pool.ThreadedConnectionPool,
) -> None:
    """A blocking run takes a URL or what a blocking app has open."""
    assert_type(migrate("sqlite:///app.db"), Report)
    assert_type(migrate("sqlite:///app.db", "migrations"), Report)
    assert_type(migrate(connection, Path("migrations")), Report)
    assert_type(migrate(postgres, Folder("migrations")), Report)
    assert_type(migrate(older), Report)
    assert_type(migrate(pool_of_older), Report)
    assert_type(migrate(pool, Package("app.migrations")), Report)
    assert_type(migrate(connection, Memory({"001_a.sql": "select 1"})), Report)
    assert_type(migrate(engine), Report)
    assert_type(Migrator(lent).plan(), Plan)
    HealthProbe(engine).close()
    require_current(engine)


async def async_databases(
    connection: aiosqlite.Connection,
    postgres: psycopg.AsyncConnection,
    pool: psycopg_pool.AsyncConnectionPool,
    engine: AsyncEngine,
    lent: SqlalchemyAsyncConnection,
    fast: asyncpg.Connection[asyncpg.Record],
    fast_pool: asyncpg.Pool[asyncpg.Record],
) -> None:
    """An async run takes a URL or what an async app has open."""
    assert_type(await migrate_async("sqlite:///app.db"), Report)
    assert_type(await migrate_async(connection, "migrations"), Report)
    assert_type(await migrate_async(postgres, Path("migrations")), Report)
    assert_type(await migrate_async(pool, Folder("migrations")), Report)
    assert_type(await migrate_async(engine), Report)
    assert_type(await AsyncMigrator(lent).plan(), Plan)
    await AsyncHealthProbe(engine).close()
    assert_type(await migrate_async(fast), Report)
    assert_type(await migrate_async(fast_pool), Report)
    async with fast_pool.acquire() as proxy:
        assert_type(await migrate_async(proxy), Report)


def folders() -> None:
    """A folder is read as what it is, also where it is another tool's or a package's."""
    assert_type(Folder("migrations", layout="goose").load(), Sequence[Migration])
    migrate("sqlite:///app.db", Package("app", "migrations"))


def library(database: Database) -> Report:
    """A library that ships migrations hands on whatever the app has open."""
    ledger = LedgerName("jobs_migrations")
    return migrate(database, Package("jobs.migrations"), settings=Settings(ledger=ledger))


async def async_library(database: AsyncDatabase) -> Report:
    """So does an async one."""
    return await migrate_async(database, Package("jobs.migrations"))


class Own:
    """A source, and a driver, of the caller's own: no base class is needed."""

    dialect = "sqlite"

    def load(self) -> list[Migration]:
        return list(Memory({"001_a.sql": "SELECT 1"}).load())

    def describe(self) -> str:
        return "own"

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> Connection:
        raise NotImplementedError


def own_parts(own: Own) -> None:
    """They go where ours go."""
    source: Source = own
    driver: Driver = own
    migrate(driver, source)
    Migrator(own, own)


def settings() -> Settings:
    """Every choice has a default and a name."""
    ledger = LedgerName("schema_migrations", schema="app")
    assert_type(ledger.journal, str)
    return Settings(
        ledger=ledger,
        wait=60,
        lock_wait=10.5,
        lock_timeout=0,
        retry_for=30,
        allow_late=True,
        session_pooler=True,
    )


def observe(event: Event) -> None:
    """Any function of one event is an observer; a match on it narrows."""
    match event:
        case MigrationApplied(migration=migration, duration_ms=duration_ms):
            assert_type(migration, Migration)
            assert_type(duration_ms, int)
        case _:
            pass


def observers() -> Observer:
    """Several see the same run."""
    return tee(observe, LogObserver(), print)


def migrator(folder: Source, observer: Observer) -> None:
    """What a Migrator answers."""
    runner = Migrator("sqlite:///app.db", folder, settings=settings(), observer=observer)
    promised: Runner = runner
    assert_type(promised.plan(), Plan)
    assert_type(runner.plan(), Plan)
    assert_type(runner.apply(), Report)
    assert_type(runner.baseline("016", reason="it was all there"), tuple[Status, ...])
    assert_type(runner.mark("021", reason="ran it by hand"), tuple[Status, ...])
    assert_type(runner.repair("021", reason="a comment was mended"), tuple[Status, ...])
    assert_type(runner.show("021"), Record)
    runner.wait()
    migrate("sqlite:///app.db", folder, settings=settings(), observer=observe)


async def async_migrator(folder: Source, observer: Observer) -> None:
    """What an AsyncMigrator answers: the same, awaited."""
    runner = AsyncMigrator("sqlite:///app.db", folder, settings=settings(), observer=observer)
    promised: AsyncRunner = runner
    assert_type(await promised.plan(), Plan)
    assert_type(await runner.plan(), Plan)
    assert_type(await runner.apply(), Report)
    assert_type(await runner.baseline("016", reason="it was all there"), tuple[Status, ...])
    assert_type(await runner.mark("021", reason="ran it by hand"), tuple[Status, ...])
    assert_type(await runner.repair("021", reason="a comment was mended"), tuple[Status, ...])
    assert_type(await runner.show("021"), Record)
    await runner.wait()


def health(connection: sqlite3.Connection) -> None:
    """What a probe answers, and what refuses to start without its schema."""
    with HealthProbe(connection, "migrations", tables=["users"]) as probe:
        assert_type(probe.check(), HealthReport)
        assert_type(probe.check().status, HealthStatus)
        assert_type(probe.check().http_status, int)
    require_current("sqlite:///app.db", "migrations")


async def async_health(pool: psycopg_pool.AsyncConnectionPool) -> None:
    """The same, awaited."""
    async with AsyncHealthProbe(pool, Package("app.migrations")) as probe:
        assert_type(await probe.check(), HealthReport)


def values(plan: Plan, report: Report, problem: Problem) -> None:
    """What the answers hold."""
    assert_type(plan.pending, tuple[Pending, ...])
    assert_type(plan.applied, tuple[LedgerEntry, ...])
    assert_type(plan.statuses, tuple[Status, ...])
    assert_type(plan.errors, tuple[Problem, ...])
    assert_type(plan.latest, str | None)
    assert_type(report.applied, tuple[Applied, ...])
    assert_type(report.latest, str | None)
    assert_type(report.count, int)
    assert_type(report.started_at, datetime)
    assert_type(problem.severity, Severity)
    assert_type(problem.line, int | None)


def errors() -> int:
    """One base for all, with the number that the command ends with."""
    try:
        migrate("sqlite:///app.db")
    except ApplyError as error:
        assert_type(error.report, Report)
        assert_type(error.position, Place | None)
        assert_type(error.sqlstate, str | None)
    except PlanError as error:
        assert_type(error.problems, tuple[Problem, ...])
    except DatabaseUnavailable as error:
        assert_type(error.transient, bool)
    except (ConfigError, SourceError, LedgerError, LockTimeout) as error:
        assert_type(error.remedy, str)
    except MigrateError as error:
        assert_type(error.exit_code, int)
        return error.exit_code
    return 0


def fixtures(
    migrated_database: MigratedDatabase,
    migrated_url: str,
    before_migration: Callable[[str | int], MigratedDatabase],
) -> None:
    """What the fixtures of the pytest plugin are, for whoever annotates them."""
    assert_type(migrated_database.url, str)
    assert_type(before_migration(16).migrate(), Report)
    assert_type(before_migration("016").plan(), Plan)
    migrated_database.execute("INSERT INTO users DEFAULT VALUES", "DELETE FROM users")
    migrate(migrated_url)


async def async_fixture(migrated_database: MigratedDatabase) -> None:
    """The same database in the other colour."""
    assert_type(await migrated_database.migrate_async(), Report)


class TestMigrations(MigrationTests):
    """The ready-made tests of a folder, in one line."""


class TestDriver(ConnectionContract):
    """The tests of a driver are a class to fill in."""


class TestAsyncDriver(AsyncConnectionContract):
    """So are those of an async one."""


def server() -> None:
    """A real server for tests that need no plugin."""
    with postgres_server() as found, found.database() as url:
        assert_type(found, PostgresServer)
        assert_type(url, str)
