"""
Prisma: one row an attempt, with SHA-256 of the file; it may have been rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Migration, Reading, Standing
from ..checksums import checkouts, prisma_sha
from ..ledger import Kind, TextRow, ToolLedger, by_name, moment

__all__ = ["LEDGER"]

_LOCK = 72707369


def _read(rows: Sequence[TextRow]) -> Reading:
    found: dict[str, ForeignRow] = {}
    for row in sorted(rows, key=lambda row: row["started_at"] or ""):
        key, ended = row["migration_name"] or "", row["finished_at"]
        known = found.get(key)
        if row["rolled_back_at"] or (known and known.standing is Standing.APPLIED):
            continue
        standing = Standing.APPLIED if ended else Standing.DIRTY
        found[key] = ForeignRow(key, standing, "", moment(ended), row["checksum"])
    return Reading(tuple(found[key] for key in sorted(found)))


def _agrees(migration: Migration, checksum: str) -> bool:
    return checksum in map(prisma_sha, checkouts(migration.content))


def _locks(table: ForeignTable) -> Sequence[int]:
    del table
    return (_LOCK,)


LEDGER = ToolLedger(
    tool="prisma",
    table="_prisma_migrations",
    columns={
        "id": Kind.TEXT,
        "checksum": Kind.TEXT,
        "finished_at": Kind.MOMENT,
        "migration_name": Kind.TEXT,
        "logs": Kind.TEXT,
        "rolled_back_at": Kind.MOMENT,
        "started_at": Kind.MOMENT,
        "applied_steps_count": Kind.NUMBER,
    },
    read=_read,
    keys=by_name,
    agrees=_agrees,
    locks=_locks,
    settle="Look what of {key} is there. If all of it is: prisma migrate resolve --applied {key}. If"
    " nothing is: prisma migrate resolve --rolled-back {key}.",
)
