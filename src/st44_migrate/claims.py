"""
Claims: the row of the journal with which a migration's transaction begins.

A second runner that claims the same version waits there until the first has committed
or is gone.
"""

from __future__ import annotations

from typing import TypeAlias

from .dialects import GAP, Dialect, Footing, Phrase, Session
from .journal import Signature, key, upsert
from .model import JournalState, Migration, Script

__all__ = ["adopt", "claim", "claim_at_once", "telling"]

_Value: TypeAlias = str | int | bool | None


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
    values: dict[str, _Value] = {
        **_row(footing, migration, script, signature),
        "state": JournalState.RUNNING.value,
        "sql": first,
        "done": done,
        "done_checksum": done_checksum,
        # What an earlier attempt may have left.
        "in_doubt": False,
        "duration_ms": None,
        "reason": None,
        "error": None,
    }
    moments = {"started_at": dialect.now, "finished_at": "NULL", "error_at": "NULL"}
    changed = "j.state <> 'applied' OR coalesce(j.checksum, '') <> excluded.checksum"
    return [
        *upsert(footing, dialect, values, moments, changed if migration.repeatable else ""),
        *(
            f"UPDATE {footing.tables.journal} SET sql = sql || {dialect.literal(part)}"
            f" WHERE version = {dialect.literal(key(migration.version))}"
            for part in rest
        ),
    ]


def claim_at_once(
    footing: Footing, dialect: Dialect, migration: Migration, script: Script, signature: Signature
) -> Phrase:
    """
    Claim a version as applied, which it is if its transaction commits.

    Fails where the journal knows the version: who waited for another runner's claim
    finds it there.  How long the file took is not noted; the ledger's record says when
    it was done.
    """
    values: tuple[_Value, ...] = (
        key(migration.version),
        migration.name,
        script.checksum,
        migration.raw_checksum,
        script.text,
        *[len(script.units)] * 2,
    )
    form = _at_once(footing.tables.journal, dialect, footing.session, signature)
    return Phrase(form, [dialect.literal(value) for value in values])


def _at_once(journal: str, dialect: Dialect, session: Session, signature: Signature) -> str:
    given: dict[str, _Value] = {
        "state": JournalState.APPLIED.value,
        "actor": signature.actor,
        "runner": signature.runner,
        "backend_pid": session.pid,
        "backend_start": session.started,
    }
    columns = ("version", "name", "checksum", "raw_checksum", "sql", "total", "done")
    names = ", ".join((*columns, *given, "started_at"))
    values = ", ".join((*[GAP] * len(columns), *map(dialect.literal, given.values()), dialect.now))
    return f"INSERT INTO {journal} ({names}) VALUES ({values})"


def telling(dialect: Dialect, claim: Phrase) -> Phrase:
    """
    Let a claim from `claim_at_once` answer with its moment.
    """
    return Phrase(claim.form + dialect.answering(dialect.moment("started_at")), claim.values)


def _row(
    footing: Footing, migration: Migration, script: Script, signature: Signature
) -> dict[str, _Value]:
    return {
        "version": key(migration.version),
        "name": migration.name,
        "checksum": script.checksum,
        "raw_checksum": migration.raw_checksum,
        "sql": script.text,
        "total": len(script.units),
        "actor": signature.actor,
        "runner": signature.runner,
        "backend_pid": footing.session.pid,
        "backend_start": footing.session.started,
    }


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
