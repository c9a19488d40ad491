"""
The SQL of a memory database: as little as the engine needs, easy to read back.

Values are JSON, the names of our two tables begin with ``@``, and what the
engine asks the dialect to write in its own words (look, guard) is one line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from json.encoder import encode_basestring as _quoted

from ..dialects import (
    GAP,
    Column,
    Company,
    Footing,
    Locking,
    Phrase,
    Session,
    Tables,
    Trouble,
    Types,
)
from ..dialects.modest import Modest
from ..dialects.postgresql import PostgreSQL
from ..dialects.upsert import OnConflict
from ..errors import DriverError
from ..model import LedgerName, Script
from ..protocols import Row

__all__ = ["MemoryDialect"]

_TABLE = re.compile(r"CREATE TABLE \w+ \(", re.IGNORECASE)


class MemoryDialect(OnConflict, Modest):
    """
    The texts and facts of a memory database; see `Dialect`.

    Errors are PostgreSQL's, by their SQLSTATE.
    """

    # Nobody but the lexer goes by the name.
    name = "postgresql"
    now = "now"
    types = Types("moment", "moment", "text")
    locks_sessions = True
    company = Company.MESSAGE

    def literal(self, value: str | float | bool | None) -> str:
        """
        Write a value as JSON.
        """
        return _quoted(value) if isinstance(value, str) else json.dumps(value)

    def tables(self, name: LedgerName, schema: str | None = None) -> Tables:
        """
        Mark the names as ours; there is one schema.
        """
        del schema
        return Tables("", f"@{name.table}", f"@{name.journal}")

    def locking(self, key: int) -> Locking:
        """
        Advisory locks are PostgreSQL's.
        """
        return PostgreSQL().locking(key)

    def holding(self, footing: Footing, versions: Sequence[str]) -> Phrase:
        """
        See `Dialect`.
        """
        gaps = ", ".join([GAP] * len(versions))
        held = f"{footing.tables.ledger} WHERE version IN ({gaps})"
        return Phrase(held, list(map(_quoted, versions)))

    def epoch(self, column: str) -> str:
        """
        Moments are kept as text.
        """
        return column

    def moment(self, column: str) -> str:
        """
        See `epoch`.
        """
        return column

    def elapsed(self, since: str) -> str:
        """
        See `Dialect`.
        """
        return f"elapsed({since})"

    def full_join(self, columns: str, tables: Tables) -> str:
        """
        See `Dialect`.
        """
        return f"SELECT {columns} FROM {tables.ledger} l FULL JOIN {tables.journal} j"

    # --- looking ---

    def inspect(self, name: LedgerName, *, borrowed: bool) -> str:
        """
        See `Dialect`.
        """
        del borrowed
        tables = self.tables(name)
        return f"INSPECT {tables.ledger} {tables.journal}"

    def footing(self, name: LedgerName, rows: Sequence[Row]) -> Footing:
        """
        Read the one row: pid, and whether ledger and journal are there.
        """
        pid, has_ledger, has_journal = rows[0]
        shape = (("version", "text"), ("name", "text"), ("applied_at", "moment"))
        columns = tuple(Column(column, kind, None, required=True) for column, kind in shape)
        return Footing(
            session=Session(version="memory", pid=pid),
            tables=self.tables(name),
            schema="memory",
            columns=columns if has_ledger else (),
            has_journal=has_journal,
        )

    def pulse(
        self, name: LedgerName, footing: Footing, relations: Sequence[str], key: int | None
    ) -> str:
        """
        See `Dialect`.
        """
        tables, known = self.tables(name), [bool(footing.columns), footing.has_journal]
        return f"PULSE {tables.ledger} {tables.journal} {json.dumps([*known, key, *relations])}"

    # --- the session ---

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        """
        One statement, so that it can be interrupted and can fail.
        """
        del footing, script, key, pooled
        return ("RESET ALL",)

    # --- a migration's transaction ---

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        """
        A wait for a lock has no limit here: a test says when it is given up.
        """
        del options, patience
        return ("BEGIN",)

    def guard(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        """
        See `Dialect`.
        """
        held = ", ".join(map(_quoted, versions))
        return (f"GUARD {key} {footing.tables.ledger} [{held}]",)

    def only_defines(self, footing: Footing, script: Script) -> bool:
        """
        A table is created without a look at anything else.
        """
        del footing
        return all(_TABLE.match(statement.text) for statement in script.statements)

    def vouch(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        """
        See `Dialect`.
        """
        held = ", ".join(map(_quoted, versions))
        return (f"VOUCH {key} {footing.tables.ledger} [{held}]",)

    # --- errors ---

    def unfinished(self, statement: str) -> str | None:
        """
        See `Dialect`.
        """
        return f"LEFTOVER OF {statement}" if "INDEX CONCURRENTLY" in statement else None

    def discard(self, name: str) -> str:
        """
        See `Dialect`.
        """
        return f"DISCARD {name}"

    def evidence(self, statement: str) -> str | None:
        """
        An index can be seen; whatever else runs alone leaves a doubt.
        """
        return f"EVIDENCE OF {statement}" if "INDEX CONCURRENTLY" in statement else None

    def trouble(self, error: DriverError) -> Trouble:
        """
        Read the SQLSTATE.
        """
        return PostgreSQL().trouble(error)
