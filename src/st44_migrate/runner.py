"""
`Migrator` and `AsyncMigrator`: the defaults, and one line for each operation.

Both drive the same engine.  `Migrator` dresses its blocking driver as an async
one and runs the engine's coroutine to its end (see `_bridge`); `AsyncMigrator`
brings asyncio's sleep and shield.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from . import _defaults, _engine
from ._bridge import lift_driver, lift_sleep, no_shield, run_blocking
from ._run import run
from ._session import Setup, within_session
from ._world import World
from .drivers.url import async_driver_for, driver_for
from .model import Plan, Record, Report, Settings, Status
from .protocols import AsyncSleep, Clock, Ledger, Observer, Shield, Sleep, Source
from .source import Folder

__all__ = ["AsyncMigrator", "Migrator", "migrate", "migrate_async"]

T = TypeVar("T")

_DEFAULTS = Settings()


def migrate(
    database: object,
    source: Source | str | os.PathLike[str] = "migrations",
    *,
    settings: Settings = _DEFAULTS,
    observer: Observer | None = None,
) -> Report:
    """
    Bring *database* to what *source* says; see `Migrator`.

    Raises:
        MigrateError: see `Migrator.apply`.
    """
    return Migrator(database, source, settings=settings, observer=observer).apply()


async def migrate_async(
    database: object,
    source: Source | str | os.PathLike[str] = "migrations",
    *,
    settings: Settings = _DEFAULTS,
    observer: Observer | None = None,
) -> Report:
    """
    Bring *database* to what *source* says; see `AsyncMigrator`.

    Raises:
        MigrateError: see `Migrator.apply`.
    """
    return await AsyncMigrator(database, source, settings=settings, observer=observer).apply()


class Migrator:
    """
    Runs migrations on a blocking driver.

    Each operation opens a session and closes it; a caller's own connection is
    given back as it was found.

    Args:
        database: A URL, a psycopg connection or pool, a sqlite3 connection, or
            a `Driver`.

        source: The folder of SQL files, or a `Source`.

        settings: The choices of a run.

        observer: Is told every event, in order.

        ledger: Another ledger than the tables that *settings* names.

        sleep, now: To wait, and to tell the time; for tests.

    Raises:
        ConfigError: *database* is not one, or needs `AsyncMigrator`.
    """

    def __init__(
        self,
        database: object,
        source: Source | str | os.PathLike[str] = "migrations",
        *,
        settings: Settings = _DEFAULTS,
        observer: Observer | None = None,
        ledger: Ledger | None = None,
        sleep: Sleep = time.sleep,
        now: Clock | None = None,
    ) -> None:
        self._source = _source(source)
        self._setup = Setup(
            driver=lift_driver(driver_for(database)),
            settings=settings,
            observer=observer or _defaults.ignore,
            ledger=ledger,
            now=now or _defaults.utcnow,
            sleep=lift_sleep(sleep),
            chance=_defaults.chance,
            shield=no_shield,
            attend=_defaults.thread_attend,
        )

    def plan(self) -> Plan:
        """
        Say what would run, and what is wrong.  Read-only: takes no lock,
        creates nothing.

        Raises:
            SourceError, LedgerError, DatabaseUnavailable: it cannot be said.
        """
        migrations = self._source.load()
        return self._do(lambda world: _engine.plan(world, migrations), readonly=True)

    def apply(self) -> Report:
        """
        Apply what is pending, each file exactly once, in order.

        Returns:
            What was applied, and where the database stands.

        Raises:
            SourceError, PlanError, LedgerError: nothing ran.

            LockTimeout, DatabaseUnavailable: nothing ran.

            ApplyError: a migration failed; its *report* says what stays.
        """
        return run_blocking(run(self._setup, self._source, _defaults.signature()))

    def baseline(self, version: str, *, reason: str = "baseline") -> tuple[Status, ...]:
        """
        Record every file up to *version* as applied, without running any.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return self._do(lambda world: _settle.baseline(world, migrations, version, reason))

    def mark(self, version: str, *, reason: str) -> tuple[Status, ...]:
        """
        Record one file as applied, without running it.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return self._do(lambda world: _settle.mark(world, migrations, version, reason))

    def repair(self, version: str, *, reason: str) -> tuple[Status, ...]:
        """
        Accept an edited or missing file, or a statement that was in doubt.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return self._do(lambda world: _settle.repair(world, migrations, version, reason))

    def show(self, version: str) -> Record:
        """
        Tell everything that is known of one version.  Read-only.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return self._do(lambda world: _settle.show(world, migrations, version), readonly=True)

    def wait(self) -> None:
        """
        Wait until the database answers, ``settings.wait`` seconds at most.

        Raises:
            DatabaseUnavailable: it does not.
        """
        self._do(_answer, readonly=True)

    def _do(self, operation: Callable[[World], Awaitable[T]], *, readonly: bool = False) -> T:
        return run_blocking(
            within_session(
                self._setup, operation, signature=_defaults.signature(), readonly=readonly
            )
        )


class AsyncMigrator:
    """
    Runs migrations on an async driver: `Migrator` with ``await``.

    *database* is a URL, a psycopg AsyncConnection or AsyncConnectionPool, an
    aiosqlite connection, or an `AsyncDriver`.
    """

    def __init__(
        self,
        database: object,
        source: Source | str | os.PathLike[str] = "migrations",
        *,
        settings: Settings = _DEFAULTS,
        observer: Observer | None = None,
        ledger: Ledger | None = None,
        sleep: AsyncSleep | None = None,
        now: Clock | None = None,
        shield: Shield | None = None,
    ) -> None:
        self._source = _source(source)
        self._setup = Setup(
            driver=async_driver_for(database),
            settings=settings,
            observer=observer or _defaults.ignore,
            ledger=ledger,
            now=now or _defaults.utcnow,
            sleep=sleep or _defaults.asyncio_sleep,
            chance=_defaults.chance,
            shield=shield or _defaults.asyncio_shield,
            attend=_defaults.asyncio_attend,
        )

    async def plan(self) -> Plan:
        """
        See `Migrator.plan`.
        """
        migrations = self._source.load()
        return await self._do(lambda world: _engine.plan(world, migrations), readonly=True)

    async def apply(self) -> Report:
        """
        See `Migrator.apply`.  When cancelled, the server's query is stopped,
        the file is rolled back and the lock is free.
        """
        return await run(self._setup, self._source, _defaults.signature())

    async def baseline(self, version: str, *, reason: str = "baseline") -> tuple[Status, ...]:
        """
        See `Migrator.baseline`.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return await self._do(lambda world: _settle.baseline(world, migrations, version, reason))

    async def mark(self, version: str, *, reason: str) -> tuple[Status, ...]:
        """
        See `Migrator.mark`.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return await self._do(lambda world: _settle.mark(world, migrations, version, reason))

    async def repair(self, version: str, *, reason: str) -> tuple[Status, ...]:
        """
        See `Migrator.repair`.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return await self._do(lambda world: _settle.repair(world, migrations, version, reason))

    async def show(self, version: str) -> Record:
        """
        See `Migrator.show`.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return await self._do(lambda world: _settle.show(world, migrations, version), readonly=True)

    async def wait(self) -> None:
        """
        See `Migrator.wait`.
        """
        await self._do(_answer, readonly=True)

    async def _do(self, operation: Callable[[World], Awaitable[T]], *, readonly: bool = False) -> T:
        return await within_session(
            self._setup, operation, signature=_defaults.signature(), readonly=readonly
        )


def _source(source: Source | str | os.PathLike[str]) -> Source:
    return Folder(source) if isinstance(source, str | os.PathLike) else source


async def _answer(world: World) -> None:
    await world.conn.fetch("SELECT 1")
