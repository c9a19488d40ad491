"""
Flyway: rows in the order of events, with CRC-32 of the file.

A version may be deleted or undone by a later row, repeatable files have a row for
each time that they ran, and a baseline stands for every version up to its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...model import ForeignRow, ForeignTable, Migration, Reading, Standing, Version, read_version
from ..checksums import flyway_crc
from ..ledger import Kind, TextRow, ToolLedger, moment, number, true

__all__ = ["LEDGER"]

_LOCK = 77431708279161
_BASELINES = {"BASELINE", "SQL_BASELINE", "JDBC_BASELINE"}


def _read(rows: Sequence[TextRow]) -> Reading:
    found: dict[tuple[str, bool], ForeignRow] = {}
    upto: Version | None = None
    for row in sorted(rows, key=lambda row: int(row["installed_rank"] or 0)):
        kind = row["type"] or ""
        repeatable = row["version"] is None
        key = (row["description"] or "") if repeatable else number(row["version"])
        if kind == "SCHEMA":
            continue
        if kind in _BASELINES:
            version = read_version(key)
            upto = version if upto is None or (version is not None and version > upto) else upto
        elif kind == "DELETE" or kind.startswith("UNDO"):
            found.pop((key, repeatable), None)
        else:
            found[key, repeatable] = _row(row, key, repeatable=repeatable)
    return Reading(tuple(found.values()), upto=None if upto is None else str(upto))


def _row(row: TextRow, key: str, *, repeatable: bool) -> ForeignRow:
    return ForeignRow(
        key,
        Standing.APPLIED if true(row["success"]) else Standing.FAILED,
        row["description"] or "",
        moment(row["installed_on"]),
        row["checksum"] if row["type"] == "SQL" else None,
        repeatable,
    )


def _keys(migration: Migration) -> Sequence[str]:
    if migration.repeatable:
        return (migration.name.replace("_", " "),)
    return (str(migration.version),)


def _agrees(migration: Migration, checksum: str) -> bool:
    return flyway_crc(_filled(migration)) == checksum


def _filled(migration: Migration) -> bytes:
    """
    Put what placeholders stand for into a repeatable file: its checksum is over that.
    """
    placeholder = migration.notation.placeholder if migration.notation else None
    if not migration.repeatable or placeholder is None:
        return migration.content
    values = dict(migration.values)

    def value(found: re.Match[str]) -> str:
        return values.get(found["name"], found[0])

    text = migration.content.decode("utf-8", "surrogateescape")
    return placeholder.pattern.sub(value, text).encode("utf-8", "surrogateescape")


def _locks(table: ForeignTable) -> Sequence[int]:
    """
    The name's hash as Java computes it, signed, above a constant.
    """
    value = 0
    text = f'"{table.schema}"."{table.name}"'.encode("utf-16-be")
    for high, low in zip(text[::2], text[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) % 2**32
    return (_LOCK + (value - 2**32 if value >= 2**31 else value),)


LEDGER = ToolLedger(
    tool="flyway",
    table="flyway_schema_history",
    columns={
        "installed_rank": Kind.NUMBER,
        "version": Kind.TEXT,
        "description": Kind.TEXT,
        "type": Kind.TEXT,
        "script": Kind.TEXT,
        "checksum": Kind.NUMBER,
        "installed_by": Kind.TEXT,
        "installed_on": Kind.MOMENT,
        "execution_time": Kind.NUMBER,
        "success": Kind.FLAG,
    },
    also=frozenset({"version_rank"}),
    read=_read,
    keys=_keys,
    agrees=_agrees,
    locks=_locks,
    settle="Undo by hand what of {key} is there, and remove its row: flyway repair.",
)
