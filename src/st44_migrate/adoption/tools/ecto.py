"""
Ecto: one row a version, and when.  It locks the table itself.

The migrations are programs.  What is adopted are the versions of files that stand
for them, or a baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Reading
from ..ledger import Kind, TextRow, ToolLedger, moment, number

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (
        ForeignRow(number(row["version"]), applied_at=moment(row["inserted_at"])) for row in rows
    )
    return Reading(tuple(sorted(found, key=lambda row: int(row.key))))


LEDGER = ToolLedger(
    tool="ecto",
    table="schema_migrations",
    columns={"version": Kind.NUMBER, "inserted_at": Kind.MOMENT},
    read=_read,
)
