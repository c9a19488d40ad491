"""
What people tell the ledger: baseline, mark, repair; and what it tells them: show.

None of these runs a migration.  Each works under the runner's lock, records its
reason in the journal, and commits ledger and journal together.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from . import claims, journal
from ._ground import Ground, standing
from ._reading import patiently
from ._sending import quietly
from ._world import World
from .baselines import in_force, without_doubles
from .errors import ConfigError, DriverError, LedgerError, SourceError
from .model import (
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    Migration,
    Record,
    Script,
    State,
    Status,
    Version,
    read_version,
)
from .sqltext import units_checksum

__all__ = ["baseline", "mark", "recorded", "repair", "retired", "show"]


async def baseline(
    world: World, migrations: Sequence[Migration], version: str, reason: str
) -> tuple[Status, ...]:
    """
    Record every file up to *version* as applied: the database has it all.
    """
    migrations = without_doubles(migrations)
    last = _find(migrations, _version(version), version)
    files = [migration for migration in migrations if not migration.repeatable]
    if last.repeatable:
        raise ConfigError(
            f"{last.label} is repeatable, and has no place among the versions",
            unchanged="Nothing was changed.",
            remedy=f"Name a version; or: st44-migrate mark {last.label} --reason '...'.",
        )
    # In the order of the folder, which is not always that of the versions.
    files = files[: files.index(last) + 1]
    for migration in files:
        _find(migrations, migration.version, migration.label)
    async with standing(world) as ground:
        history = await world.ledger.read(world.conn)
        held = {entry.version for entry in history.entries}
        missing = [migration for migration in files if migration.version not in held]
        statements = [sql for m in missing for sql in recorded(world, ground, m, reason)]
        await _commit(world, statements)
    return tuple(_status(migration) for migration in missing)


async def mark(
    world: World, migrations: Sequence[Migration], version: str, reason: str
) -> tuple[Status, ...]:
    """
    Record one file as applied without running it.
    """
    migration = _find(without_doubles(migrations), _version(version), version)
    # Look before anything is created: there may be nothing to do.
    _refuse_applied(await world.ledger.read(world.conn), migration)
    async with standing(world) as ground:
        _refuse_applied(await world.ledger.read(world.conn), migration)
        await _commit(world, recorded(world, ground, migration, reason))
    return (_status(migration),)


def _refuse_applied(history: History, migration: Migration) -> None:
    if _entry(history, migration.version) is not None:
        raise ConfigError(
            f"{migration.label} is recorded as applied already",
            unchanged="Nothing was changed.",
            remedy=f"st44-migrate show {migration.label} says since when.",
        )


async def repair(
    world: World, migrations: Sequence[Migration], version: str, reason: str
) -> tuple[Status, ...]:
    """
    Accept how things are: an edited file, a missing file, a statement in doubt.

    An applied version takes the file's present text and checksum; one whose
    file is gone is retired; a file that stopped in doubt goes on with the
    statement in question.
    """
    number = _version(version)
    # Look before anything is created: there may be nothing to do.
    history = await world.ledger.read(world.conn)
    migrations = in_force(migrations, history)
    file = None
    if any(migration.version == number for migration in migrations):
        file = _find(migrations, number, version)
    _find_repair(history, file, number, version)
    async with standing(world) as ground:
        history = await world.ledger.read(world.conn)
        entry, leftover = _find_repair(history, file, number, version)
        if entry is not None and file is not None:
            await _commit(world, recorded(world, ground, file, reason, record=False))
            return (_status(file),)
        if entry is not None:
            await _commit(world, retired(world, ground, entry, reason))
            return (Status(number, entry.label, entry.name, State.MISSING),)
        if file is not None and leftover is not None:
            await _commit(world, _resume(world, ground, file, leftover, reason))
            return (_status(file, State.UNFINISHED),)
    return ()


def _find_repair(
    history: History, file: Migration | None, number: Version, version: str
) -> tuple[LedgerEntry | None, JournalEntry | None]:
    """
    Find what there is to repair: a row of the ledger, or a file half applied.
    """
    entry = _entry(history, number)
    leftover = next((left for left in history.leftovers if left.version == number), None)
    half_applied = leftover is not None and bool(leftover.in_doubt or leftover.done)
    if file is not None and file.repeatable and leftover is not None:
        half_applied &= leftover.state is not JournalState.APPLIED
    if entry is None and not (half_applied and file is not None):
        repeatable = file is not None and file.repeatable
        why = (
            "it runs again when it changes"
            if repeatable
            else "it is neither applied nor half applied"
        )
        raise ConfigError(
            f"there is nothing to repair about {version}: {why}",
            unchanged="Nothing was changed.",
            remedy="st44-migrate status shows what there is.",
        )
    return entry, leftover


async def show(world: World, migrations: Sequence[Migration], version: str) -> Record:
    """
    Tell everything that is known of one version.  Reads only.
    """
    number = _version(version)
    history = await world.ledger.read(world.conn)
    migrations = in_force(migrations, history)
    entry = _entry(history, number)
    leftover = next((left for left in history.leftovers if left.version == number), None)
    kept = entry.journal if entry is not None else leftover
    sql, actor = None, None
    if kept is not None:
        footing = await world.ledger.inspect(world.conn)
        query = journal.applied_sql(footing, world.dialect, number)
        rows = await world.conn.fetch(query)
        sql, actor = rows[0] if rows else (None, None)
    file = next((m for m in migrations if m.version == number), None)
    if entry is None and kept is None and file is None:
        raise ConfigError(f"there is no version {version}, in the folder or in the ledger")
    return Record(entry, kept, sql, actor, file, _text(world, file))


def _text(world: World, file: Migration | None) -> str | None:
    """
    Read what of *file* would be applied, if it can be read.
    """
    try:
        return world.read(file).text if file is not None else None
    except SourceError:
        return None


# --- statements ---------------------------------------------------------------


def recorded(
    world: World, ground: Ground, migration: Migration, reason: str, *, record: bool = True
) -> list[str]:
    """
    Write the statements that record *migration* as applied, as it is now.
    """
    script = world.read(migration)
    statements = claims.adopt(
        ground.footing, world.dialect, migration, script, world.signature, reason=reason
    )
    if record and not migration.repeatable:
        ledger = world.ledger.record(ground.footing, migration.label, migration.name)
        statements.append(ledger)
    return statements


def retired(world: World, ground: Ground, entry: LedgerEntry, reason: str) -> list[str]:
    """
    Write the statements that note that *entry* has no file any more.
    """
    footing = ground.footing
    return [*journal.retire(footing, world.dialect, entry, world.signature, reason=reason)]


def _resume(
    world: World, ground: Ground, migration: Migration, leftover: JournalEntry, reason: str
) -> list[str]:
    script: Script = world.read(migration)
    done = leftover.done or 0
    return [
        journal.advance(
            ground.footing,
            world.dialect,
            migration.version,
            done=done,
            checksum=units_checksum(script.units[:done]),
            in_doubt=False,
            reason=reason,
        )
    ]


async def _commit(world: World, statements: Sequence[str]) -> None:
    await patiently(world, partial(_commit_once, world, statements))


async def _commit_once(world: World, statements: Sequence[str]) -> None:
    begin = world.dialect.begin("", None)
    try:
        await world.conn.run([*begin, *statements, "COMMIT"])
    except DriverError as error:
        await quietly(world, ["ROLLBACK"])
        raise LedgerError(
            f"ledger and journal cannot be written: {error.message}",
            unchanged="Nothing was changed.",
        ) from error


# --- looking things up --------------------------------------------------------


def _version(text: str) -> Version:
    version = read_version(str(text))
    if version is None:
        raise ConfigError(
            f"{text!r} is not a version",
            remedy="A version is what stands before a file's name: 017, or 17.",
        )
    return version


def _find(migrations: Sequence[Migration], number: Version, version: str) -> Migration:
    found = [migration for migration in migrations if migration.version == number]
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(
            f"the number {version} is used by {' and '.join(m.path for m in found)}",
            unchanged="Nothing was changed.",
            remedy="Give each file a number of its own first.",
        )
    raise ConfigError(
        f"no file has the version {version}",
        unchanged="Nothing was changed.",
        remedy=f"The folder has {migrations[0].label} to {migrations[-1].label}.",
    )


def _entry(history: History, number: Version) -> LedgerEntry | None:
    return next((entry for entry in history.entries if entry.version == number), None)


def _status(migration: Migration, state: State = State.APPLIED) -> Status:
    return Status(migration.version, migration.label, migration.name, state, path=migration.path)
