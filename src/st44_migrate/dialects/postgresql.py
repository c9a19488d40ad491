"""
PostgreSQL 14 and later.

Every function and table is named with its schema: a file may leave any
search_path behind, and ours must not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf
from zlib import crc32

from ..errors import DriverError
from ..model import LedgerName, Script
from ..protocols import Row
from .footing import Company, Footing, Locking, Tables, Trouble, Types
from .phrase import GAP, Phrase
from .postgresql_catalog import HIDDEN, array, bare, filtered, footing, inspect, literal, tables
from .postgresql_locking import locking
from .postgresql_session import VIGILANCE, keep, own_role, restore, set_all
from .upsert import OnConflict

__all__ = ["PostgreSQL"]

RECORDED = "st44-migrate: recorded already is version "
LOCK_LOST = "st44-migrate: another runner is at work, not pid "
_NO_NUMBER = "22P02"
"""What the server says of these two, where it is to take them for a number."""

_TROUBLES = {
    "42P01": Trouble.MISSING,
    "42703": Trouble.MISSING,
    "3F000": Trouble.MISSING,
    "42P07": Trouble.EXISTS,
    "42P06": Trouble.EXISTS,
    "42710": Trouble.EXISTS,
    "23505": Trouble.EXISTS,
    "42501": Trouble.FORBIDDEN,
    "25006": Trouble.READONLY,
    "55P03": Trouble.BUSY,
    "40P01": Trouble.BUSY,
    "40001": Trouble.BUSY,
    "57014": Trouble.CANCELLED,
}


class PostgreSQL(OnConflict):
    """
    The texts and facts of PostgreSQL; see `Dialect`.
    """

    name = "postgresql"
    now = "pg_catalog.clock_timestamp()"
    types = Types("timestamptz", "timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP")
    locks_sessions = True
    company = Company.MESSAGE

    def joins(self, footing: Footing, script: Script) -> bool:
        return True

    def literal(self, value: str | float | bool | None) -> str:
        return literal(value)

    def tables(self, name: LedgerName, schema: str | None = None) -> Tables:
        return tables(name, schema)

    def locking(self, key: int) -> Locking:
        return locking(key)

    def holding(self, footing: Footing, versions: Sequence[str]) -> Phrase:
        # One literal, whatever the column's type: twenty take the server longer.
        rows = f"{footing.tables.ledger} WHERE version = ANY ({GAP})"
        if _orders_any(footing.session.version):
            # A table that nobody analysed would be read whole, and each row compared
            # with all.  Who wants but the first is given it by the index.
            rows = f"(SELECT version FROM {rows} ORDER BY version LIMIT 1) AS held"
        return Phrase(rows, [array(tuple(versions))])

    def epoch(self, column: str) -> str:
        # A plain timestamp is read in the session's zone, as it was written.
        moment = f"{column}::timestamptz"
        micros = f"(extract(epoch from {moment}) * 1000000)::bigint"
        # Neither infinity nor a year that Python does not know.
        known = f"{moment} BETWEEN '0001-01-02' AND '9999-12-30'"
        return f"CASE WHEN {known} THEN {micros} END"

    def moment(self, column: str) -> str:
        return f"(pg_catalog.date_part('epoch', {column}) * 1000000)::bigint"

    def elapsed(self, since: str) -> str:
        return f"(extract(epoch from {self.now} - {since}) * 1000)::bigint"

    def premise(self, name: LedgerName) -> str:
        names = tables(name)
        doubts = [
            filtered(names),
            "EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relpersistence = 't'"
            f" AND oid = to_regclass({literal(names.ledger)}))",
        ]
        if not name.schema:
            # Unqualified names go through the search_path, one by one: the
            # journal of another ledger may be found, and a schema that the
            # role may not use drops out without a word, and the ledger with it.
            both = f"to_regclass({literal(names.ledger)}), to_regclass({literal(names.journal)})"
            doubts.append(
                "(SELECT count(DISTINCT relnamespace) FROM pg_catalog.pg_class"
                f" WHERE oid IN ({both})) > 1"
            )
            doubts.append(f"EXISTS (SELECT 1 {HIDDEN})")
        return f"(SELECT 1 WHERE {' OR '.join(doubts)})"

    def full_join(self, columns: str, tables: Tables) -> str:
        key = bare("l.version")
        return (
            f"SELECT {columns} FROM {tables.ledger} l"
            f" FULL JOIN {tables.journal} j ON j.version = {key}"
        )

    def unless(self, query: str, tables: Tables, premise: str, digest: str) -> str | None:
        # The second column of a line is what separates it from one of another state.
        line = "concat_ws(E'\\x1f', l.version::text, l.name, j.raw_checksum)"
        lines = self.full_join(
            f"string_agg(CASE WHEN j.state = 'applied' THEN {line} ELSE '' END,"
            f" E'\\x1e' ORDER BY {line} COLLATE \"C\")",
            tables,
        )
        same = f"encode(sha256(convert_to(({lines}), 'UTF8')), 'hex') = '{digest}'"
        # OFFSET is a fence: behind it the answer decides whether rows are read at all.
        return (
            f"WITH known AS MATERIALIZED (SELECT {premise} IS NULL AND coalesce({same}, false) AS same)"
            f" SELECT known.same, found.* FROM known LEFT JOIN (SELECT * FROM ({query}) AS every"
            f" WHERE NOT (SELECT same FROM known) OFFSET 0) AS found ON true"
        )

    def chunks(self, text: str) -> Sequence[str]:
        return (text,)

    # --- looking ---

    def inspect(self, name: LedgerName, *, borrowed: bool) -> str:
        return inspect(name, borrowed=borrowed)

    def footing(self, name: LedgerName, rows: Sequence[Row]) -> Footing:
        return footing(name, rows)

    def pulse(
        self, name: LedgerName, footing: Footing, relations: Sequence[str], key: int | None
    ) -> str:
        from .postgresql_pulse import pulse

        return pulse(name, footing, relations, key, self.epoch)

    def prepare(self, sql: str) -> tuple[str, str] | None:
        statement = f"st44_{crc32(sql.encode()):08x}"
        return f"PREPARE {statement} AS {sql}", f"EXECUTE {statement}"

    # --- the session ---

    def settle(self, footing: Footing, *, pooled: bool) -> Sequence[str]:
        return () if pooled else (set_all(VIGILANCE),)

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        return restore(footing, script, key, () if pooled else VIGILANCE)

    def release(self, footing: Footing, *, key: int) -> Sequence[str]:
        return restore(footing, None, key, ())

    def own_role(self, footing: Footing, *, local: bool) -> Sequence[str]:
        return own_role(footing, local=local)

    def unlimited(self) -> Sequence[str]:
        # Asked of the catalog: not every server has all of them.
        return (
            "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
            " WHERE name IN ('lock_timeout', 'statement_timeout', 'transaction_timeout')",
        )

    # --- a migration's transaction ---

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        isolation = "" if "ISOLATION" in options.upper() else "ISOLATION LEVEL READ COMMITTED "
        begin = f"BEGIN {isolation}{options}".rstrip()
        if patience is None:
            return (begin,)
        return (begin, *self.limit(patience))

    def unhurried(self) -> Sequence[str]:
        return ("SET LOCAL synchronous_commit = off",)

    def guard(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        # The lock is taken once more for this transaction: free of charge while
        # the session holds it, refused if a file gave it away and another
        # runner has it now.  A query cannot raise; but it can take for a number
        # what is none, and say so.  A DO block, which can, takes twice the time.
        held = self.holding(footing, versions)
        recorded = f"pg_catalog.concat('{RECORDED}', version)"
        lost = f"pg_catalog.concat('{LOCK_LOST}', pg_catalog.pg_backend_pid())"
        return (
            Phrase(
                f"SELECT CASE WHEN pg_catalog.pg_try_advisory_xact_lock({key})"
                f" THEN (SELECT {recorded}::integer FROM {held.form} LIMIT 1)"
                f" ELSE {lost}::integer END",
                held.values,
            ),
        )

    def limit(self, lock_timeout: float) -> Sequence[str]:
        return (f"SET LOCAL lock_timeout = {_milliseconds(lock_timeout)}",)

    def only_defines(self, footing: Footing, script: Script) -> bool:
        from .postgresql_defining import only_defines

        return only_defines(footing, script)

    def vouch(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        from .postgresql_defining import vouch

        return (vouch(footing, key, versions, LOCK_LOST),)

    def flush(self) -> Sequence[str]:
        # A transaction that writes something, and nothing that anybody sees.
        return ("SELECT pg_catalog.pg_logical_emit_message(true, 'st44-migrate', '')",)

    def before_body(self, footing: Footing, script: Script) -> Sequence[str]:
        return keep(footing, script)

    def after_body(self, footing: Footing, script: Script) -> Sequence[str]:
        return ()

    # --- statements that commit by themselves ---

    def unfinished(self, statement: str) -> str | None:
        from .postgresql_alone import unfinished

        return unfinished(statement, literal)

    def discard(self, name: str) -> str:
        return f"DROP INDEX CONCURRENTLY {name}"

    def evidence(self, statement: str) -> str | None:
        from .postgresql_alone import evidence

        return evidence(statement, literal)

    # --- errors ---

    def holders(self, statement: str) -> str | None:
        from .postgresql_holders import holders

        return holders(statement, literal)

    def progress(self, statement: str, pid: int | None) -> str | None:
        from .postgresql_progress import progress

        return progress(statement, pid)

    def violations(self) -> str | None:
        return None

    def trouble(self, error: DriverError) -> Trouble:
        if error.sqlstate == _NO_NUMBER and RECORDED in error.message:
            return Trouble.RECORDED
        if error.sqlstate == _NO_NUMBER and LOCK_LOST in error.message:
            return Trouble.LOCK_LOST
        return _TROUBLES.get(error.sqlstate or "", Trouble.OTHER)


def _orders_any(version: str) -> bool:
    """
    Whether an index gives the rows of ``= ANY`` in order: since PostgreSQL 17.
    """
    major = version[:2]
    return major.isdigit() and int(major) >= 17


def _milliseconds(seconds: float) -> int:
    """
    Give what a timeout takes: 0 is no limit, so a short one is 1 at least.
    """
    if seconds <= 0 or isinf(seconds):
        return 0
    return max(1, min(round(seconds * 1000), 2**31 - 1))
