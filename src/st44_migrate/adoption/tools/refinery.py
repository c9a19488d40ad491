"""
refinery: one row a version, with SipHash-1-3 of name, version and text.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Migration, Reading
from ..checksums import checkouts, refinery_sip
from ..ledger import Kind, TextRow, ToolLedger, moment, number

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    found = (
        ForeignRow(
            number(row["version"]),
            name=row["name"] or "",
            applied_at=moment(row["applied_on"]),
            checksum=row["checksum"],
        )
        for row in rows
    )
    return Reading(tuple(sorted(found, key=lambda row: int(row.key))))


def _agrees(migration: Migration, checksum: str) -> bool:
    version = migration.version
    return isinstance(version, int) and any(
        checksum in refinery_sip(migration.name, version, content)
        for content in checkouts(migration.content)
    )


LEDGER = ToolLedger(
    tool="refinery",
    table="refinery_schema_history",
    columns={
        "version": Kind.NUMBER,
        "name": Kind.TEXT,
        "applied_on": Kind.MOMENT,
        "checksum": Kind.TEXT,
    },
    read=_read,
    agrees=_agrees,
)
