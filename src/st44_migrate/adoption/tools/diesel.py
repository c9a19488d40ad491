"""
diesel: one row a version, the digits of the folder without hyphens.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Migration, Reading
from ..ledger import Kind, TextRow, ToolLedger, moment

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (ForeignRow(row["version"] or "", applied_at=moment(row["run_on"])) for row in rows)
    return Reading(tuple(sorted(found, key=lambda row: row.key)))


def _keys(migration: Migration) -> Sequence[str]:
    return migration.key or migration.label, str(migration.version)


LEDGER = ToolLedger(
    tool="diesel",
    table="__diesel_schema_migrations",
    columns={"version": Kind.TEXT, "run_on": Kind.MOMENT},
    read=_read,
    keys=_keys,
)
