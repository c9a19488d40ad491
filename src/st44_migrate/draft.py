"""
One file against what is remembered of it.  Pure.

A `Draft` is a plan in the making: each file adds to it what would run, what is
wrong, and how it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from . import problems
from .errors import SourceError
from .model import (
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    Migration,
    Pending,
    Problem,
    Script,
    State,
    Status,
    Version,
    read_version,
)

__all__ = ["Draft", "check_applied", "plan_pending", "plan_repeatable"]


@dataclass(slots=True)
class Draft:
    """
    A plan in the making.

    *reached* is how many of the folder's files come before or are the last one
    that is applied; *unknown* is the highest version that only the ledger has.
    """

    read: Callable[[Migration], Script]
    history: History
    allow_late: bool
    ledger: str
    leftovers: dict[Version, JournalEntry]
    reached: int = 0
    unknown: Version | None = None
    pending: list[Pending] = field(default_factory=list[Pending])
    repeated: list[LedgerEntry] = field(default_factory=list[LedgerEntry])
    problems: list[Problem] = field(default_factory=list[Problem])
    statuses: list[Status] = field(default_factory=list[Status])


def plan_pending(draft: Draft, migration: Migration, place: int) -> None:
    """
    Plan a file that is not applied, the one at *place* in the folder, from 1.
    """
    leftover = draft.leftovers.get(migration.version)
    script = _script(draft, migration, leftover)
    if script is None:
        return
    late = place < draft.reached or (
        draft.unknown is not None and draft.unknown > migration.version
    )
    if late and not (draft.allow_late or script.late):
        draft.problems.append(problems.comes_late(migration, draft.history.entries[-1].label))
    draft.problems.extend(_unfit(migration, draft.history, draft.ledger))
    draft.problems.extend(
        problems.own_record(migration, written)
        for written in script.records
        if written != migration.label
    )
    if leftover is not None:
        draft.problems.extend(_unfinished(migration, script, leftover))
    draft.pending.append(Pending(migration, script, (leftover.done or 0) if leftover else 0))


def _unfit(migration: Migration, history: History, ledger: str) -> Iterator[Problem]:
    """
    Find why the ledger's column would not take a version.
    """
    if history.numeric and not isinstance(read_version(migration.label), int):
        yield problems.not_numeric(migration, ledger)
    elif history.width is not None and len(migration.label) > history.width:
        yield problems.too_long(migration, history.width, ledger)


def _unfinished(migration: Migration, script: Script, leftover: JournalEntry) -> Iterator[Problem]:
    from .sqltext import units_checksum  # not needed where nothing is pending

    if leftover.in_doubt:
        yield problems.in_doubt(migration, leftover)
    elif leftover.done and (
        script.transactional
        or units_checksum(script.units[: leftover.done]) != leftover.done_checksum
    ):
        yield problems.executed_part_edited(migration, leftover)


def plan_repeatable(draft: Draft, migration: Migration) -> None:
    """
    Find out whether a repeatable file is applied as it stands: the journal says so.
    """
    kept = draft.leftovers.get(migration.version)
    if kept is not None and kept.state is JournalState.APPLIED:
        if _same(draft.read, migration, kept):
            entry = LedgerEntry(migration.version, migration.label, migration.name, None, kept)
            draft.repeated.append(entry)
            draft.statuses.append(_status(migration, State.APPLIED, entry))
            return
        kept = None
    _plan_again(draft, migration, kept)


def _script(draft: Draft, migration: Migration, leftover: JournalEntry | None) -> Script | None:
    """
    Note that a file is to run, and read it; None: it cannot be read, which is noted too.
    """
    draft.statuses.append(_pending_status(migration, leftover))
    try:
        return draft.read(migration)
    except SourceError as error:
        draft.problems.append(problems.unreadable(migration, error))
        return None


def _plan_again(draft: Draft, migration: Migration, leftover: JournalEntry | None) -> None:
    """
    Plan a repeatable file, from its beginning unless it goes on unchanged.
    """
    script = _script(draft, migration, leftover)
    if script is None:
        return
    found = list(_unfinished(migration, script, leftover)) if leftover else []
    if leftover is not None and leftover.in_doubt:
        draft.problems.extend(found)
    done = (leftover.done or 0) if leftover is not None and not found else 0
    draft.pending.append(Pending(migration, script, done))


def _pending_status(migration: Migration, leftover: JournalEntry | None) -> Status:
    state = State.PENDING
    if leftover is not None and (leftover.done or leftover.in_doubt):
        state = State.UNFINISHED
    elif leftover is not None and leftover.state is JournalState.FAILED:
        state = State.FAILED
    return _status(migration, state)


def _status(migration: Migration, state: State, entry: LedgerEntry | None = None) -> Status:
    kept = entry.journal if entry else None
    return Status(
        migration.version,
        migration.label,
        migration.name,
        state,
        entry.applied_at if entry else None,
        kept.duration_ms if kept else None,
        migration.path,
    )


def check_applied(draft: Draft, migration: Migration, entry: LedgerEntry) -> None:
    """
    Find out whether a file is still what was applied.
    """
    kept = entry.journal
    state = State.ELSEWHERE if kept is None else State.APPLIED
    if kept is not None and _stopped_half_way(kept):
        state = State.UNFINISHED
        draft.problems.append(problems.recorded_too_early(migration, kept))
    elif kept is not None and not _same(draft.read, migration, kept):
        state = State.EDITED
        draft.problems.append(_why(draft, migration, entry))
    if entry.label != migration.label:
        draft.problems.append(problems.other_number(migration, entry))
    if entry.name and entry.name not in (migration.name, f"{migration.label}_{migration.name}"):
        draft.problems.append(problems.other_name(migration, entry))
    draft.statuses.append(_status(migration, state, entry))


def _stopped_half_way(kept: JournalEntry) -> bool:
    running = kept.state in {JournalState.RUNNING, JournalState.FAILED}
    return running and bool(kept.done or kept.in_doubt) and kept.done != kept.total


def _same(read: Callable[[Migration], Script], migration: Migration, kept: JournalEntry) -> bool:
    """
    Compare a file with what was applied: bytes first, statements where they differ.
    """
    if kept.checksum is None or kept.raw_checksum == migration.raw_checksum:
        return True
    try:
        return read(migration).checksum == kept.checksum
    except SourceError:
        return False


def _why(draft: Draft, migration: Migration, entry: LedgerEntry) -> Problem:
    """
    Say why a file is not what was applied: where it is filled in, a value may be missing.
    """
    try:
        draft.read(migration)
    except SourceError as error:
        if migration.notation is not None and migration.notation.placeholder is not None:
            return problems.unreadable(migration, error)
    return problems.edited(migration, entry)
