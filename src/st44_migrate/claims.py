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
        **_of_file(migration, script),
        **_of_us(footing.session, signature),
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
    varying = _of_file(migration, script) | {"done": len(script.units)}
    same = {"state": JournalState.APPLIED.value, **_of_us(footing.session, signature)}
    names = ", ".join((*varying, *same, "started_at"))
    values = ", ".join((*[GAP] * len(varying), *map(dialect.literal, same.values()), dialect.now))
    return Phrase(
        f"INSERT INTO {footing.tables.journal} ({names}) VALUES ({values})",
        list(map(dialect.literal, varying.values())),
    )


def telling(dialect: Dialect, claim: Phrase) -> Phrase:
    """
    Let a claim from `claim_at_once` answer with its moment.
    """
    return Phrase(claim.form + dialect.answering(dialect.moment("started_at")), claim.values)


def _of_file(migration: Migration, script: Script) -> dict[str, _Value]:
    return {
        "version": key(migration.version),
        "name": migration.name,
        "checksum": script.checksum,
        "raw_checksum": migration.raw_checksum,
        "sql": script.text,
        "total": len(script.units),
    }


def _of_us(session: Session, signature: Signature) -> dict[str, _Value]:
    return {
        "actor": signature.actor,
        "runner": signature.runner,
        "backend_pid": session.pid,
        "backend_start": session.started,
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
