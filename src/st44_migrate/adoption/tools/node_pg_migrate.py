"""
node-pg-migrate: one row a file, by its name without the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Reading
from ..ledger import Kind, TextRow, ToolLedger, by_name, moment

__all__ = ["LEDGER"]

_LOCK = 7241865325823964


def _read(rows: Sequence[TextRow]) -> Reading:
    ordered = sorted(rows, key=lambda row: int(row["id"] or 0))
    return Reading(
        tuple(ForeignRow(row["name"] or "", applied_at=moment(row["run_on"])) for row in ordered)
    )


def _locks(table: ForeignTable) -> Sequence[int]:
    del table
    return (_LOCK,)


LEDGER = ToolLedger(
    tool="node-pg-migrate",
    table="pgmigrations",
    columns={"id": Kind.NUMBER, "name": Kind.TEXT, "run_on": Kind.MOMENT},
    read=_read,
    keys=by_name,
    locks=_locks,
)
