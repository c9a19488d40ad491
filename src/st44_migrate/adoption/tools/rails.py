"""
Rails: one row a version, and a table ``ar_internal_metadata`` beside it.

The migrations are programs.  What is adopted are the versions of files that stand
for them, or a baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ...model import ForeignRow, ForeignTable, Reading
from ..ledger import Kind, TextRow, ToolLedger, number

__all__ = ["LEDGER"]

_SALT = 2053462845


def _read(rows: Sequence[TextRow]) -> Reading:
    return Reading(tuple(ForeignRow(key) for key in sorted(number(row["version"]) for row in rows)))


def _locks(table: ForeignTable) -> Sequence[int]:
    return (_SALT * crc32(table.database.encode()),)


LEDGER = ToolLedger(
    tool="rails",
    table="schema_migrations",
    columns={"version": Kind.TEXT},
    beside="ar_internal_metadata",
    read=_read,
    locks=_locks,
)
