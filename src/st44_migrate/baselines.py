"""
Which files count for a database, where some stand for others.  Pure.

A baseline, ``B012__start.sql``, makes in one go what all files up to 012 make.  A
database in which nothing is applied takes the highest one, and none of the files
that it stands for; any other takes the files and leaves the baseline alone.  Which
of the two a database did is in its ledger: the baseline's row has its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .model import History, JournalState, Migration, Version

__all__ = ["PREFIX", "Choice", "choose", "in_force", "without_doubles"]

PREFIX = "B__"
"""What the name of a baseline begins with, in the folder and in the ledger."""


class Choice(NamedTuple):
    """
    The files that count for one database.

    Args:
        files: Those with a version, in order.

        covered: Those whose effect is in the baseline that the database took.

        reach: The highest version that a baseline stands for, in the folder or in
            the ledger; files up to it may be gone.

        behind: The baseline whose files this database still needs, and that are gone.
    """

    files: tuple[Migration, ...]
    covered: tuple[Migration, ...] = ()
    reach: Version | None = None
    behind: Migration | None = None


def choose(migrations: Sequence[Migration], history: History) -> Choice:
    """
    Choose the files that count for the database with *history*.

    Args:
        migrations: Of one source, in order.

        history: Of one database.
    """
    baselines = [migration for migration in migrations if migration.baseline]
    files = tuple(m for m in migrations if not (m.baseline or m.repeatable))
    applied = {entry.version for entry in history.entries}
    taken = max((e.version for e in history.entries if e.name.startswith(PREFIX)), default=None)
    last = max(baselines, key=lambda migration: migration.version, default=None)
    reach = max((v for v in (taken, last.version if last else None) if v is not None), default=None)
    if taken is not None:
        own = next((file for file in baselines if file.version == taken), None)
    elif last is not None and _is_new(history, last.version):
        own, taken = last, last.version
    else:
        behind = last if last is not None and _lacks(files, applied, last.version) else None
        return Choice(files, (), reach, behind)
    others = applied - {taken}
    kept = [file for file in files if file.version > taken or file.version in others]
    covered = tuple(f for f in files if not (f.version > taken or f.version in others))
    if own is not None:
        at = next((i for i, file in enumerate(kept) if file.version > taken), len(kept))
        kept.insert(at, own)
    return Choice(tuple(kept), covered, reach)


def _is_new(history: History, version: Version) -> bool:
    """
    Whether nothing is applied, nor begun but the baseline itself.
    """
    return not history.entries and not any(
        (left.done or left.in_doubt) and left.version != version
        for left in history.leftovers
        if left.state is not JournalState.APPLIED
    )


def _lacks(files: Sequence[Migration], applied: set[Version], version: Version) -> bool:
    """
    Whether a database has not come to *version*, and there is no file to bring it there.
    """
    there = version in applied or max(applied, default=-1) > version
    return not there and not any(file.version == version for file in files)


def in_force(migrations: Sequence[Migration], history: History) -> Sequence[Migration]:
    """
    Give all files that may be meant by a version of this database, and the repeatable ones.
    """
    choice = choose(migrations, history)
    versions = {file.version for file in choice.files}
    covered = [file for file in choice.covered if file.version not in versions]
    again = [migration for migration in migrations if migration.repeatable]
    places = {id(migration): place for place, migration in enumerate(migrations)}
    return [*sorted([*choice.files, *covered], key=lambda file: places[id(file)]), *again]


def without_doubles(migrations: Sequence[Migration]) -> Sequence[Migration]:
    """
    Leave out each baseline whose version is a file's too: the file is meant.
    """
    versions = {m.version for m in migrations if not m.baseline}
    return [m for m in migrations if not (m.baseline and m.version in versions)]
