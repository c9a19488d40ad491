"""
To insert a row, or change it where it is there: as PostgreSQL and its kin say it.
"""

from __future__ import annotations

from collections.abc import Mapping

from .phrase import GAP, Phrase

__all__ = ["on_conflict"]


def on_conflict(
    table: str, values: Mapping[str, str], moments: Mapping[str, str], only: str
) -> Phrase:
    """
    Write what `Dialect.upsert` describes with ``ON CONFLICT``.
    """
    columns = (*values, *moments)
    given = (*([GAP] * len(values)), *moments.values())
    updates = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    return Phrase(
        f"INSERT INTO {table} AS j ({', '.join(columns)})"
        f" VALUES ({', '.join(given)}) ON CONFLICT (version) DO UPDATE SET {updates}"
        + (f" WHERE {only}" if only else ""),
        list(values.values()),
    )
