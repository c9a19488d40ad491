"""
From folder and history to what would run, and what is wrong.  Pure.

Every decision that can be made before anything is executed is made here, so
that `plan`, `status`, `check`, a health report and the run itself agree.
Files that the journal vouches for by their raw hash are not looked into; all
others are read to their end before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import pairwise

from . import problems
from .baselines import Choice, choose
from .draft import Draft, check_applied, plan_pending, plan_repeatable
from .model import (
    History,
    JournalState,
    LedgerEntry,
    LongVersion,
    Migration,
    Plan,
    Problem,
    Script,
    Severity,
    State,
    Status,
    Version,
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
    ordered = sorted(migrations, key=_place)
    history = _without_foreign([m for m in ordered if not m.repeatable], history)
    choice = choose(ordered, history)
    files = choice.files
    entries = {entry.version: entry for entry in history.entries}
    draft = Draft(
        read,
        history,
        allow_late,
        ledger,
        leftovers={entry.version: entry for entry in history.leftovers},
        reached=max((i for i, m in enumerate(files, 1) if m.version in entries), default=0),
        unknown=max(entries.keys() - {m.version for m in files}, default=None),
    )
    draft.problems.extend(problems.foreign_version(text) for text in history.foreign)
    for kind in (False, True):
        draft.problems.extend(_duplicates([m for m in ordered if m.baseline is kind], entries))
    if choice.behind is not None:
        draft.problems.append(problems.behind(choice.behind, history.entries[-1]))
    draft.statuses.extend(_covered(choice))
    for place, migration in enumerate(files, 1):
        entry = entries.get(migration.version)
        if entry is None:
            plan_pending(draft, migration, place)
        else:
            check_applied(draft, migration, entry)
    ahead = _check_missing(draft, choice)
    draft.problems.extend(gaps(files))
    if not any(migration.rank for migration in files):
        draft.statuses.sort(key=lambda status: status.version)
    for migration in (m for m in ordered if m.repeatable):
        plan_repeatable(draft, migration)
    return Plan(
        pending=tuple(draft.pending),
        applied=history.entries,
        ahead=ahead,
        problems=tuple(sorted(draft.problems, key=lambda p: _WEIGHTS.index(p.severity))),
        statuses=tuple(draft.statuses),
        repeated=tuple(draft.repeated),
    )


def _without_foreign(files: Sequence[Migration], history: History) -> History:
    """
    Take out of a ledger what cannot be a version of such a folder: where every
    file is an integer, what is none.
    """
    if any(isinstance(migration.version, LongVersion) for migration in files):
        return history
    foreign = [e.label for e in history.entries if isinstance(e.version, LongVersion)]
    if not foreign:
        return history
    return replace(
        history,
        entries=tuple(e for e in history.entries if not isinstance(e.version, LongVersion)),
        foreign=(*history.foreign, *foreign),
    )


def _duplicates(
    files: Sequence[Migration], entries: dict[Version, LedgerEntry]
) -> Iterator[Problem]:
    groups: dict[Version, list[Migration]] = {}
    for migration in files:
        groups.setdefault(migration.version, []).append(migration)
    free = max((version for version in groups if isinstance(version, int)), default=0)
    for version, group in groups.items():
        if len(group) > 1:
            free += 1
            entry = entries.get(version)
            known = [m for m in group if entry is not None and m.name == entry.name]
            yield problems.duplicate(
                group,
                known[0] if len(known) == 1 else None,
                free if isinstance(version, int) else None,
            )


def _covered(choice: Choice) -> Iterator[Status]:
    """
    Show the files that a baseline stands for in this database.
    """
    shown = {file.version for file in choice.files}
    for file in choice.covered:
        if file.version not in shown:
            state = State.COVERED
            yield Status(file.version, file.label, file.name, state, path=file.path)


def _check_missing(draft: Draft, choice: Choice) -> tuple[LedgerEntry, ...]:
    """
    Look at what the ledger has and the folder has not: ahead, retired, squashed or lost.
    """
    versions = {file.version for file in (*choice.files, *choice.covered)}
    reach = -1 if choice.reach is None else choice.reach
    last = max(reach, *versions) if versions else reach
    ahead = tuple(entry for entry in draft.history.entries if entry.version > last)
    for entry in draft.history.entries:
        if entry.version in versions:
            continue
        kept = entry.journal
        if reach < entry.version < last and (
            kept is None or kept.state is not JournalState.RETIRED
        ):
            draft.problems.append(problems.diverged(entry))
        state = State.AHEAD if entry.version > last else State.MISSING
        if entry.version <= reach:
            state = State.COVERED
        duration = kept.duration_ms if kept else None
        draft.statuses.append(
            Status(entry.version, entry.label, entry.name, state, entry.applied_at, duration)
        )
    return ahead


def gaps(migrations: Sequence[Migration]) -> tuple[Problem, ...]:
    """
    List a warning for each gap between the numbers of *migrations*.
    """
    files = sorted((m for m in migrations if not m.repeatable), key=_place)
    return tuple(
        problems.gap(above, low + 1, high - 1)
        for low, high, above in ((b.version, a.version, a) for b, a in pairwise(files))
        if isinstance(low, int) and isinstance(high, int) and low + 1 < high < _TIMESTAMPS_FROM
    )


def _place(migration: Migration) -> tuple[int, Version, str]:
    return migration.rank, migration.version, migration.path


def digest(migrations: Sequence[Migration]) -> str | None:
    """
    Say in a few bytes what ledger and journal hold if these files are applied as
    they are, by us, and nothing else is: then there is no more to be said than
    `gaps`.  See `Dialect.unless`, which asks a database for the same.

    None: the files alone are at fault, or some of them are repeatable or baselines.
    """
    if len({migration.version for migration in migrations}) < len(migrations):
        return None
    if any(migration.repeatable or migration.baseline for migration in migrations):
        return None
    lines = sorted(f"{m.label}\x1f{m.name}\x1f{m.raw_checksum}" for m in migrations)
    return sha256("\x1e".join(lines).encode("utf-8", "surrogatepass")).hexdigest()
