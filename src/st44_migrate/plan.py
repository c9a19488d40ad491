"""
From folder and history to what would run, and what is wrong.  Pure.

Every decision that can be made before anything is executed is made here, so
that `plan`, `status`, `check`, a health report and the run itself agree.
Files that the journal vouches for by their raw hash are not looked into; all
others are read to their end before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise

from . import problems
from .errors import SourceError
from .model import (
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    Migration,
    Pending,
    Plan,
    Problem,
    Script,
    Severity,
    State,
    Status,
)

__all__ = ["SOURCE_CODES", "Reader", "digest", "gaps", "make_plan"]

SOURCE_CODES = frozenset({"duplicate", "unreadable"})
"""Problems of the folder alone: a run that meets them raises `SourceError`."""

_TIMESTAMPS_FROM = 10**7
"""Numbers this high are dates: between them there are always gaps."""

_WEIGHTS = list(Severity)


class Reader:
    """
    Reads scripts, each file once, however often a plan is made.
    """

    def __init__(self, dialect: str, ledger: str = "schema_migrations") -> None:
        self.dialect = dialect
        self.ledger = ledger
        self._scripts: dict[tuple[str, str], Script] = {}

    def __call__(self, migration: Migration) -> Script:
        """
        Return the script of *migration*.

        Raises:
            SourceError: it cannot be taken as it is.
        """
        known = self._scripts.get((migration.path, migration.raw_checksum))
        if known is None:
            from .sqltext import read_script  # not needed where nothing is read

            known = read_script(migration, self.dialect, ledger=self.ledger)
            self._scripts[migration.path, migration.raw_checksum] = known
        return known


@dataclass(slots=True)
class _Draft:
    """
    A plan in the making.
    """

    read: Callable[[Migration], Script]
    history: History
    allow_late: bool
    ledger: str
    leftovers: dict[int, JournalEntry]
    pending: list[Pending] = field(default_factory=list[Pending])
    problems: list[Problem] = field(default_factory=list[Problem])
    statuses: list[Status] = field(default_factory=list[Status])


def make_plan(
    migrations: Sequence[Migration],
    history: History,
    *,
    read: Callable[[Migration], Script],
    allow_late: bool = False,
    ledger: str = "schema_migrations",
) -> Plan:
    """
    Compare what a source has with what a database has.

    Args:
        migrations: Of one source, in any order.

        history: Of one database.

        read: How to look into a file, usually a `Reader`.

        allow_late: Whether files below the highest applied version may run.

        ledger: The ledger's name, for messages.
    """
    entries = {entry.version: entry for entry in history.entries}
    files = sorted(migrations, key=lambda m: (m.version, m.path))
    leftovers = {entry.version: entry for entry in history.leftovers}
    draft = _Draft(read, history, allow_late, ledger, leftovers)
    draft.problems.extend(problems.foreign_version(text) for text in history.foreign)
    draft.problems.extend(_duplicates(files, entries))
    for migration in files:
        entry = entries.get(migration.version)
        if entry is None:
            _plan_pending(draft, migration)
        else:
            _check_applied(draft, migration, entry)
    ahead = _check_missing(draft, {m.version for m in files})
    draft.problems.extend(gaps(files))
    return Plan(
        pending=tuple(draft.pending),
        applied=history.entries,
        ahead=ahead,
        problems=tuple(sorted(draft.problems, key=lambda p: _WEIGHTS.index(p.severity))),
        statuses=tuple(sorted(draft.statuses, key=lambda status: status.version)),
    )


def _plan_pending(draft: _Draft, migration: Migration) -> None:
    leftover = draft.leftovers.get(migration.version)
    draft.statuses.append(_pending_status(migration, leftover))
    try:
        script = draft.read(migration)
    except SourceError as error:
        draft.problems.append(problems.unreadable(migration, error))
        return
    history = draft.history
    late = bool(history.entries) and migration.version < history.entries[-1].version
    if late and not (draft.allow_late or script.late):
        draft.problems.append(problems.comes_late(migration, history.entries[-1].label))
    if history.width is not None and len(migration.label) > history.width:
        draft.problems.append(problems.too_long(migration, history.width, draft.ledger))
    draft.problems.extend(
        problems.own_record(migration, written)
        for written in script.records
        if written != migration.label
    )
    if leftover is not None:
        draft.problems.extend(_unfinished(migration, script, leftover))
    draft.pending.append(Pending(migration, script, (leftover.done or 0) if leftover else 0))


def _unfinished(migration: Migration, script: Script, leftover: JournalEntry) -> Iterator[Problem]:
    from .sqltext import units_checksum

    if leftover.in_doubt:
        yield problems.in_doubt(migration, leftover)
    elif leftover.done and (
        script.transactional
        or units_checksum(script.units[: leftover.done]) != leftover.done_checksum
    ):
        yield problems.executed_part_edited(migration, leftover)


def _pending_status(migration: Migration, leftover: JournalEntry | None) -> Status:
    state = State.PENDING
    if leftover is not None and (leftover.done or leftover.in_doubt):
        state = State.UNFINISHED
    elif leftover is not None and leftover.state is JournalState.FAILED:
        state = State.FAILED
    return Status(migration.version, migration.label, migration.name, state, path=migration.path)


def _check_applied(draft: _Draft, migration: Migration, entry: LedgerEntry) -> None:
    kept = entry.journal
    state = State.ELSEWHERE if kept is None else State.APPLIED
    if kept is not None and _stopped_half_way(kept):
        state = State.UNFINISHED
        draft.problems.append(problems.recorded_too_early(migration, kept))
    elif kept is not None and not _same(draft.read, migration, kept):
        state = State.EDITED
        draft.problems.append(problems.edited(migration, entry))
    if entry.label != migration.label:
        draft.problems.append(problems.other_number(migration, entry))
    if entry.name and entry.name not in (migration.name, f"{migration.label}_{migration.name}"):
        draft.problems.append(problems.other_name(migration, entry))
    draft.statuses.append(
        Status(
            migration.version,
            migration.label,
            migration.name,
            state,
            entry.applied_at,
            kept.duration_ms if kept else None,
            migration.path,
        )
    )


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


def _duplicates(files: Sequence[Migration], entries: dict[int, LedgerEntry]) -> Iterator[Problem]:
    groups: dict[int, list[Migration]] = {}
    for migration in files:
        groups.setdefault(migration.version, []).append(migration)
    free = max(groups, default=0)
    for version, group in groups.items():
        if len(group) > 1:
            free += 1
            entry = entries.get(version)
            known = [m for m in group if entry is not None and m.name == entry.name]
            yield problems.duplicate(group, known[0] if len(known) == 1 else None, free)


def _check_missing(draft: _Draft, versions: set[int]) -> tuple[LedgerEntry, ...]:
    """
    Look at what the ledger has and the folder has not: ahead, retired or lost.
    """
    last = max(versions, default=-1)
    ahead = tuple(entry for entry in draft.history.entries if entry.version > last)
    for entry in draft.history.entries:
        if entry.version in versions:
            continue
        kept = entry.journal
        if entry.version < last and (kept is None or kept.state is not JournalState.RETIRED):
            draft.problems.append(problems.diverged(entry))
        state = State.AHEAD if entry.version > last else State.MISSING
        duration = kept.duration_ms if kept else None
        draft.statuses.append(
            Status(entry.version, entry.label, entry.name, state, entry.applied_at, duration)
        )
    return ahead


def gaps(files: Sequence[Migration]) -> Iterator[Problem]:
    """
    Yield a warning for each gap between the numbers of *files*, which are ordered.
    """
    for below, above in pairwise(files):
        if above.version - below.version > 1 and above.version < _TIMESTAMPS_FROM:
            yield problems.gap(below, above)


def digest(migrations: Sequence[Migration]) -> str | None:
    """
    Say in a few bytes what ledger and journal hold if these files are applied as
    they are, by us, and nothing else is: then there is no more to be said than
    `gaps`.  See `Dialect.unless`, which asks a database for the same.

    None: the files alone are at fault.
    """
    if len({migration.version for migration in migrations}) < len(migrations):
        return None
    lines = sorted(f"{m.label}\x1f{m.name}\x1f{m.raw_checksum}" for m in migrations)
    return sha256("\x1e".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
