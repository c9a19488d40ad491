"""
From another tool's ledger and a folder to what would be recorded.  Pure.

Every row is matched with a file by what the tool calls the file.  What has no
file is kept as applied: the database has it, whoever removed the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..baselines import without_doubles
from ..model import (
    Adopted,
    Adoption,
    ForeignRow,
    ForeignTable,
    Found,
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    LedgerName,
    LongVersion,
    Migration,
    Plan,
    Problem,
    Reading,
    Script,
    Standing,
    Terms,
    read_version,
)
from ..plan import SOURCE_CODES, make_plan
from . import obstacles
from .ledger import ToolLedger

__all__ = ["Sight", "make_adoption"]

_SHOWN = 5
"""So many of the other's versions are named in the reason for a baseline."""

_UNSETTLED = {Standing.DIRTY: Found.DIRTY, Standing.FAILED: Found.FAILED}


@dataclass(frozen=True, slots=True)
class Sight:
    """
    Everything that an adoption is decided from.

    Args:
        own: The tool's ledger as such, *table* the one at hand, *reading* what is in it.

        migrations: Of the folder.

        history: Of our own ledger.

        read: How to look into a file.

        ledger: The name of our ledger; *evades* the one it would have, but for
            the other's table.
    """

    own: ToolLedger
    table: ForeignTable
    reading: Reading
    migrations: tuple[Migration, ...]
    history: History
    read: Callable[[Migration], Script]
    ledger: LedgerName
    evades: LedgerName | None


def make_adoption(sight: Sight, terms: Terms) -> Adoption:
    """
    Decide what is adopted, and what is in the way.
    """
    problems = [
        obstacles.unsettled(sight.own, sight.table, row)
        for row in sight.reading.rows
        if row.standing in _UNSETTLED
    ]
    if terms.version is not None:
        versions, more = _baseline(sight, terms.version)
    elif not sight.own.matches:
        versions, more = _listed(sight)
    else:
        versions, more = _matched(sight, accept_edited=terms.accept_edited)
    versions = tuple(_recognised(sight.history, versions))
    after = _after(sight, versions)
    problems += [*more, *(p for p in after.errors if p.code in SOURCE_CODES)]
    return Adoption(
        sight.own.tool,
        str(sight.table),
        sight.ledger,
        sight.evades,
        versions,
        after,
        tuple(problems),
    )


# --- three ways ---------------------------------------------------------------

_Decided = tuple[tuple[Adopted, ...], list[Problem]]


def _baseline(sight: Sight, version: str) -> _Decided:
    """
    The database has everything up to a file.
    """
    files = tuple(m for m in without_doubles(sight.migrations) if not m.repeatable)
    wanted = read_version(version)
    at = next((i for i, m in enumerate(files, 1) if m.version == wanted), None)
    if at is None:
        return (), [obstacles.no_such_version(version, files)]
    stands_at = ", ".join(row.key for row in sight.reading.rows[-_SHOWN:])
    taken = (_taken(Found.APPLIED, migration) for migration in files[:at])
    return tuple(replace(adopted, key=stands_at) for adopted in taken), []


def _listed(sight: Sight) -> _Decided:
    """
    Rows that no file can match: shown, and refused.
    """
    rows = tuple(_without_file(row) for row in sight.reading.rows)
    return rows, [obstacles.needs_version(sight.own, sight.table, sight.migrations[0])]


def _matched(sight: Sight, *, accept_edited: bool) -> _Decided:
    rows = {(row.key, row.repeatable): row for row in sight.reading.rows}
    upto = read_version(sight.reading.upto or "")
    found: list[Adopted] = []
    problems: list[Problem] = []
    for migration in sight.migrations:
        if migration.baseline:
            continue  # for new databases
        names = [(key, migration.repeatable) for key in sight.own.keys(migration)]
        row = next((rows.pop(name) for name in names if name in rows), None)
        if row is not None:
            adopted = _judged(sight.own, migration, row)
            if adopted.found is Found.EDITED and migration.repeatable:
                continue  # it is to run again
            if adopted.found is Found.EDITED and accept_edited:
                adopted = replace(adopted, found=Found.APPLIED)
            if adopted.found is Found.EDITED:
                problems.append(obstacles.edited(sight.own, migration))
            found.append(adopted)
        elif upto is not None and not migration.repeatable and migration.version <= upto:
            found.append(_taken(Found.APPLIED, migration))
    lost = tuple(_without_file(row) for row in rows.values() if not row.repeatable)
    squashed = {m.version for m in sight.migrations if m.baseline}
    if lost and not found and squashed.isdisjoint(adopted.version for adopted in lost):
        first = sight.migrations[0]
        problems.append(obstacles.not_this_folder(sight.own, sight.table, lost, first))
    return (*found, *lost), problems


def _judged(own: ToolLedger, migration: Migration, row: ForeignRow) -> Adopted:
    """
    Hold a file against its row.
    """
    adopted = _taken(_UNSETTLED.get(row.standing, Found.APPLIED), migration, row)
    if row.checksum is None or own.agrees is None or adopted.found is not Found.APPLIED:
        return adopted
    if own.agrees(migration, row.checksum):
        return replace(adopted, verified=True)
    return replace(adopted, found=Found.EDITED)


def _taken(found: Found, migration: Migration, row: ForeignRow | None = None) -> Adopted:
    return Adopted(
        found,
        row.key if row else "",
        migration.version,
        migration.label,
        migration.name,
        row.applied_at if row else None,
        migration,
    )


def _without_file(row: ForeignRow) -> Adopted:
    return Adopted(
        _UNSETTLED.get(row.standing, Found.UNKNOWN),
        row.key,
        read_version(row.key) or LongVersion((), row.key),
        row.key,
        row.name or row.key,
        row.applied_at,
    )


# --- what comes of it ---------------------------------------------------------


def _recognised(history: History, versions: Sequence[Adopted]) -> Iterator[Adopted]:
    """
    Tell what our own ledger has already.
    """
    held = {entry.version for entry in history.entries if entry.journal is not None}
    held |= {left.version for left in history.leftovers if left.state is JournalState.APPLIED}
    for adopted in versions:
        same = adopted.version in held and adopted.found in {Found.APPLIED, Found.UNKNOWN}
        yield replace(adopted, found=Found.KNOWN) if same else adopted


def _after(sight: Sight, versions: Sequence[Adopted]) -> Plan:
    """
    Plan as if all that had been recorded.
    """
    entries: Mapping[object, LedgerEntry] = {
        **{adopted.version: _entry(adopted) for adopted in versions},
        **{entry.version: entry for entry in sight.history.entries},
    }
    again = {m.version for m in sight.migrations if m.repeatable}
    kept = [JournalEntry(a.version, JournalState.APPLIED) for a in versions if a.version in again]
    files = [entry for entry in entries.values() if entry.version not in again]
    history = replace(
        sight.history,
        entries=tuple(sorted(files, key=lambda entry: entry.version)),
        leftovers=(*sight.history.leftovers, *kept),
    )
    return make_plan(sight.migrations, history, read=sight.read, ledger=str(sight.ledger))


def _entry(adopted: Adopted) -> LedgerEntry:
    gone = JournalEntry(adopted.version, JournalState.RETIRED)
    kept = gone if adopted.migration is None else None
    return LedgerEntry(adopted.version, adopted.label, adopted.name, adopted.applied_at, kept)
