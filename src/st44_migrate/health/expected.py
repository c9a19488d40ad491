"""
What the code expects of its database: read once, from the folder that it ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import SourceError
from ..model import History, Migration, Plan, Settings, Statement
from ..plan import Reader, make_plan
from ..protocols import Source
from .relations import FromMigrations, relations_of

__all__ = ["Critical", "Expected", "expect"]

Critical: TypeAlias = Sequence[str] | FromMigrations
"""The critical tables: ``"users"``, ``"app.users"``, as written; or derived."""


@dataclass(frozen=True, slots=True)
class Expected:
    """
    Args:
        migrations: The folder's files, with their bytes.

        relations: The critical tables.

        settings: The ledger's name, and whether late files are welcome.

        read: Reads scripts, each once.
    """

    migrations: tuple[Migration, ...]
    relations: tuple[str, ...]
    settings: Settings
    read: Reader

    def compare(self, history: History) -> Plan:
        """
        Make the plan that a run would make.
        """
        return make_plan(
            self.migrations,
            history,
            read=self.read,
            allow_late=self.settings.allow_late,
            ledger=str(self.settings.ledger),
        )


def expect(source: Source, settings: Settings, critical: Critical, dialect: str) -> Expected:
    """
    Read the folder, and the statements of its files if tables are derived from them.

    Raises:
        SourceError: there is nothing to expect.
    """
    migrations = tuple(source.load())
    read = Reader(dialect, settings.ledger.table)
    if isinstance(critical, FromMigrations):
        relations = _derive(migrations, read, settings, critical)
    else:
        relations = (critical,) if isinstance(critical, str) else tuple(critical)
    return Expected(migrations, relations, settings, read)


def _derive(
    migrations: Sequence[Migration], read: Reader, settings: Settings, critical: FromMigrations
) -> tuple[str, ...]:
    ledger = settings.ledger
    ours = {str(ledger), ledger.table, ledger.journal}
    found = relations_of(
        statement for migration in migrations for statement in _statements(read, migration)
    )
    return tuple(name for name in found if name not in ours and name not in critical.without)


def _statements(read: Reader, migration: Migration) -> Sequence[Statement]:
    try:
        return read(migration).statements
    except SourceError:
        return ()  # The plan says so, if the file is still to run.
