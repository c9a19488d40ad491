"""
The journal: what we keep beside the ledger, one row a version.

The ledger says *that* a version is applied, whoever recorded it; the journal
says how: the checksum and the SQL as applied, how long it took, who did it, how
far a file got that commits statement by statement, and how the last attempt
failed.  This module writes its statements and knows no connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .dialects import GAP, Dialect, Footing, Phrase, Tables
from .model import JournalState, LedgerEntry, Migration, Script, Version

__all__ = [
    "COLUMNS",
    "Signature",
    "adopt",
    "advance",
    "applied_sql",
    "as_ledger",
    "claim",
    "create",
    "fail",
    "finish",
    "key",
    "retire",
]

COLUMNS = (
    "j.state, j.checksum, j.raw_checksum, j.total, j.done, j.done_checksum, j.in_doubt,"
    " j.duration_ms, j.reason, j.error, j.backend_pid, j.backend_start"
)


@dataclass(frozen=True, slots=True)
class Signature:
    """
    Who runs: *actor* is the person or service at its machine, *runner* is us.
    """

    actor: str
    runner: str


def key(version: Version) -> str:
    """
    Write *version* as the journal does: numbers without leading zeros.
    """
    return str(version)


def create(tables: Tables, dialect: Dialect) -> str:
    """
    Create the journal.
    """
    moment, text = dialect.types.moment, dialect.types.text
    return f"""CREATE TABLE {tables.journal} (
  version {dialect.types.key} NOT NULL PRIMARY KEY,
  name {text} NOT NULL,
  state {text} NOT NULL,
  checksum {text},
  raw_checksum {text},
  {dialect.column("sql")} {text},
  total integer,
  done integer,
  done_checksum {text},
  in_doubt boolean NOT NULL DEFAULT false,
  started_at {moment},
  finished_at {moment},
  duration_ms bigint,
  actor {text},
  runner {text},
  backend_pid integer,
  backend_start {text},
  reason {text},
  error {text},
  error_at {moment}
)"""


def claim(
    footing: Footing,
    dialect: Dialect,
    migration: Migration,
    script: Script,
    signature: Signature,
    *,
    done: int = 0,
    done_checksum: str | None = None,
) -> list[str]:
    """
    Claim a version: the first statement of its transaction.

    A second runner that claims the same version waits here until the first has
    committed or is gone.  DO UPDATE, not DO NOTHING: the row may be there from
    an attempt that failed, and nobody would wait for it.
    """
    first, *rest = dialect.chunks(script.text)
    session = footing.session
    values: dict[str, str | int | bool | None] = {
        "version": key(migration.version),
        "name": migration.name,
        "state": JournalState.RUNNING.value,
        "checksum": script.checksum,
        "raw_checksum": migration.raw_checksum,
        "sql": first,
        "total": len(script.units),
        "done": done,
        "done_checksum": done_checksum,
        "in_doubt": False,
        "duration_ms": None,
        "actor": signature.actor,
        "runner": signature.runner,
        "backend_pid": session.pid,
        "backend_start": session.started,
        "reason": None,
        "error": None,
    }
    moments = {"started_at": dialect.now, "finished_at": "NULL", "error_at": "NULL"}
    changed = "j.state <> 'applied' OR coalesce(j.checksum, '') <> excluded.checksum"
    return [
        *_upsert(footing, dialect, values, moments, changed if migration.repeatable else ""),
        *(
            f"UPDATE {footing.tables.journal} SET sql = sql || {dialect.literal(part)}"
            f" WHERE version = {dialect.literal(key(migration.version))}"
            for part in rest
        ),
    ]


def as_ledger(footing: Footing) -> Footing:
    """
    Let the journal stand for the ledger, as it does for repeatable files.
    """
    tables = footing.tables
    applied = f"(SELECT version FROM {tables.journal} WHERE state = 'applied') r"
    return replace(footing, tables=replace(tables, ledger=applied))


def finish(
    footing: Footing,
    dialect: Dialect,
    migration: Migration,
    script: Script,
    spellings: Sequence[str],
) -> Phrase:
    """
    Note that *migration* is applied, and give the milliseconds that it took.

    Fails, by the journal's NOT NULL, if the ledger did not take the record of a
    version: a trigger or a rule may keep it out.
    """
    held = dialect.holding(footing, spellings)
    recorded = f"EXISTS (SELECT 1 FROM {held.form})"
    state, asked = dialect.only_if(recorded, "'applied'"), held.values
    if migration.repeatable:
        state, asked = "'applied'", ()
    return Phrase(
        f"UPDATE {footing.tables.journal} SET state = {state}, done = {GAP},"
        f" in_doubt = false, finished_at = {dialect.now},"
        f" duration_ms = {dialect.elapsed('started_at')}"
        f" WHERE version = {GAP}{dialect.answering('duration_ms')}",
        [*asked, str(len(script.units)), dialect.literal(key(migration.version))],
    )


def advance(
    footing: Footing,
    dialect: Dialect,
    version: Version,
    *,
    done: int,
    checksum: str,
    in_doubt: bool,
    reason: str | None = None,
) -> str:
    """
    Note that *done* units are committed, and whether the next one is on its way.
    """
    noted = f", reason = {dialect.literal(reason)}" if reason else ""
    return (
        f"UPDATE {footing.tables.journal} SET done = {done},"
        f" done_checksum = {dialect.literal(checksum)}, in_doubt = {dialect.literal(in_doubt)}"
        f"{noted} WHERE version = {dialect.literal(key(version))}"
    )


def fail(
    footing: Footing,
    dialect: Dialect,
    migration: Migration,
    signature: Signature,
    error: str,
) -> Sequence[str]:
    """
    Note that the last attempt at *migration* failed, after the fact.

    How far it came is left as it is, and so is a row that says *applied*.
    """
    return _upsert(
        footing,
        dialect,
        {
            "version": key(migration.version),
            "name": migration.name,
            "state": JournalState.FAILED.value,
            "actor": signature.actor,
            "runner": signature.runner,
            "error": error,
        },
        {"error_at": dialect.now},
        "j.state <> 'applied'",
    )


def adopt(
    footing: Footing,
    dialect: Dialect,
    migration: Migration,
    script: Script,
    signature: Signature,
    *,
    reason: str,
) -> list[str]:
    """
    Note that *migration* counts as applied without having been run by us.
    """
    return [
        *claim(footing, dialect, migration, script, signature),
        f"UPDATE {footing.tables.journal} SET state = 'applied', done = NULL,"
        f" finished_at = {dialect.now}, reason = {dialect.literal(reason)}"
        f" WHERE version = {dialect.literal(key(migration.version))}",
    ]


def retire(
    footing: Footing, dialect: Dialect, entry: LedgerEntry, signature: Signature, *, reason: str
) -> Sequence[str]:
    """
    Note that an applied version has no file any more, on purpose.

    What the journal knows of its SQL is kept.
    """
    return _upsert(
        footing,
        dialect,
        {
            "version": key(entry.version),
            "name": entry.name,
            "state": JournalState.RETIRED.value,
            "actor": signature.actor,
            "runner": signature.runner,
            "reason": reason,
        },
        {},
    )


def applied_sql(footing: Footing, dialect: Dialect, version: Version) -> str:
    """
    Ask for the SQL as applied, and who applied it.
    """
    return (
        f"SELECT {dialect.column('sql')}, actor FROM {footing.tables.journal}"
        f" WHERE version = {dialect.literal(key(version))}"
    )


def _upsert(
    footing: Footing,
    dialect: Dialect,
    values: Mapping[str, str | int | bool | None],
    moments: Mapping[str, str],
    only: str = "",
) -> Sequence[str]:
    literals = {column: dialect.literal(value) for column, value in values.items()}
    return dialect.upsert(footing.tables.journal, literals, moments, only)
