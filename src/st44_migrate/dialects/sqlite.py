"""
SQLite 3.35 and later.

There is no lock of the session and no server to ask: ``BEGIN IMMEDIATE`` keeps
runners apart, and the claim inside the transaction says who was first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import DriverError
from ..model import LedgerName, Script
from ..protocols import Row
from .footing import Column, Company, Footing, Session, Tables, Trouble, Types
from .modest import Modest
from .phrase import GAP, Phrase
from .sqlite_pulse import pulse
from .sqlite_quick import is_quick
from .sqlite_session import PRAGMAS, restore
from .sqlite_text import listed, literal, quoted
from .upsert import OnConflict

__all__ = ["SQLite"]

# SQLite takes a statement of a million bytes unless built otherwise; a
# character has at most four of them.
_CHUNK = 200_000

# A reference to columns that are not unique makes the whole check fail.  Nobody
# notices while foreign keys are off, so it must not stop a file that has nothing
# to do with it: tables with such a reference are left out.
_CHECKABLE = """
SELECT m.name FROM sqlite_master AS m WHERE m.type = 'table' AND NOT EXISTS (
  SELECT 1 FROM pragma_foreign_key_list(m.name) AS f
   WHERE EXISTS (SELECT 1 FROM pragma_table_info(f."table"))
     AND f."to" IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM pragma_table_info(f."table") AS p
                      WHERE p.pk AND p.name = f."to" COLLATE NOCASE)
     AND NOT EXISTS (SELECT 1 FROM pragma_index_list(f."table") AS i, pragma_index_info(i.name) AS c
                      WHERE i."unique" AND c.name = f."to" COLLATE NOCASE))"""

_VIOLATIONS = f"""
SELECT v."table", v.parent, v.fkid, count(*) AS n
  FROM ({_CHECKABLE}) AS t, pragma_foreign_key_check(t.name) AS v GROUP BY 1, 2, 3"""

# Only violations that are new count: an old one must not stop a file that has
# nothing to do with it.
_NEW_VIOLATIONS = f"""
SELECT new."table", new.parent, new.n - coalesce(old.n, 0) AS n FROM ({_VIOLATIONS}) AS new
  LEFT JOIN temp.st44_violations AS old
    ON old."table" = new."table" AND old.parent = new.parent AND old.fkid = new.fkid
 WHERE new.n > coalesce(old.n, 0)"""


class SQLite(OnConflict, Modest):
    """
    The texts and facts of SQLite; see `Dialect`.
    """

    name = "sqlite"
    now = "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')"
    types = Types("timestamp", "timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP")
    company = Company.TRANSACTION  # to sync a file takes longer than most migrations

    def joins(self, footing: Footing, script: Script) -> bool:
        beyond = script.prologue or script.epilogue or restore(footing, script)
        return not beyond and is_quick(script.statements)

    def literal(self, value: str | float | bool | None) -> str:
        return literal(value)

    def tables(self, name: LedgerName, schema: str | None = None) -> Tables:
        place = quoted(schema or name.schema or "main")
        return Tables(place, f"{place}.{quoted(name.table)}", f"{place}.{quoted(name.journal)}")

    def holding(self, footing: Footing, versions: Sequence[str]) -> Phrase:
        kind = next((c.type for c in footing.columns if c.name == "version"), "")
        # A column without a type holds what it is given, and 8 is not '8' there.
        # Any other compares it as its own; and only the bare name has an index.
        column = "version" if kind and "blob" not in kind else "CAST(version AS text)"
        texts = listed(tuple(versions))
        return Phrase(f"{footing.tables.ledger} WHERE {column} IN ({GAP})", [texts])

    def epoch(self, column: str) -> str:
        return column

    def elapsed(self, since: str) -> str:
        return f"CAST(round((julianday('now') - julianday({since})) * 86400000) AS integer)"

    def full_join(self, columns: str, tables: Tables) -> str:
        # FULL JOIN came with SQLite 3.39, later than the one in Python 3.11's reach.
        key = "coalesce(nullif(ltrim(CAST(l.version AS text), '0'), ''), '0')"
        return (
            f"SELECT {columns} FROM {tables.ledger} l LEFT JOIN {tables.journal} j"
            f" ON j.version = {key} UNION ALL SELECT {columns} FROM {tables.journal} j"
            # Joined by an expression, each row would be compared with all.
            f" LEFT JOIN {tables.ledger} l ON 1 = 0 WHERE j.version NOT IN"
            f" (SELECT {key} FROM {tables.ledger} l WHERE l.version IS NOT NULL)"
        )

    def chunks(self, text: str) -> Sequence[str]:
        return [text[i : i + _CHUNK] for i in range(0, len(text), _CHUNK)] or [""]

    # --- looking ---

    def inspect(self, name: LedgerName, *, borrowed: bool) -> str:
        del borrowed  # the driver restores what there is to restore
        schema = name.schema or "main"
        master = f"{quoted(schema)}.sqlite_master"
        ledger, journal = self.literal(name.table), self.literal(name.journal)
        settings = "\n".join(
            f"UNION ALL SELECT 'setting', '{pragma}', {pragma}, NULL, NULL FROM pragma_{pragma}"
            for pragma in PRAGMAS
        )
        return f"""
