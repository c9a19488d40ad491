"""
A database of one test, and the part of a folder that leads up to a version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..async_runner import AsyncMigrator
from ..drivers.url import driver_for
from ..errors import ConfigError
from ..model import Migration, Plan, Report, Settings, read_version
from ..protocols import Source
from ..runner import Migrator
from .recipe import quiet, run_sql

__all__ = ["MigratedDatabase", "Part", "before"]


@dataclass(frozen=True, slots=True)
class MigratedDatabase:
    """
    A database that belongs to one test, and the migrations that are for it.

    Args:
        url: Where it is, for drivers, engines and apps of either colour.

        source: What `migrate` brings it to.

        settings: The choices of its runs.
    """

    url: str
    source: Source
    settings: Settings

    def migrate(self) -> Report:
        """
        Apply what is pending.

        Raises:
            MigrateError: see `Migrator.apply`.
        """
        return Migrator(self.url, self.source, settings=self.settings).apply()

    async def migrate_async(self) -> Report:
        """
        Apply what is pending, with the async driver.
        """
        return await AsyncMigrator(self.url, self.source, settings=self.settings).apply()

    def plan(self) -> Plan:
        """
        Say what is pending, and what is wrong.
        """
        return Migrator(self.url, self.source, settings=self.settings).plan()

    def execute(self, *texts: str) -> None:
        """
        Run SQL, any number of statements in each text, all in one transaction.

        Raises:
            DriverError: a statement failed, and nothing of all is done.
        """
        run_sql(self.url, *texts)

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """
        Ask one query, and return all its rows.

        Raises:
            DriverError: it failed.
        """
        conn = driver_for(self.url).connect(timeout=10.0, readonly=False, notice=quiet)
        try:
            return [tuple(row) for row in conn.fetch(sql)]
        finally:
            conn.close()


class Part:
    """
    The first files of a source, as a source.

    Args:
        whole: The source.

        count: How many of its files, in order.
    """

    def __init__(self, whole: Source, count: int) -> None:
        self._whole = whole
        self._count = count

    def describe(self) -> str:
        """
        Name the whole.
        """
        return self._whole.describe()

    def load(self) -> Sequence[Migration]:
        """
        Return the first files.

        Raises:
            SourceError: the whole cannot be read.
        """
        return tuple(self._whole.load())[: self._count]


def before(database: MigratedDatabase, version: str | int) -> MigratedDatabase:
    """
    Bring an empty database to the state before *version*.

    Returns:
        The same, whose `MigratedDatabase.migrate` applies *version* and nothing else.

    Raises:
        ConfigError: the source has no such version, or two of it.

        MigrateError: a file before it fails.
    """
    source, number = database.source, read_version(str(version))
    migrations = source.load()
    found = [index for index, migration in enumerate(migrations) if migration.version == number]
    if len(found) != 1:
        raise ConfigError(
            f"{source.describe()} has {len(found) or 'no'} file{'s' * bool(found)}"
            f" with the number {version}",
            remedy=f"Its last file is {migrations[-1].label}.",
        )
    if found[0]:
        replace(database, source=Part(source, found[0])).migrate()
    return replace(database, source=Part(source, found[0] + 1))
