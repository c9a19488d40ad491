"""
Adopting another tool's ledger: its table is read, ours is written.

The other's table stays as it is.  While ours is written the tool is kept out:
one transaction takes the tool's own lock, keeps everybody from writing to its
table, reads it again, and commits ledger and journal together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ._errand import Errand, find, look
from ._ground import Ground, standing
from ._sending import quietly
from ._settle import recorded, retired
from ._world import World, backoff
from .adoption.catalog import fence
from .adoption.ledger import Claim
from .dialects import Trouble
from .errors import DriverError, LedgerError, LockTimeout, SourceError
from .events import LockWaited
from .model import (
    Adopted,
    Adoption,
    Found,
    LedgerEntry,
    Migration,
    Terms,
)

__all__ = ["adopt", "adoption"]

_WRITTEN = {Found.APPLIED, Found.UNKNOWN}
_TAKEN = {"23505", "SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE"}
"""What a database says where another has a lock that is a row."""

_UNFIT = {"22001", "22003", "22P02"}
"""What PostgreSQL says where a text is too long for a column, or no number."""


async def adoption(world: World, migrations: Sequence[Migration], terms: Terms) -> Adoption:
    """
    Say what adopting a ledger would record, and what is in the way.  Reads only.

    Raises:
        ConfigError: there is no such ledger, or there are several.

        LedgerError: it cannot be read.
    """
    return await look(await find(world, migrations, terms))


async def adopt(world: World, migrations: Sequence[Migration], terms: Terms) -> Adoption:
    """
    Record in our ledger and journal what another tool's ledger has.

    Raises:
        ConfigError: there is no such ledger, or there are several.

        LedgerError: it cannot be read or adopted as it is; ours cannot be written.

        LockTimeout: the tool is at work, and did not end in time.
    """
    errand = await find(world, migrations, terms)
    # Look before anything is created: it may have to be settled first.
    _refuse(await look(errand))
    async with standing(errand.world) as ground:
        return await _patiently(errand, ground)


async def _patiently(errand: Errand, ground: Ground) -> Adoption:
    """
    Try until the tool is not at work.
    """
    world, own, table = errand.world, errand.own, errand.table
    started, limit = world.now(), world.settings.lock_wait
    for delay in backoff(0.025, 2.0, world.chance):
        done = await _attempt(errand, ground)
        if done is not None:
            return done
        waited = (world.now() - started).total_seconds()
        if waited >= limit:
            break
        world.emit(LockWaited(f"{own.tool}, at work on {table}", waited, delay))
        await world.sleep(min(delay, limit - waited))
    raise LockTimeout(
        f"{own.tool} is at work on {table}: it holds its lock; gave up after {limit:g} s",
        unchanged="Nothing was adopted.",
        remedy=f"Wait until {own.tool} is done, or end it, and adopt then.",
    )


def _refuse(made: Adoption) -> None:
    if not made.obstacles:
        return
    first, *others = made.obstacles
    also = (f"also: {p.message} {p.remedy}".rstrip() for p in others)
    raise LedgerError(
        first.message,
        excerpt=first.excerpt,
        unchanged="Nothing was adopted.",
        remedy="\n".join(part for part in (first.remedy, *also) if part),
    )


# --- writing ------------------------------------------------------------------


async def _attempt(errand: Errand, ground: Ground) -> Adoption | None:
    """
    Do all of it in one transaction; None: the tool is at work.
    """
    world = errand.world
    claim = errand.own.claim(errand.table) if errand.own.claim else None
    try:
        await world.conn.run(world.dialect.begin("", world.settings.lock_timeout or None))
        made = None
        if await _locked(errand, claim):
            made = await look(errand)
            _refuse(made)
            give_back = [claim.give_back] if claim else []
            await world.conn.run([*_statements(world, ground, made), *give_back, "COMMIT"])
            return replace(made, written=True)
        await quietly(world, ["ROLLBACK"])
    except DriverError as error:
        await world.shield(partial(quietly, world, ["ROLLBACK"]))
        if world.dialect.trouble(error) is not Trouble.BUSY:
            raise _unwritten(errand, error) from error
    except BaseException:
        await world.shield(partial(quietly, world, ["ROLLBACK"]))
        raise
    return None


async def _locked(errand: Errand, claim: Claim | None) -> bool:
    """
    Take the tool's own lock, if nobody has it, and keep its table as it is.
    """
    world, table = errand.world, errand.table
    if world.dialect.locks_sessions:
        for key in errand.own.locks(table):
            rows = await world.conn.fetch(f"SELECT pg_catalog.pg_try_advisory_xact_lock({key})")
            if not rows[0][0]:
                return False
    if claim is not None:
        try:
            await world.conn.run([claim.take])
        except DriverError as error:
            if error.sqlstate in _TAKEN:
                return False
            raise
    fences = fence(world.dialect.name, table)
    if fences:
        await world.conn.run(fences)
    return True


def _statements(world: World, ground: Ground, made: Adoption) -> Sequence[str]:
    return [
        sql
        for adopted in made.versions
        if adopted.found in _WRITTEN
        for sql in _record(world, ground, adopted, made)
    ]


def _record(world: World, ground: Ground, adopted: Adopted, made: Adoption) -> Sequence[str]:
    """
    Write the statements that record one version, with the moment of the other ledger.
    """
    d, footing = world.dialect, ground.footing
    reason = f"adopted from {made.tool}, {made.table}" + (f" {adopted.key}" if adopted.key else "")
    note: Sequence[str]
    if adopted.migration is None:
        entry = LedgerEntry(adopted.version, adopted.label, adopted.name)
        note = retired(world, ground, entry, reason)
    else:
        try:
            note = recorded(world, ground, adopted.migration, reason, record=False)
        except SourceError:
            note = ()  # It ran, however we would read it: so it is recorded elsewhere.
    if adopted.migration is not None and adopted.migration.repeatable:
        return note
    statements = [*note, world.ledger.record(footing, adopted.label, adopted.name)]
    if adopted.applied_at is not None:
        when = d.literal(f"{adopted.applied_at:%Y-%m-%d %H:%M:%S.%f}+00:00")
        moment = f"CAST({when} AS timestamptz)" if d.locks_sessions else when
        statements.append(
            f"UPDATE {footing.tables.ledger} SET applied_at = {moment}"
            f" WHERE version = {d.literal(adopted.label)}"
        )
    return statements


def _unwritten(errand: Errand, error: DriverError) -> LedgerError:
    ledger = errand.world.settings.ledger
    remedy = ""
    if errand.world.dialect.trouble(error) is Trouble.FORBIDDEN:
        remedy = (
            f"It takes the right to read {errand.table} and to lock it, which its owner has, and to"
            f" write {ledger} and {ledger.journal}."
        )
    if error.sqlstate in _UNFIT:
        remedy = (
            f"Its versions do not fit the column version of {ledger}: ALTER TABLE {ledger} ALTER"
            " COLUMN version TYPE varchar(255); or keep another ledger: --ledger SCHEMA.TABLE"
        )
    return LedgerError(
        f"the ledger of {errand.own.tool}, {errand.table}, cannot be adopted: {error.message}",
        unchanged="Nothing was adopted.",
        remedy=remedy,
    )
