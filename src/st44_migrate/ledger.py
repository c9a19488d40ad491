"""
The ledger: the table that says what is applied, ours or anybody's.

``schema_migrations(version, name, applied_at)`` is what people already have.
Rows written by hand or by other programs count; its shape is never altered; a
table of that name with another shape is refused and never written to.  Reading
never writes: only `TableLedger.ensure` creates anything, and only under the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from . import journal
from .dialects import GAP, Dialect, Footing, Phrase, Tables, Trouble
from .errors import ConfigError, DatabaseUnavailable, DriverError, LedgerError
from .model import Fault, History, LedgerName, spellings
from .protocols import AsyncConnection, Row
from .rows import read_history
from .shapes import check_shape

__all__ = ["TableLedger"]

_LONGEST_NAME = 63
_CREATION_RACES = 5
_NO_MOMENT = frozenset({"42846", "42883", "22007", "22008"})
"""What the server says where applied_at is no moment."""

_NO_JOURNAL = ", ".join(["NULL"] * 13)


class TableLedger:
    """
    Ledger and journal in two tables of one schema.
    """

    def __init__(self, dialect: Dialect, name: LedgerName) -> None:
        if len(name.table.encode()) > _LONGEST_NAME:
            raise ConfigError(
                f"the ledger's name {name.table!r} is longer than {_LONGEST_NAME} bytes",
                remedy="PostgreSQL would cut it off: give it a shorter one.",
            )
        self.dialect = dialect
        self.name = name

    async def read(self, conn: AsyncConnection) -> History:
        """
        Read what is applied.  One query where ledger and journal exist.

        Raises:
            LedgerError: the ledger cannot be read, or is not one of ours.

            DatabaseUnavailable: the session ended.
        """
        query = self._query(self.dialect.tables(self.name), self.dialect.premise(self.name))
        return await self._understood(conn, await self._rows(conn, query))

    async def read_unless(self, conn: AsyncConnection, digest: str) -> History | None:
        """
        Read what is applied, unless *digest* says it all: see `plan.digest`.
        """
        d, tables = self.dialect, self.dialect.tables(self.name)
        premise = d.premise(self.name)
        query = self._query(tables, premise)
        asked = d.unless(query, tables, premise, digest)
        if asked is None:
            return await self.read(conn)
        rows = await self._rows(conn, asked)
        if rows and rows[0][0]:
            return None
        # Where nothing is recorded there is one row that has nothing in it.
        return await self._understood(conn, rows and [r[1:] for r in rows if r[2] is not None])

    async def _rows(self, conn: AsyncConnection, query: str) -> Sequence[Row] | None:
        """
        Fetch rows of ledger and journal; None where one of them is missing.
        """
        try:
            return await conn.fetch(query)
        except DriverError as error:
            if self.dialect.trouble(error) is not Trouble.MISSING:
                raise self.unreadable(error) from error
            return None

    async def _understood(self, conn: AsyncConnection, rows: Sequence[Row] | None) -> History:
        if rows is None or (rows and rows[0][0] is not None):
            return await self._read_what_is_there(conn)
        return read_history(rows)

    def _query(self, tables: Tables, premise: str = "NULL") -> str:
        version, applied_at = self._version_and_moment()
        columns = (
            f"{premise}, l.version IS NOT NULL, coalesce({version}, j.version), l.name,"
            f" {applied_at}, j.version IS NOT NULL, {journal.columns(self.dialect)}"
        )
        return self.dialect.full_join(columns, tables)

    def _version_and_moment(self) -> tuple[str, str]:
        return self.dialect.as_text("l.version"), self.dialect.epoch("l.applied_at")

    async def _read_what_is_there(self, conn: AsyncConnection) -> History:
        return await self.read_on(conn, await self.inspect(conn))

    async def read_on(self, conn: AsyncConnection, footing: Footing) -> History:
        """
        Read what is applied from the tables that *footing* found.

        Raises:
            LedgerError, DatabaseUnavailable: see `read`.
        """
        if footing.is_ours:
            return read_history(await self._fetch(conn, self._query(footing.tables)))
        if not footing.columns:
            if footing.has_journal:
                await self._refuse_orphan(conn, footing)
            return History()
        version, applied_at = self._version_and_moment()
        columns = f"NULL, true, {version}, l.name, {applied_at}, false, {_NO_JOURNAL}"
        return read_history(
            await self._fetch(conn, f"SELECT {columns} FROM {footing.tables.ledger} l")
        )

    async def inspect(self, conn: AsyncConnection) -> Footing:
        """
        Look at the session and at what is there of ledger and journal.

        Raises:
            LedgerError: a table of the ledger's name has another shape, or the
                ledger may be hidden from this role.
        """
        query = self.dialect.inspect(self.name, borrowed=conn.borrowed)
        footing = self.dialect.footing(self.name, await self._fetch(conn, query))
        if footing.hidden:
            raise LedgerError(
                f"the search_path names the schema {footing.hidden[0]!r}, which this role may not use;"
                f" a ledger {self.name.table!r} in it would not be seen",
                unchanged="Nothing was run.",
                remedy=f"Grant USAGE on the schema, or name the ledger's schema:"
                f" --ledger SCHEMA.{self.name.table}",
            )
        if footing.filtered:
            raise LedgerError(
                f"row level security hides rows of {self.name} or its journal from this role:"
                " what it hides would count as not applied",
                unchanged="Nothing was run.",
                remedy="Run as the tables' owner, or: ALTER TABLE ... DISABLE ROW LEVEL SECURITY.",
            )
        check_shape(self.name, footing)
        return footing

    async def ensure(self, conn: AsyncConnection, footing: Footing) -> Footing:
        """
        Create what is missing of schema, ledger and journal.

        Looks first: CREATE TABLE IF NOT EXISTS wants the right to create even
        where the table exists.  Two creators may race; the slower looks again.
        """
        for _ in range(_CREATION_RACES):
            if footing.is_ours:
                return footing
            await self._create(conn, footing)
            footing = await self.inspect(conn)
        raise LedgerError(
            f"ledger and journal of {self.name} are created and dropped by another program",
            unchanged="Nothing was run.",
            remedy="Find out who does that, and run again.",
        )

    async def _create(self, conn: AsyncConnection, footing: Footing) -> None:
        if footing.schema is None:
            raise LedgerError(
                "the search_path names no schema that exists, so there is no place for the ledger",
                unchanged="Nothing was run.",
                remedy=f"Name one: --ledger SCHEMA.{self.name.table}",
            )
        try:
            await conn.run(["BEGIN", *self._creation(footing), "COMMIT"])
        except DriverError as error:
            if not error.lost:
                with suppress(DriverError):
                    await conn.run(["ROLLBACK"])
            if self.dialect.trouble(error) is not Trouble.EXISTS:
                raise self._uncreatable(footing, error) from error

    def _creation(self, footing: Footing) -> list[str]:
        types, tables = self.dialect.types, footing.tables
        statements: list[str] = []
        if not footing.has_schema:
            statements.append(f"CREATE SCHEMA {tables.schema}")
        if not footing.columns:
            statements.append(
                f"CREATE TABLE {tables.ledger} (version {types.version} PRIMARY KEY,"
                f" name varchar(255) NOT NULL, applied_at {types.stamp})"
            )
        if not footing.has_journal:
            statements.append(journal.create(tables, self.dialect))
        return statements

    # --- what ledger statements look like ---

    def spellings(self, label: str) -> Sequence[str]:
        """
        See `model.spellings`.
        """
        return spellings(label)

    def record(self, footing: Footing, label: str, name: str) -> Phrase:
        """
        Record a version if the file has not done so itself, in any spelling.
        """
        d = self.dialect
        held = d.holding(footing, self.spellings(label))
        return Phrase(
            f"INSERT INTO {footing.tables.ledger} (version, name, applied_at)"
            f" SELECT {GAP}, {GAP}, {d.now}"
            f" WHERE NOT EXISTS (SELECT 1 FROM {held.form})",
            [d.literal(label), d.literal(name), *held.values],
        )

    def record_new(self, footing: Footing, label: str, name: str) -> Phrase:
        """
        Record a version that is not recorded, and give the moment.
        """
        d = self.dialect
        return Phrase(
            f"INSERT INTO {footing.tables.ledger} (version, name, applied_at)"
            f" VALUES ({GAP}, {GAP}, {d.now}){d.answering(d.moment('applied_at'))}",
            [d.literal(label), d.literal(name)],
        )

    # --- what can be wrong ---

    async def _fetch(self, conn: AsyncConnection, sql: str) -> list[Row]:
        try:
            return list(await conn.fetch(sql))
        except DriverError as error:
            raise self.unreadable(error) from error

    async def _refuse_orphan(self, conn: AsyncConnection, footing: Footing) -> None:
        rows = await self._fetch(
            conn, f"SELECT count(*) FROM {footing.tables.journal} WHERE state = 'applied'"
        )
        if rows[0][0]:
            raise LedgerError(
                f"the ledger {self.name} is gone, but its journal lists {rows[0][0]} applied migration(s)",
                unchanged="Nothing was run.",
                remedy="Restore the ledger's table from a backup, or drop"
                f" {footing.tables.journal} if this database really starts anew.",
            )

    def unreadable(self, error: DriverError) -> LedgerError | DatabaseUnavailable:
        """
        Say what *error* means to whoever wanted to read.
        """
        if error.lost:
            return _connection_lost(error)
        remedy = (
            "The ledger is the only proof of what is applied, so nothing is assumed without it."
        )
        if self.dialect.trouble(error) is Trouble.FORBIDDEN:
            remedy = f"Grant this role SELECT on {self.name} and {self.name.journal}."
        if error.sqlstate in _NO_MOMENT:
            remedy = "Its column applied_at has to be a timestamp: change its type, or name another ledger."
        return LedgerError(
            f"the ledger {self.name} cannot be read: {error.message}",
            unchanged="Nothing was run.",
            remedy=remedy,
        )

    def _uncreatable(
        self, footing: Footing, error: DriverError
    ) -> LedgerError | DatabaseUnavailable:
        if error.lost:
            return _connection_lost(error)
        if self.dialect.trouble(error) is Trouble.READONLY:
            return DatabaseUnavailable(
                f"{self.name} cannot be created, the database is read-only: {error.message}",
                transient=False,
                remedy="Look at the rights on the file and on its folder; or use a server and a"
                " role that may write.",
            )
        what = "journal" if footing.columns else "ledger"
        return LedgerError(
            f"the {what} of {self.name} cannot be created: {error.message}",
            unchanged="Nothing was run.",
            remedy=f"Let this role create tables in the schema {footing.schema!r},"
            " or name another one: --ledger SCHEMA.TABLE",
        )


def _connection_lost(error: DriverError) -> DatabaseUnavailable:
    return DatabaseUnavailable(
        f"the connection was lost: {error.message}",
        transient=True,
        remedy="Run again.",
        fault=Fault.LOST,
    )
