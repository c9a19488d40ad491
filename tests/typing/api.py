"""
The public names as a caller's type checker sees them: checked by mypy and pyright, never run.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_type

import psycopg
import psycopg_pool

from st44_migrate import (
    ApplyError,
    AsyncMigrator,
    ConfigError,
    DatabaseUnavailable,
    Folder,
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

if TYPE_CHECKING:
    import aiosqlite

    from st44_migrate.protocols import AsyncRunner, Observer, Runner, Source

version: str = __version__


def databases(
    connection: sqlite3.Connection,
    postgres: psycopg.Connection,
    pool: psycopg_pool.ConnectionPool,
) -> None:
    """A blocking run takes a URL or what a blocking app has open."""
    assert_type(migrate("sqlite:///app.db"), Report)
    assert_type(migrate("sqlite:///app.db", "migrations"), Report)
    assert_type(migrate(connection, Path("migrations")), Report)
    assert_type(migrate(postgres, Folder("migrations")), Report)
    assert_type(migrate(pool, Package("app.migrations")), Report)
    assert_type(migrate(connection, Memory({"001_a.sql": "select 1"})), Report)


async def async_databases(
    connection: aiosqlite.Connection,
    postgres: psycopg.AsyncConnection,
    pool: psycopg_pool.AsyncConnectionPool,
) -> None:
    """An async run takes a URL or what an async app has open."""
    assert_type(await migrate_async("sqlite:///app.db"), Report)
    assert_type(await migrate_async(connection, "migrations"), Report)
    assert_type(await migrate_async(postgres, Path("migrations")), Report)
    assert_type(await migrate_async(pool, Folder("migrations")), Report)


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
