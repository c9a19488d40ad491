"""
golang-migrate: one row, the latest version, and whether it ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from ...model import ForeignRow, ForeignTable, Reading, Standing
from ..ledger import Kind, TextRow, ToolLedger, number, true

__all__ = ["LEDGER"]

_SALT = 1486364155


def _read(rows: Sequence[TextRow]) -> Reading:
    found = tuple(
        ForeignRow(
            number(row["version"]), Standing.DIRTY if true(row["dirty"]) else Standing.APPLIED
        )
        for row in rows
    )
    return Reading(found, upto=found[0].key if found else None)


def _locks(table: ForeignTable) -> Sequence[int]:
    """
    The command makes another key of the same database than a program does.
    """
    names = (f"/{table.database}", table.database)
    texts = (f"{table.schema}\0{table.name}\0{name}" for name in names)
    return [crc32(text.encode()) * _SALT % 2**32 for text in texts]


LEDGER = ToolLedger(
    tool="golang-migrate",
    table="schema_migrations",
    columns={"version": Kind.NUMBER, "dirty": Kind.FLAG},
    read=_read,
    locks=_locks,
    settle="Look what of version {key} is there. If all of it is: migrate force {key}. If nothing is:"
    " migrate force with the version before it (-1 if there is none).",
)
