"""
dbmate: one row a version, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Reading
from ..ledger import Kind, TextRow, ToolLedger, number

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    return Reading(tuple(ForeignRow(key) for key in sorted(number(row["version"]) for row in rows)))


LEDGER = ToolLedger(
    tool="dbmate",
    table="schema_migrations",
    columns={"version": Kind.TEXT},
    # Rails' has the same column.
    beside="!ar_internal_metadata",
    read=_read,
)
