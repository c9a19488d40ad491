"""
What the statements of a memory database do, one function for each kind.

A statement that has to wait for a row does so before it changes anything, so
that it can be begun again.  Advisory locks are tried, never waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..dialects.postgresql import LOCK_LOST, RECORDED
from ..errors import DriverError
from . import memory_operations as ops
from .memory_rows import bare, read_rows
from .memory_store import NOW, Record, Transaction
from .stepping import Kind, Pause

if TYPE_CHECKING:
    from ..protocols import Row
    from .memory_session import MemorySession

__all__ = ["Answer", "perform"]


class Answer(NamedTuple):
    """
    What a statement gives: its tag and its rows.

    *news*: what follows may depend on it.  A lock that is not free yet is asked
    for again and again, and whoever asks knows no more than before.
    """

    tag: str
    rows: Sequence[Row] = ()
    news: bool = True


async def perform(
    session: MemorySession, operation: ops.Operation, tx: Transaction, *, inside: bool
) -> Answer:
    """
    Do *operation* as a part of *tx*; *inside*: somebody has begun it.

    Raises:
        DriverError: it failed.
    """
    match operation:
        case ops.Effect():
            return await _take_effect(session, operation, tx, inside=inside)
        case ops.Create():
            return await _create(session, operation, tx)
        case ops.Insert():
            return await _insert(session, operation, tx)
        case ops.Update():
            return await _update(session, operation, tx)
        case ops.Guard():
            return _guard(session, operation, tx)
        case ops.Vouch():
            return _vouch(session, operation, tx)
        case ops.Advisory():
            return _advisory(session, operation)
        case ops.Leftover(index, drops=True):
            session.database.store.indexes.pop(index or "")
            return Answer("DROP INDEX")
        case ops.Nothing(tag):
            return Answer(tag)
        case _:
            store = session.database.store
            return Answer("SELECT", read_rows(operation, store, tx, session.pid))


async def _take_effect(
    session: MemorySession, operation: ops.Effect, tx: Transaction, *, inside: bool
) -> Answer:
    if operation.alone and inside:
        raise DriverError("cannot run inside a transaction block", sqlstate="25001")
    if operation.text in session.database.failing:
        raise DriverError(f"planned failure of {operation.text!r}", sqlstate="P0001")
    if operation.unlocks:
        session.database.store.unlock_all(session.pid)
    if operation.index is None or await _build(session, operation, operation.index):
        tx.effects.append(operation.text)
    return Answer(operation.text.split()[0].upper())


async def _build(session: MemorySession, operation: ops.Effect, index: str) -> bool:
    """
    Build an index as CONCURRENTLY does: whoever stops it leaves it half-built.
    """
    store = session.database.store
    if index in store.indexes:
        if operation.lenient:
            return False
        raise DriverError(f'relation "{index}" already exists', sqlstate="42P07")
    store.indexes[index] = False
    store.building.add(index)
    try:
        await Pause(f"build {index}", Kind.STATEMENT)
        session.check()
    except BaseException:
        if session.alone:
            # Its server goes on: to begin anew comes to the same.
            del store.indexes[index]
        raise
    finally:
        store.building.discard(index)
    store.indexes[index] = True
    return True


async def _create(session: MemorySession, operation: ops.Create, tx: Transaction) -> Answer:
    await session.lock(operation.table, "")
    if session.database.store.has(operation.table, tx):
        raise DriverError(f'relation "{operation.table}" already exists', sqlstate="42P07")
    tx.created.add(operation.table)
    return Answer("CREATE TABLE")


async def _insert(session: MemorySession, operation: ops.Insert, tx: Transaction) -> Answer:
    store, table = session.database.store, operation.table
    values = _evaluate(session, operation.values)
    key = str(values["version"])
    seen = store.visible(table, tx)
    if not seen.keys().isdisjoint(operation.absent):
        return Answer("INSERT 0 0")
    if operation.conflict == "nothing" and key in seen:
        # What is committed is not waited for: nobody else has to end first.
        return Answer("INSERT 0 0")
    await session.lock(table, key)
    there = store.visible(table, tx).get(key)
    if there is None:
        tx.rows[table, key] = values
        return Answer("INSERT 0 1")
    if operation.conflict == "fail":
        raise DriverError(f"duplicate key {key!r} in {table}", sqlstate="23505")
    if operation.conflict == "nothing" or _spared(operation, there, values):
        return Answer("INSERT 0 0")
    tx.rows[table, key] = {**there, **values}
    return Answer("INSERT 0 1")


def _spared(operation: ops.Insert, there: Record, values: Record) -> bool:
    same = there.get("checksum") == values.get("checksum")
    return there["state"] == operation.spared and (same or not operation.renews)


async def _update(session: MemorySession, operation: ops.Update, tx: Transaction) -> Answer:
    store, table, key = session.database.store, operation.table, operation.key
    if key not in store.visible(table, tx):
        return Answer("UPDATE 0")
    await session.lock(table, key)
    if operation.needs and store.visible(operation.of, tx).keys().isdisjoint(operation.needs):
        raise DriverError('null value in column "state"', sqlstate="23502")
    row = store.visible(table, tx)[key]
    tx.rows[table, key] = {**row, **_evaluate(session, operation.changes)}
    given = tx.rows[table, key].get(operation.returning)
    return Answer("UPDATE 1", [(given,)] if operation.returning else ())


def _guard(session: MemorySession, operation: ops.Guard, tx: Transaction) -> Answer:
    store = session.database.store
    if not store.try_advisory(operation.lock, session.pid, session=False):
        raise _no_number(f"{LOCK_LOST}{session.pid}")
    rows = store.visible(operation.table, tx)
    found = [key for key in operation.keys if key in rows]
    if any(operation.state in {None, rows[key].get("state")} for key in found):
        raise _no_number(f"{RECORDED}{found[0]}")
    return Answer("DO")


def _vouch(session: MemorySession, operation: ops.Vouch, tx: Transaction) -> Answer:
    store = session.database.store
    if session.pid not in store.holders(operation.lock):
        raise _no_number(f"{LOCK_LOST}{session.pid}")
    rows = store.visible(operation.table, tx)
    if not {bare(key) for key in rows}.isdisjoint(operation.keys):
        raise _no_number("in doubt")
    return Answer("DO")


def _no_number(text: str) -> DriverError:
    """
    Say what PostgreSQL says of a text that was to be a number.
    """
    return DriverError(f'invalid input syntax for type integer: "{text}"', sqlstate="22P02")


def _advisory(session: MemorySession, operation: ops.Advisory) -> Answer:
    store, lock, pid = session.database.store, operation.lock, session.pid
    holders = store.holders(lock)
    match operation.verb:
        case "take" | "have":
            again = operation.verb == "take"
            taken = store.try_advisory(lock, pid, session=True, again=again)
            return Answer("SELECT", [(taken,)], news=taken)
        case "give":
            return Answer("SELECT", [(store.unlock(pid, lock),)])
        case "mine":
            return Answer("SELECT", [(1,) for holder in holders if holder == pid])
        case "anybody's":
            return Answer("SELECT", [(1,) for _ in holders], news=not holders)
        case _:
            return Answer("SELECT", [(str(h), "memory", None, None) for h in holders], news=False)


def _evaluate(session: MemorySession, columns: ops.Columns) -> Record:
    now = session.database.now().isoformat()
    return {column: now if value == NOW else value for column, value in columns}
