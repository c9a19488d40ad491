"""
Any other database: standard SQL, and a short list of what differs.

Whoever writes a driver for a database that is neither PostgreSQL nor SQLite
makes a subclass of `Standard`, says what its database says otherwise, and gives
it to the driver as *grammar*.  Everything else follows from that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from re import sub
from typing import ClassVar

from ..errors import DriverError
from ..model import LedgerName
from ..protocols import Row
from .footing import Column, Footing, Session, Tables, Trouble, Types
from .modest import Modest
from .phrase import GAP, Phrase

__all__ = ["Standard"]

_TROUBLES = {
    "21000": Trouble.RECORDED,
    "42S02": Trouble.MISSING,
    "42P01": Trouble.MISSING,
    "42S22": Trouble.MISSING,
    "42703": Trouble.MISSING,
    "42S01": Trouble.EXISTS,
    "42P07": Trouble.EXISTS,
    "23505": Trouble.EXISTS,
    "42501": Trouble.FORBIDDEN,
    "25006": Trouble.READONLY,
    "40001": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "55P03": Trouble.BUSY,
    "57014": Trouble.CANCELLED,
}


class Standard(Modest):
    """
    The texts and facts of a database that speaks standard SQL; see `Dialect`.

    It is expected to undo DDL with its transaction, and to have an
    ``information_schema``.  What a subclass says otherwise, it says here first:
    """

    name: str = "standard"
    """What the files are read as, and what people call it."""

    now: str = "CURRENT_TIMESTAMP"
    """The present; see `Dialect.now`."""

    here: str = "current_schema"
    """The schema in which a bare name is looked for first, as an expression."""

    nothing: str = ""
    """The FROM clause of a query on nothing, with a blank before it."""

    types: Types = Types(
        "timestamp", "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP", key="varchar(255)"
    )
    """How columns are declared."""

    troubles: ClassVar[Mapping[str, Trouble]] = {}
    """What an error means, by `DriverError.sqlstate`, beyond the standard's codes."""

    def quote(self, name: str) -> str:
        """
        Quote a name.
        """
        return '"' + name.replace('"', '""') + '"'

    def literal(self, value: str | float | bool | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, str):
            return "'" + value.replace("'", "''") + "'"
        return str(value).lower()

    def concat(self, *parts: str) -> str:
        """
        Put texts together.
        """
        return " || ".join(parts)

    def epoch(self, column: str) -> str:
        return column

    def elapsed(self, since: str) -> str:
        """
        See `Dialect.elapsed`; NULL where nobody measures.
        """
        del since
        return "NULL"

    def about_session(self) -> Sequence[str]:
        """
        Ask more about the session: queries whose rows begin with ``'session'``, the
        server's version and our pid there, or with ``'setting'``, name and value;
        NULLs make five columns of them.
        """
        return ()

    # --- what follows from that ---

    def only_if(self, condition: str, value: str) -> str:
        # A subquery that may give one row and gives two fails in every database.  That
        # it has two depends on the data: an optimiser may compute it at any time.
        return (
            f"(SELECT two.word FROM (SELECT {value} AS word{self.nothing}"
            f" UNION ALL SELECT {value}{self.nothing or ' FROM (SELECT 1) one'} WHERE NOT {condition}) two)"
        )

    def tables(self, name: LedgerName, schema: str | None = None) -> Tables:
        known = schema or name.schema
        place = self.quote(known) if known else ""
        before = f"{place}." if place else ""
        return Tables(place, before + self.quote(name.table), before + self.quote(name.journal))

    def column(self, name: str) -> str:
        return self.quote(name)

    def as_text(self, column: str) -> str:
        return f"CAST({column} AS varchar(255))"

    def holding(self, footing: Footing, versions: Sequence[str]) -> Phrase:
        gaps = ", ".join([GAP] * len(versions))
        return Phrase(
            f"{footing.tables.ledger} WHERE {self.as_text('version')} IN ({gaps})",
            list(map(self.literal, versions)),
        )

    def insert_unless_there(self, table: str, values: Mapping[str, str]) -> str:
        """
        Insert *values* by column, unless there is a row of the same *version*.
        """
        return (
            f"INSERT INTO {table} ({', '.join(map(self.column, values))})"
            f" SELECT {', '.join(values.values())}{self.nothing} WHERE NOT EXISTS"
            f" (SELECT 1 FROM {table} WHERE version = {values['version']})"
        )

    def upsert(
        self, table: str, values: Mapping[str, str], moments: Mapping[str, str], only: str = ""
    ) -> Sequence[str]:
        all_of = {**values, **moments}
        key, *others = all_of
        first = {name: all_of[name] for name in (key, "name")} | {"state": "''"}
        changes = ", ".join(f"{self.column(name)} = {all_of[name]}" for name in others)
        only = sub(r"\bexcluded\.(\w+)", lambda m: all_of[m[1]], sub(r"\bj\.", "", only))
        return (
            self.insert_unless_there(table, first),
            f"UPDATE {table} SET {changes} WHERE version = {all_of[key]}"
            + (f" AND ({only})" if only else ""),
        )

    def full_join(self, columns: str, tables: Tables) -> str:
        key = f"coalesce(nullif(TRIM(LEADING '0' FROM {self.as_text('l.version')}), ''), '0')"
        return (
            f"SELECT {columns} FROM {tables.ledger} l LEFT JOIN {tables.journal} j"
            f" ON j.version = {key} UNION ALL SELECT {columns} FROM {tables.journal} j"
            # Joined by an expression, each row would be compared with all.
            f" LEFT JOIN {tables.ledger} l ON 1 = 0 WHERE j.version NOT IN"
            f" (SELECT {key} FROM {tables.ledger} l WHERE l.version IS NOT NULL)"
        )

    # --- looking ---

    def _place(self, schema: str | None) -> str:
        return self.literal(schema) if schema else self.here

    def inspect(self, name: LedgerName, *, borrowed: bool) -> str:
        place, none = self._place(name.schema), self.as_text("NULL")
        names = f"{self.literal(name.table)}, {self.literal(name.journal)}"
        width = self.as_text("character_maximum_length")
        return "\nUNION ALL ".join(
            (
                f"SELECT 'place', {place}, {none}, {none}, {none}{self.nothing}",
                *self.about_session(),
                f"SELECT 'table', table_name, table_type, {none}, {none}"
                f" FROM information_schema.tables"
                f" WHERE table_schema = {place} AND table_name IN ({names})",
                f"SELECT 'column', column_name, data_type, {width},"
                f" CASE WHEN {self.required} THEN '1' END FROM information_schema.columns"
                f" WHERE table_schema = {place} AND table_name = {self.literal(name.table)}",
            )
        )

    required: str = "is_nullable = 'NO' AND column_default IS NULL"
    """The condition that an INSERT has to give a value to a column of the catalog."""

    def footing(self, name: LedgerName, rows: Sequence[Row]) -> Footing:
        (schema,) = (row[1] for row in rows if row[0] == "place")
        session = next((row for row in rows if row[0] == "session"), ("", "", None))
        found = {row[1].lower(): row[2] for row in rows if row[0] == "table"}
        kind = found.get(name.table.lower(), "")
        return Footing(
            session=Session(
                version=session[1],
                pid=None if session[2] is None else int(session[2]),
                settings=tuple((row[1], row[2]) for row in rows if row[0] == "setting"),
            ),
            tables=self.tables(name, schema),
            schema=schema,
            columns=tuple(
                Column(row[1].lower(), row[2].lower(), row[3] and int(row[3]), row[4] == "1")
                for row in rows
                if row[0] == "column"
            ),
            kind="view" if kind.upper().endswith("VIEW") else "table",
            has_journal=name.journal.lower() in found,
        )

    def pulse(
        self, name: LedgerName, footing: Footing, relations: Sequence[str], key: int | None
    ) -> str:
        known = f"{bool(footing.columns):d}{footing.has_journal:d}"
        ours = [self._there(name.schema, table) for table in (name.table, name.journal)]
        pairs = (relation.rpartition(".") for relation in relations)
        present = [self._there(schema or None, table) for schema, _, table in pairs]
        return (
            f"SELECT CASE WHEN {self.concat(*ours)} <> '{known}' THEN 1 END, NULL,"
            f" {self.concat(chr(39) * 2, *present)}, {self.worker(key)}, NULL{self.nothing}"
        )

    def worker(self, key: int | None) -> str:
        """
        Say who has the runners' lock *key*: a pid, or NULL.
        """
        del key
        return "NULL"

    def _there(self, schema: str | None, table: str) -> str:
        return (
            "CASE WHEN EXISTS (SELECT 1 FROM information_schema.tables"
            f" WHERE table_schema = {self._place(schema)} AND table_name = {self.literal(table)})"
            " THEN '1' ELSE '0' END"
        )

    # --- the session, and a migration's transaction ---

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        return (f"BEGIN {options}".rstrip(),)

    def guard(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        held = f"EXISTS (SELECT 1 FROM {self.holding(footing, versions)})"
        return (
            f"SELECT {self.only_if(f'(NOT {held})', chr(39) + 'free' + chr(39))}{self.nothing}",
        )

    def trouble(self, error: DriverError) -> Trouble:
        state = error.sqlstate or ""
        return self.troubles.get(state) or _TROUBLES.get(state, Trouble.OTHER)
