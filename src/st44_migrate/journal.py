"""
The journal: what we keep beside the ledger, one row a version.

The ledger says *that* a version is applied, whoever recorded it; the journal
says how: the checksum and the SQL as applied, how long it took, who did it, how
far a file got that commits statement by statement, and how the last attempt
failed.  This module and `claims` write its statements and know no connection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .dialects import GAP, Dialect, Footing, Phrase, Tables
from .model import JournalState, LedgerEntry, Migration, Script, Version

__all__ = [
    "Signature",
    "advance",
    "applied_sql",
    "as_ledger",
    "columns",
    "create",
    "fail",
    "finish",
    "key",
    "retire",
    "upsert",
]


def columns(dialect: Dialect) -> str:
    """
    Name what `rows.read_history` reads of the journal.

    When a file began is asked for only where it is not said when it was done: see
    `claims.claim_at_once`.
    """
    return (
        "j.state, j.checksum, j.raw_checksum, j.total, j.done, j.done_checksum, j.in_doubt,"
        f" j.duration_ms, CASE WHEN j.finished_at IS NULL THEN {dialect.epoch('j.started_at')} END,"
        " j.reason, j.error, j.backend_pid, j.backend_start"
    )


class Signature(NamedTuple):
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


def as_ledger(footing: Footing) -> Footing:
    """
    Let the journal stand for the ledger, as it does for repeatable files.
    """
    tables = footing.tables
    applied = f"(SELECT version FROM {tables.journal} WHERE state = 'applied') r"
    return footing._replace(tables=tables._replace(ledger=applied))


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
    return upsert(
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


def retire(
    footing: Footing, dialect: Dialect, entry: LedgerEntry, signature: Signature, *, reason: str
) -> Sequence[str]:
    """
    Note that an applied version has no file any more, on purpose.

    What the journal knows of its SQL is kept.
    """
    return upsert(
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


def upsert(
    footing: Footing,
    dialect: Dialect,
    values: Mapping[str, str | int | bool | None],
    moments: Mapping[str, str],
    only: str = "",
) -> Sequence[str]:
    """
    Insert a row of the journal, or change it where it is there: see `Dialect.upsert`.
    """
    literals = {column: dialect.literal(value) for column, value in values.items()}
    return dialect.upsert(footing.tables.journal, literals, moments, only)
