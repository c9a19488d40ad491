"""
What another tool's ledger says, in our words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["ForeignRow", "ForeignTable", "Reading", "Standing"]


@dataclass(frozen=True, slots=True)
class ForeignTable:
    """
    A table that may be another tool's ledger.

    Args:
        schema: Where it is; ``"main"`` on SQLite.

        name: What it is called.

        columns: Its columns and their types, as the catalog writes them.

        database: The database that it is in.

        beside: Other tables of its schema that belong to tools.
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    database: str = ""
    beside: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return self.name if self.schema == "main" else f"{self.schema}.{self.name}"


class Standing(StrEnum):
    """
    How a version stands in another tool's ledger.
    """

    APPLIED = "applied"

    DIRTY = "dirty"
    """Begun, and its end was not recorded."""

    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ForeignRow:
    """
    One version, as another tool recorded it.

    Args:
        key: What the tool calls it: ``"7"``, ``"20240528214728_create_users"``.

        name: What else is said of it, where something is.

        applied_at: When it was applied, in UTC.

        checksum: As the tool wrote it; None where it keeps none.

        repeatable: It has no place among the versions.
    """

    key: str
    standing: Standing = Standing.APPLIED
    name: str = ""
    applied_at: datetime | None = None
    checksum: str | None = None
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """
    All that a ledger says.

    Args:
        rows: One for each version, in the order of the tool.

        upto: Every file up to the one with this key counts as applied as well:
            some tools keep one row only.
    """

    rows: tuple[ForeignRow, ...]
    upto: str | None = None
