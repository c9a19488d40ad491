"""
SQLite's pulse: whether ledger, journal and critical tables are where they were.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import LedgerName
from .footing import Footing
from .sqlite_text import literal, quoted

__all__ = ["pulse"]


def pulse(name: LedgerName, footing: Footing, relations: Sequence[str]) -> str:
    """
    Write the query that `Dialect.pulse` describes.

    Nothing says whether rows have changed: to read them costs less than to ask.
    """
    schema = name.schema or "main"
    there = (_in_master(table, schema) for table in (name.table, name.journal))
    found = "".join(str(int(known)) for known in (bool(footing.columns), footing.has_journal))
    present = " || ".join(["''", *(_present(relation) for relation in relations)])
    return (
        f"SELECT CASE WHEN {' || '.join(there)} <> '{found}' THEN 1 END,"
        f" NULL, {present}, NULL, NULL"
    )


def _present(relation: str) -> str:
    schema, _, bare = relation.rpartition(".")
    if schema.lower() in {"", "main"}:
        return _in_master(bare, "main")
    # Not by its own sqlite_master: an attached database may not be there.
    return (
        "EXISTS(SELECT 1 FROM pragma_table_list"
        f" WHERE schema = {literal(schema)} COLLATE NOCASE AND name = {literal(bare)} COLLATE NOCASE)"
    )


def _in_master(table: str, schema: str) -> str:
    return (
        f"EXISTS(SELECT 1 FROM {quoted(schema)}.sqlite_master"
        f" WHERE type IN ('table', 'view') AND name = {literal(table)} COLLATE NOCASE)"
    )
