"""
yoyo: one row a file, by its name; its lock is a row of the table ``yoyo_lock``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...model import ForeignRow, ForeignTable, Reading
from ..catalog import qualified
from ..ledger import Claim, Kind, TextRow, ToolLedger, by_name, moment

__all__ = ["LEDGER"]

_LOCK_TABLE = "yoyo_lock"


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (
        ForeignRow(row["migration_id"] or "", applied_at=moment(row["applied_at_utc"]))
        for row in rows
    )
    return Reading(tuple(sorted(found, key=lambda row: row.key)))


def _claim(table: ForeignTable) -> Claim | None:
    if _LOCK_TABLE not in table.beside:
        return None
    lock = qualified(replace(table, name=_LOCK_TABLE))
    return Claim(
        f"INSERT INTO {lock} (locked, ctime, pid) VALUES (1, CURRENT_TIMESTAMP, 0)",
        f"DELETE FROM {lock} WHERE locked = 1",
    )


LEDGER = ToolLedger(
    tool="yoyo",
    table="_yoyo_migration",
    columns={
        "migration_hash": Kind.TEXT,
        "migration_id": Kind.TEXT,
        "applied_at_utc": Kind.MOMENT,
    },
    read=_read,
    keys=by_name,
    claim=_claim,
    nearby=frozenset({_LOCK_TABLE}),
)
