"""
sqlx: one row a version, with SHA-384 of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ...model import ForeignRow, ForeignTable, Migration, Reading, Standing
from ..checksums import checkouts, sqlx_sha
from ..ledger import Kind, TextRow, ToolLedger, moment, number, true

__all__ = ["LEDGER"]

_SALT = 0x3D32AD9E


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (
        ForeignRow(
            number(row["version"]),
            Standing.APPLIED if true(row["success"]) else Standing.DIRTY,
            row["description"] or "",
            moment(row["installed_on"]),
            row["checksum"],
        )
        for row in rows
    )
    return Reading(tuple(sorted(found, key=lambda row: int(row.key))))


def _agrees(migration: Migration, checksum: str) -> bool:
    return checksum in map(sqlx_sha, checkouts(migration.content))


def _locks(table: ForeignTable) -> Sequence[int]:
    return (_SALT * crc32(table.database.encode()),)


LEDGER = ToolLedger(
    tool="sqlx",
    table="_sqlx_migrations",
    columns={
        "version": Kind.NUMBER,
        "description": Kind.TEXT,
        "installed_on": Kind.MOMENT,
        "success": Kind.FLAG,
        "checksum": Kind.BYTES,
        "execution_time": Kind.NUMBER,
    },
    read=_read,
    agrees=_agrees,
    locks=_locks,
    settle="Look what of version {key} is there. If all of it is: UPDATE {table} SET success = true"
    " WHERE version = {key}. If nothing is: DELETE FROM {table} WHERE version = {key}.",
)
