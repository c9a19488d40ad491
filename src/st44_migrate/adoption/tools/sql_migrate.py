"""
sql-migrate: one row a file, by its whole name.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Reading
from ..ledger import Kind, TextRow, ToolLedger, by_file, moment

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (ForeignRow(row["id"] or "", applied_at=moment(row["applied_at"])) for row in rows)
    return Reading(tuple(sorted(found, key=lambda row: row.key)))


LEDGER = ToolLedger(
    tool="sql-migrate",
    table="gorp_migrations",
    columns={"id": Kind.TEXT, "applied_at": Kind.MOMENT},
    read=_read,
    keys=by_file,
)
