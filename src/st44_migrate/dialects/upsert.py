"""
What PostgreSQL and SQLite say alike of a row: insert it, or change it where it is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .phrase import GAP, Phrase

__all__ = ["OnConflict"]


class OnConflict:
    """
    The members of a `Dialect` that are the same wherever ``ON CONFLICT`` and
    ``RETURNING`` are known, and a NULL says that a condition does not hold.
    """

    def column(self, name: str) -> str:
        return name

    def as_text(self, column: str) -> str:
        return f"CAST({column} AS text)"

    def upsert(
        self,
        table: str,
        values: Mapping[str, str],
        moments: Mapping[str, str],
        only: str = "",
    ) -> Sequence[str]:
        return (_on_conflict(table, values, moments, only),)

    def only_if(self, condition: str, value: str) -> str:
        return f"CASE WHEN {condition} THEN {value} END"

    def answering(self, column: str) -> str:
        return f" RETURNING {column}"


def _on_conflict(
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
