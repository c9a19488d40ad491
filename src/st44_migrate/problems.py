"""
The words for everything that can be wrong between a folder and a ledger.

Each function makes one `Problem`: what is the matter, and what to do.  When a
problem exists is decided in `plan`; a code never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Sequence

from .errors import SourceError
from .model import JournalEntry, LedgerEntry, Migration, Problem, Severity, read_version

__all__ = [
    "behind",
    "comes_late",
    "diverged",
    "duplicate",
    "edited",
    "executed_part_edited",
    "foreign_version",
    "gap",
    "in_doubt",
    "not_numeric",
    "other_name",
    "other_number",
    "own_record",
    "recorded_too_early",
    "too_long",
    "unreadable",
]


def unreadable(migration: Migration, error: SourceError) -> Problem:
    """
    Pass on what the lexer says of a file.
    """
    place = error.place
    return Problem(
        "unreadable",
        Severity.ERROR,
        error.happened,
        error.remedy,
        version=migration.label,
        path=migration.path,
        line=place.line if place else None,
        column=place.column if place else None,
        excerpt=error.excerpt,
    )


def comes_late(migration: Migration, latest: str) -> Problem:
    """
    A pending file stands below the highest applied version.
    """
    return _about(
        migration,
        "late",
        f"{migration.path} comes late: {latest} is applied already.",
        "Give it a number above that; or, if it does not depend on the order, say so:"
        " --allow-late, or the header '-- st44: late' in the file.",
    )


def behind(baseline: Migration, entry: LedgerEntry) -> Problem:
    """
    A database has not come as far as a baseline, and the files up to it are gone.
    """
    return _about(
        baseline,
        "behind",
        f"the database is at {entry.label}, and the files from there to {baseline.label} are in"
        f" {baseline.path} only, which is for new databases.",
        f"Restore those files, or bring the database to {baseline.label} with a version of the folder"
        " that still has them.",
    )


def too_long(migration: Migration, width: int, ledger: str) -> Problem:
    """
    The version does not fit the ledger's column.
    """
    return _about(
        migration,
        "too-long",
        f"{migration.path}: the version {migration.label} has {len(migration.label)} characters,"
        f" and the ledger's column takes {width}.",
        "Use a shorter one, or widen the column first:"
        f" ALTER TABLE {ledger} ALTER COLUMN version TYPE varchar(255)",
    )


def not_numeric(migration: Migration, ledger: str) -> Problem:
    """
    The ledger's column takes numbers only, and the version is more than one.
    """
    return _about(
        migration,
        "not-numeric",
        f"{migration.path}: the version {migration.label} is more than a number, and the ledger's"
        " column takes numbers only.",
        f"Let it take text: ALTER TABLE {ledger} ALTER COLUMN version TYPE varchar(255); or keep"
        " another ledger: --ledger SCHEMA.TABLE",
    )


def own_record(migration: Migration, written: str) -> Problem:
    """
    The file inserts another spelling, or another number, into the ledger.
    """
    same = read_version(written) == migration.version
    verdict = (
        "Numbers are compared as integers, so it is applied once all the same."
        if same
        else f"It is recorded as {migration.label} as well, but {written} is another file's number."
    )
    return _about(
        migration,
        "number",
        f"{migration.path} records itself as {written!r}, not {migration.label!r}.",
        f"{verdict} Leave an applied file as it is; mind the number in the next one.",
        Severity.WARNING,
    )


def in_doubt(migration: Migration, leftover: JournalEntry) -> Problem:
    """
    A statement outside any transaction was sent, and its end was not seen.
    """
    return _about(
        migration,
        "unfinished",
        f"{migration.path} is in doubt: statement {(leftover.done or 0) + 1} of {leftover.total}"
        " was sent, and nobody saw it end; another runner may be at it right now.",
        "If no other runner is at work, look whether that statement took effect. If it did not,"
        f" go on with it: st44-migrate repair {migration.label} --reason '...'. If the file is"
        f" complete: st44-migrate mark {migration.label} --reason '...'.",
    )


def executed_part_edited(migration: Migration, leftover: JournalEntry) -> Problem:
    """
    A file that stopped half-way differs in the half that is committed.
    """
    return _about(
        migration,
        "unfinished",
        f"{migration.path} was edited where it had run already: the first {leftover.done} of"
        f" {leftover.total} statement(s) are committed.",
        "Restore those statements (edit only what comes after them), or settle the rest by"
        f" hand and say so: st44-migrate mark {migration.label} --reason '...'.",
    )


def recorded_too_early(migration: Migration, kept: JournalEntry) -> Problem:
    """
    A file recorded itself before its last statement, and then stopped.
    """
    return _about(
        migration,
        "unfinished",
        f"{migration.path} is recorded as applied, by itself, but only the first {kept.done or 0} of"
        f" {kept.total} statement(s) are committed.",
        f"Do the rest by hand and say so: st44-migrate repair {migration.label} --reason '...'; or"
        f" remove the row {migration.label} from the ledger and run again: it goes on there.",
    )


def edited(migration: Migration, entry: LedgerEntry) -> Problem:
    """
    The file is not what was applied.
    """
    when = f" on {entry.applied_at:%Y-%m-%d %H:%M} UTC" if entry.applied_at else ""
    return _about(
        migration,
        "edited",
        f"{migration.path} was applied{when} and has been edited since.",
        f"Restore it (st44-migrate show {migration.label} prints what was applied, and the"
        " difference) and put the change into a new migration; or, if the database has the"
        f" edited version's effect: st44-migrate repair {migration.label} --reason '...'.",
    )


def other_number(migration: Migration, entry: LedgerEntry) -> Problem:
    """
    The ledger spells the version differently.
    """
    return _about(
        migration,
        "number",
        f"{migration.path} is recorded as {entry.label!r}, not {migration.label!r}.",
        "Numbers are compared as integers, so it counts as applied.",
        Severity.WARNING,
    )


def other_name(migration: Migration, entry: LedgerEntry) -> Problem:
    """
    The ledger knows the number under another name.
    """
    return _about(
        migration,
        "name",
        f"{migration.path} counts as applied, but the ledger knows {entry.label} as {entry.name!r}.",
        "If the file was only renamed, all is well. If another file with this number was"
        " applied, this one never ran: give it a number of its own.",
        Severity.WARNING,
    )


def duplicate(group: Sequence[Migration], known: Migration | None, free: int | None) -> Problem:
    """
    Several files share a number; *known* is the one that the ledger names, *free*
    the next number, None where versions are not just numbers.
    """
    other = next(m for m in reversed(group) if m is not known)
    label = group[0].label
    new_name = "a name of its own"
    if free is not None:
        new_name = f"{str(free).zfill(len(label))}_{other.name}.sql"
    which = (
        f"The ledger knows {label} as {known.name!r}: rename {other.path}"
        if known is not None
        else f"Rename the one that came later, for example {other.path}"
    )
    return _about(
        other,
        "duplicate",
        f"the number {label} is used by {' and '.join(m.path for m in group)}.",
        f"{which} to {new_name}. A number that is applied somewhere must keep its file.",
    )


def diverged(entry: LedgerEntry) -> Problem:
    """
    An applied version has no file, although later ones have.
    """
    return Problem(
        "diverged",
        Severity.ERROR,
        f"{entry.label} ({entry.name}) is applied, but there is no such file, although later"
        " ones exist.",
        f"Restore the file from version control (st44-migrate show {entry.label} prints the SQL if"
        " it was applied by this tool); or, if it was removed on purpose: st44-migrate repair"
        f" {entry.label} --reason '...'.",
        version=entry.label,
    )


def foreign_version(text: str) -> Problem:
    """
    A row of the ledger has no number.
    """
    text = text[:40]
    return Problem(
        "foreign-version",
        Severity.ERROR,
        f"the ledger holds the version {text!r}, which is not a number.",
        "Correct or remove that row; every version is a number here.",
        version=text,
    )


def gap(above: Migration, lowest: int, highest: int) -> Problem:
    """
    The numbers from *lowest* to *highest*, below a file, are unused.
    """
    width = len(above.label)
    first, last = str(lowest).zfill(width), str(highest).zfill(width)
    return _about(
        above,
        "gap",
        f"the folder has no {first if first == last else f'{first} to {last}'}.",
        "Harmless, unless a file was lost or is still on a branch.",
        Severity.NOTE,
    )


def _about(
    migration: Migration,
    code: str,
    message: str,
    remedy: str,
    severity: Severity = Severity.ERROR,
) -> Problem:
    return Problem(code, severity, message, remedy, version=migration.label, path=migration.path)
