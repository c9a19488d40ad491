"""
How tables that may be ledgers are looked for, and how their rows are read as text.

PostgreSQL and SQLite.  Everything is SQL text, or reads what came back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..model import ForeignTable
from ..protocols import Row
from .ledger import TextRow

__all__ = ["fence", "find_tables", "qualified", "read_rows", "read_tables", "select_rows"]

_ISO = "'YYYY-MM-DD\"T\"HH24:MI:SS.US'"


def find_tables(dialect: str, columns: Collection[str], beside: Collection[str]) -> str:
    """
    Ask for every column of every table that has one of *columns*, and for the
    tables called as in *beside*.
    """
    telling, others = _texts(columns), _texts(beside)
    if dialect == "sqlite":
        return (
            "SELECT 'main', m.name, c.name, c.type, '' FROM main.sqlite_master m,"
            " pragma_table_info(m.name, 'main') c WHERE m.type = 'table' AND (m.name IN"
            f" ({others}) OR EXISTS (SELECT 1 FROM pragma_table_info(m.name, 'main') t"
            f" WHERE t.name IN ({telling}))) ORDER BY m.name, c.cid"
        )
    return f"""
SELECT n.nspname::text, c.relname::text, a.attname::text,
       pg_catalog.format_type(a.atttypid, NULL), pg_catalog.current_database()::text
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND (c.relname IN ({others}) OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0
           AND NOT t.attisdropped AND t.attname IN ({telling})))
 ORDER BY n.nspname, c.relname, a.attnum"""


def read_tables(rows: Sequence[Row], beside: Collection[str]) -> tuple[ForeignTable, ...]:
    """
    Read the answer to `find_tables`.
    """
    columns: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for schema, name, column, type_name, database in rows:
        columns.setdefault((schema, name, database), []).append((column, type_name.lower()))
    return tuple(
        ForeignTable(
            schema,
            name,
            tuple(found),
            database,
            frozenset(other for place, other, _ in columns if place == schema and other in beside),
        )
        for (schema, name, database), found in columns.items()
    )


def select_rows(dialect: str, table: ForeignTable, columns: Iterable[str]) -> str:
    """
    Ask for all rows of *table*, each value as text.
    """
    types = dict(table.columns)
    write = _sqlite_text if dialect == "sqlite" else _postgresql_text
    shown = ", ".join(write(_quoted(name), name, types[name]) for name in columns)
    return f"SELECT {shown} FROM {qualified(table)}"


def read_rows(columns: Iterable[str], rows: Sequence[Row]) -> tuple[TextRow, ...]:
    """
    Read the answer to `select_rows`.
    """
    names = tuple(columns)
    return tuple(dict(zip(names, row, strict=True)) for row in rows)


def fence(dialect: str, table: ForeignTable) -> Sequence[str]:
    """
    Keep everybody from writing to *table* until the transaction ends.
    """
    if dialect == "sqlite":  # BEGIN IMMEDIATE has done it
        return ()
    return (f"LOCK TABLE {qualified(table)} IN SHARE MODE",)


def qualified(table: ForeignTable) -> str:
    """
    Write the table's name for SQL.
    """
    return f"{_quoted(table.schema)}.{_quoted(table.name)}"


def _postgresql_text(column: str, name: str, type_name: str) -> str:
    if type_name.startswith("timestamp"):
        # Without a zone it is in the session's, as `now()` wrote it.
        zone = " AT TIME ZONE 'UTC'"
        when = column if name.endswith("_utc") else f"({column}::timestamptz{zone})"
        return f"to_char({when}, {_ISO})"
    if type_name == "bytea":
        return f"encode({column}, 'hex')"
    return f"{column}::int::text" if type_name == "boolean" else f"{column}::text"


def _sqlite_text(column: str, name: str, type_name: str) -> str:
    del name, type_name  # A column's type binds nobody.
    text = f"CAST({column} AS text)"
    return f"CASE typeof({column}) WHEN 'blob' THEN lower(hex({column})) ELSE {text} END"


def _texts(names: Iterable[str]) -> str:
    return ", ".join("'" + name.replace("'", "''") + "'" for name in sorted(names)) or "NULL"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