SELECT 'session', sqlite_version(), (SELECT query_only FROM pragma_query_only), NULL, NULL
{settings}
UNION ALL
SELECT 'temporary', lower(name), NULL, NULL, NULL FROM sqlite_temp_master
UNION ALL
SELECT 'place', {self.literal(schema)},
       (SELECT type FROM {master} WHERE name = {ledger} COLLATE NOCASE AND type IN ('table', 'view')),
       EXISTS(SELECT 1 FROM {master} WHERE name = {journal} COLLATE NOCASE), NULL
UNION ALL
SELECT 'column', name, type, "notnull" AND dflt_value IS NULL AND NOT pk, NULL
  FROM pragma_table_info({ledger}, {self.literal(schema)})"""

    def footing(self, name: LedgerName, rows: Sequence[Row]) -> Footing:
        session = next(row for row in rows if row[0] == "session")
        (_, schema, kind, has_journal, _rest) = next(row for row in rows if row[0] == "place")
        return Footing(
            session=Session(
                version=session[1],
                readonly=bool(session[2]),
                settings=tuple((row[1], str(row[2])) for row in rows if row[0] == "setting"),
                temporary=tuple(row[1] for row in rows if row[0] == "temporary"),
            ),
            tables=self.tables(name),
            schema=schema,
            # A column's length is never enforced by SQLite.
            columns=tuple(
                Column(row[1].lower(), row[2].lower(), None, bool(row[3]))
                for row in rows
                if row[0] == "column"
            ),
            kind=kind or "table",
            has_journal=bool(has_journal),
        )

    def pulse(
        self, name: LedgerName, footing: Footing, relations: Sequence[str], key: int | None
    ) -> str:
        del key  # Nobody holds a lock between two statements.
        return pulse(name, footing, relations)

    # --- the session ---

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        return restore(footing, script)

    # --- a migration's transaction ---

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        # IMMEDIATE: a transaction that starts by reading may find, when it
        # wants to write, that another was faster, and cannot wait any more.
        return ("BEGIN IMMEDIATE",)

    def guard(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        # Fails by the journal's NOT NULL if there is a row to insert.
        return (
            f"INSERT INTO {footing.tables.journal} (version, name, state)"
            f" SELECT NULL, 'st44-migrate: recorded already', ''"
            f" FROM {self.holding(footing, versions)} LIMIT 1",
        )

    def before_body(self, footing: Footing, script: Script) -> Sequence[str]:
        if not (script.transactional and _rebuilds(script)):
            return ()
        return (f"CREATE TEMPORARY TABLE st44_violations AS {_VIOLATIONS}",)

    def after_body(self, footing: Footing, script: Script) -> Sequence[str]:
        if not _rebuilds(script):
            return ()
        return (
            f"INSERT INTO {footing.tables.journal} (version, name, state)"
            f" SELECT NULL, 'st44-migrate: foreign keys violated', '' FROM ({_NEW_VIOLATIONS}) LIMIT 1",
            "DROP TABLE temp.st44_violations",
        )

    # --- statements that commit by themselves ---

    def discard(self, name: str) -> str:
        return f"DROP INDEX {name}"

    def evidence(self, statement: str) -> str | None:
        # VACUUM, ATTACH, PRAGMA: done twice they have the effect of once.
        return "SELECT 0"

    # --- errors ---

    def violations(self) -> str | None:
        return (
            "SELECT n || ' row(s) of ' || \"table\" || ' refer to a missing row of ' || parent"
            f" FROM ({_NEW_VIOLATIONS})"
        )

    def trouble(self, error: DriverError) -> Trouble:
        state = error.sqlstate or ""
        if state.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return Trouble.BUSY
        if state.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
            return Trouble.READONLY
        if state == "SQLITE_CONSTRAINT_NOTNULL":
            return Trouble.RECORDED
        if state == "SQLITE_INTERRUPT":
            return Trouble.CANCELLED
        if error.message.startswith(("no such table", "no such column")):
            return Trouble.MISSING
        if "already exists" in error.message:
            return Trouble.EXISTS
        return Trouble.OTHER


_ASKS = re.compile(r"\bforeign_keys\b", re.IGNORECASE)


def _rebuilds(script: Script) -> bool:
    """
    Whether *script* asks for foreign keys to be off, as a table rebuild does.
    """
    return any(_ASKS.search(s.text) for s in (*script.prologue, *script.epilogue))
