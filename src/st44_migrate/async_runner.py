"""
`AsyncMigrator`: what `runner` offers, for async drivers.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from . import _engine
from ._defaults import (
    answer,
    asyncio_attend,
    asyncio_shield,
    asyncio_sleep,
    chance,
    ignore,
    signature,
    source_of,
    utcnow,
)
from ._run import run
from ._session import Setup, within_session
from ._world import World
from .drivers.url import async_driver_for
from .model import Plan, Record, Report, Settings, Status, Terms
from .protocols import AsyncDatabase, AsyncSleep, Clock, Ledger, Observer, Shield, Source

if TYPE_CHECKING:
    from .model import Adoption

__all__ = ["AsyncMigrator", "migrate_async"]

T = TypeVar("T")

_DEFAULTS = Settings()
_TERMS = Terms()


async def migrate_async(
    database: AsyncDatabase,
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


class AsyncMigrator:
    """
    Runs migrations on an async driver: `Migrator` with ``await``.

    *database* is a URL, a psycopg AsyncConnection or AsyncConnectionPool, an
    aiosqlite connection, an AsyncEngine or AsyncConnection of SQLAlchemy, or an
    `AsyncDriver`.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        source: Source | str | os.PathLike[str] = "migrations",
        *,
        settings: Settings = _DEFAULTS,
        observer: Observer | None = None,
        ledger: Ledger | None = None,
        sleep: AsyncSleep | None = None,
        now: Clock | None = None,
        shield: Shield | None = None,
    ) -> None:
        self._source = source_of(source)
        self._setup = Setup(
            driver=async_driver_for(database),
            settings=settings,
            observer=observer or ignore,
            ledger=ledger,
            now=now or utcnow,
            sleep=sleep or asyncio_sleep,
            chance=chance,
            shield=shield or asyncio_shield,
            attend=asyncio_attend,
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
        return await run(self._setup, self._source, signature())

    async def baseline(self, version: str, *, reason: str = "baseline") -> tuple[Status, ...]:
        """
        See `Migrator.baseline`.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return await self._do(lambda world: _settle.baseline(world, migrations, version, reason))

    async def adoption(self, terms: Terms = _TERMS) -> Adoption:
        """
        See `Migrator.adoption`.
        """
        from . import _adopt  # once in a database's life

        migrations = self._source.load()
        return await self._do(
            lambda world: _adopt.adoption(world, migrations, terms), readonly=True
        )

    async def adopt(self, terms: Terms = _TERMS) -> Adoption:
        """
        See `Migrator.adopt`.
        """
        from . import _adopt  # once in a database's life

        migrations = self._source.load()
        return await self._do(lambda world: _adopt.adopt(world, migrations, terms))

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
        await self._do(answer, readonly=True)

    async def _do(self, operation: Callable[[World], Awaitable[T]], *, readonly: bool = False) -> T:
        return await within_session(
            self._setup, operation, signature=signature(), readonly=readonly
        )
