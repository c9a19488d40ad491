"""
postgres-migrations: one row a file, with SHA-1 of its name and text.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Migration, Reading
from ..checksums import checkouts, postgres_migrations_sha
from ..ledger import Kind, TextRow, ToolLedger, file_name, moment, number

__all__ = ["LEDGER"]

_LOCK = -8525285245963000605


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (
        ForeignRow(
            number(row["id"]),
            name=row["name"] or "",
            applied_at=moment(row["executed_at"]),
            checksum=row["hash"],
        )
        for row in rows
        if row["id"] != "0"  # the table itself
    )
    return Reading(tuple(sorted(found, key=lambda row: int(row.key))))


def _agrees(migration: Migration, checksum: str) -> bool:
    file = file_name(migration)
    return any(
        checksum == postgres_migrations_sha(file, content)
        for content in checkouts(migration.content)
    )


def _locks(table: ForeignTable) -> Sequence[int]:
    del table
    return (_LOCK,)


LEDGER = ToolLedger(
    tool="postgres-migrations",
    table="migrations",
    columns={
        "id": Kind.NUMBER,
        "name": Kind.TEXT,
        "hash": Kind.TEXT,
        "executed_at": Kind.MOMENT,
    },
    read=_read,
    agrees=_agrees,
    locks=_locks,
)
