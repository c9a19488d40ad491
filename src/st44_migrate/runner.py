"""
`Migrator`: the defaults, and one line for each operation.

It drives the same engine as its twin in `async_runner`: it dresses its blocking
driver as an async one, and runs the engine's coroutine to its end (see `_bridge`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from . import _engine
from ._bridge import lift_driver, lift_sleep, no_shield, run_blocking
from ._defaults import answer, chance, ignore, signature, source_of, thread_attend, utcnow
from ._run import run
from ._session import Setup, within_session
from ._world import World
from .drivers.url import driver_for
from .model import Plan, Record, Report, Settings, Status, Terms
from .protocols import Clock, Database, Ledger, Observer, Sleep, Source

if TYPE_CHECKING:
    from .model import Adoption

__all__ = ["Migrator", "migrate"]

T = TypeVar("T")

_DEFAULTS = Settings()
_TERMS = Terms()


def migrate(
    database: Database,
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


class Migrator:
    """
    Runs migrations on a blocking driver.

    Each operation opens a session and closes it; a caller's own connection is
    given back as it was found.

    Args:
        database: A URL, a psycopg connection or pool, a sqlite3 connection, an
            engine or connection of SQLAlchemy, or a `Driver`.

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
        database: Database,
        source: Source | str | os.PathLike[str] = "migrations",
        *,
        settings: Settings = _DEFAULTS,
        observer: Observer | None = None,
        ledger: Ledger | None = None,
        sleep: Sleep = time.sleep,
        now: Clock | None = None,
    ) -> None:
        self._source = source_of(source)
        self._setup = Setup(
            driver=lift_driver(driver_for(database)),
            settings=settings,
            observer=observer or ignore,
            ledger=ledger,
            now=now or utcnow,
            sleep=lift_sleep(sleep),
            chance=chance,
            shield=no_shield,
            attend=thread_attend,
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
        return run_blocking(run(self._setup, self._source, signature()))

    def baseline(self, version: str, *, reason: str = "baseline") -> tuple[Status, ...]:
        """
        Record every file up to *version* as applied, without running any.
        """
        from . import _settle  # few runs need it

        migrations = self._source.load()
        return self._do(lambda world: _settle.baseline(world, migrations, version, reason))

    def adoption(self, terms: Terms = _TERMS) -> Adoption:
        """
        Say what `adopt` would record, and what is in the way.  Read-only.

        Raises:
            ConfigError: there is no ledger of another tool, or there are several.

            SourceError, LedgerError, DatabaseUnavailable: it cannot be said.
        """
        from . import _adopt  # once in a database's life

        migrations = self._source.load()
        return self._do(lambda world: _adopt.adoption(world, migrations, terms), readonly=True)

    def adopt(self, terms: Terms = _TERMS) -> Adoption:
        """
        Record what another tool's ledger says is applied, without running any.

        The other's table stays as it is, and its lock is held meanwhile.

        Raises:
            ConfigError: there is no ledger of another tool, or there are several.

            LedgerError: it has to be settled first, or cannot be read or written.

            LockTimeout: the other tool is at work.

            SourceError, DatabaseUnavailable: nothing was done.
        """
        from . import _adopt  # once in a database's life

        migrations = self._source.load()
        return self._do(lambda world: _adopt.adopt(world, migrations, terms))

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
        self._do(answer, readonly=True)

    def _do(self, operation: Callable[[World], Awaitable[T]], *, readonly: bool = False) -> T:
        return run_blocking(
            within_session(self._setup, operation, signature=signature(), readonly=readonly)
        )
