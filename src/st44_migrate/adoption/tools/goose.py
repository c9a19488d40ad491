"""
goose: rows in the order of events; the newest one of a version decides.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Reading
from ..ledger import Kind, TextRow, ToolLedger, moment, number, true

__all__ = ["LEDGER"]

_LOCK = 4097083626


def _read(rows: Sequence[TextRow]) -> Reading:
    newest = {number(row["version_id"]): row for row in sorted(rows, key=_order)}
    newest.pop("0", None)  # always there
    found = (
        ForeignRow(key, applied_at=moment(row["tstamp"]))
        for key, row in newest.items()
        if true(row["is_applied"])
    )
    return Reading(tuple(sorted(found, key=lambda row: int(row.key))))


def _order(row: TextRow) -> int:
    return int(row["id"] or 0)


def _locks(table: ForeignTable) -> Sequence[int]:
    del table
    return (_LOCK,)


LEDGER = ToolLedger(
    tool="goose",
    table="goose_db_version",
    columns={
        "id": Kind.NUMBER,
        "version_id": Kind.NUMBER,
        "is_applied": Kind.FLAG,
        "tstamp": Kind.MOMENT,
    },
    read=_read,
    locks=_locks,
)
