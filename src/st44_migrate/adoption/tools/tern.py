"""
tern: one row, the latest version.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Reading
from ..ledger import Kind, TextRow, ToolLedger, number

__all__ = ["LEDGER"]

_LOCK = 9628173550095224


def _read(rows: Sequence[TextRow]) -> Reading:
    found = tuple(ForeignRow(key) for row in rows if (key := number(row["version"])) != "0")
    return Reading(found, upto=found[0].key if found else None)


def _locks(table: ForeignTable) -> Sequence[int]:
    del table
    return (_LOCK,)


LEDGER = ToolLedger(
    tool="tern",
    table="schema_version",
    columns={"version": Kind.NUMBER},
    read=_read,
    locks=_locks,
)
