"""
From what a driver says to what a person can use: what happened, what is
unchanged, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._sending import Failed
from .errors import ApplyError, DatabaseUnavailable, DriverError, MigrateError
from .items import Item, Role
from .model import Migration, Pending, Place, Report, read_version
from .sqltext import excerpt, place_in, whole

__all__ = [
    "before",
    "conflict",
    "failed",
    "first_line",
    "not_of_the_file",
    "recorder",
    "unknown",
    "unwritable",
]

_NO_TRANSACTION = frozenset({"2D000", "25001"})
_OURS = frozenset({Role.CLAIM, Role.GUARD, Role.RECORD})


def failed(
    pending: Pending, failure: Failed, report: Report, *, looked: bool = False
) -> ApplyError:
    """
    Build the error that a run raises when *pending* failed.

    *looked* says that the connection was lost, and that the ledger has been
    read since: the file is not recorded.
    """
    migration, script = pending.migration, pending.script
    item, error = failure.item, failure.error
    statement = item.statement if item else None
    place, shown = None, ""
    if statement is not None:
        from ._places import locate

        line, column = place_in(script, locate(script, statement, error))
        place = Place(migration.path, line, column)
        shown = excerpt(whole(script), line, column)
    unchanged, remedy = _consequences(pending, failure, report, looked=looked)
    return ApplyError(
        f"{place or migration.path}: {_moment(item)}{failure.detail or first_line(error)}",
        migration=migration,
        report=report,
        place=place,
        statement=statement,
        error=error,
        excerpt=shown,
        unchanged=unchanged,
        remedy=remedy,
    )


def unknown(
    files: Sequence[Pending], failure: Failed, report: Report, error: MigrateError
) -> ApplyError:
    """
    Say that the connection was lost while *files* were on their way, and that
    nobody could look since.
    """
    first, last = files[0].migration, files[-1].migration
    which = first.path if first is last else f"{first.path} to {last.path}"
    were = "it was" if first is last else "they were"
    took = f"Whether {which}" if first is last else f"How many of {which}, in their order,"
    return ApplyError(
        f"{which}: the connection was lost while {were} on the way"
        f" ({failure.error.message}), and the database has not been reached since: {error.happened}",
        migration=first,
        report=report,
        error=failure.error,
        unchanged=f"{took} took effect is not known yet; {before(report, alone=False)}",
        remedy="Look with st44-migrate status when the database is back, and run again.",
    )


def unwritable(database: str, failure: Failed, report: Report) -> DatabaseUnavailable:
    """
    Say that nobody can write to this database, whatever the file.
    """
    return DatabaseUnavailable(
        f"{database} cannot be written to: {first_line(failure.error)}",
        transient=False,
        unchanged=before(report),
        remedy="Look at the rights on the file and on its folder; or use a server and a role that"
        " may write.",
    )


def conflict(pending: Pending, ran: Sequence[Pending], report: Report) -> ApplyError:
    """
    Say that a version was recorded while we held the lock: by a file of ours.
    """
    migration = pending.migration
    culprit = recorder(ran, migration)
    by = f"by {culprit}" if culprit else "by an earlier file of this run, or by hand"
    return ApplyError(
        f"{migration.path}: {migration.label} was recorded meanwhile {by}, so it did not run",
        migration=migration,
        report=report,
        unchanged=f"Nothing of it was run; {before(report, alone=False)}",
        remedy=f"Correct the number that {culprit or 'that file'} records. Then remove the row"
        f" {migration.label} from the ledger and run again; or, if the file's effect is there, run"
        " again as it is.",
    )


def _consequences(
    pending: Pending, failure: Failed, report: Report, *, looked: bool
) -> tuple[str, str]:
    """
    Say what is unchanged and what to do.
    """
    migration, script, item = pending.migration, pending.script, failure.item
    mark = f"st44-migrate mark {migration.label} --reason '...'"
    if looked:
        return (
            f"The connection was lost; the ledger was read again since, and does not hold"
            f" {migration.label}: {migration.path} was rolled back whole; {before(report, alone=False)}",
            "Run again.",
        )
    if failure.error.lost and not script.transactional:
        return (
            f"The first {failure.committed} of {len(script.units)} statement(s) of {migration.path}"
            " are committed; the connection was lost, so whether the next one took effect has to be"
            f" looked up; {before(report, alone=False)}",
            "Look with st44-migrate status, and run again: it goes on there.",
        )
    if failure.error.lost:
        return (
            f"The connection was lost, so whether {migration.path} took effect has to be looked up;"
            f" {before(report, alone=False)}",
            "Look with st44-migrate status, and run again.",
        )
    if item is not None and _after_commit(pending, item):
        return (
            f"{migration.path} is committed and recorded, but its session could not be restored;"
            f" {before(report, alone=False)}",
            "Run again to go on with the next file.",
        )
    if not_of_the_file(pending, failure):
        return (
            f"Nothing of {migration.path} was kept; {before(report, alone=False)}"
            if script.transactional
            else f"{failure.committed} statement(s) of {migration.path} are committed; {before(report, alone=False)}",
            "The file is not at fault: ledger and journal could not be written. Give this role"
            " SELECT, INSERT and UPDATE on both, look at what is unusual about them, and run again.",
        )
    if script.transactional and failure.error.sqlstate in _NO_TRANSACTION:
        return (
            f"{migration.path} was rolled back whole; {before(report, alone=False)}",
            "This cannot be done in a transaction: say '-- st44: no-transaction' in the file's first"
            " line, and run again.",
        )
    if script.transactional:
        return (
            f"{migration.path} was rolled back whole; {before(report, alone=False)}",
            f"Fix the file and run again; or, if the database has its effect already: {mark}.",
        )
    total = len(script.units)
    return (
        f"The first {failure.committed} of {total} statement(s) of {migration.path} are committed"
        f" and stay; {before(report, alone=False)}",
        "Fix the file from this statement on and run again: it goes on there. Or do the rest by"
        f" hand: {mark}.",
    )


def not_of_the_file(pending: Pending, failure: Failed) -> bool:
    """
    Whether ledger or journal could not be written, for no fault of the file.
    """
    item, error = failure.item, failure.error
    if item is None or item.role not in _OURS:
        return False
    ran_before = item.role is Role.RECORD
    state = error.sqlstate or ""
    if state == "25006" or state.startswith("SQLITE_READONLY"):
        # A file may make its own session read-only.
        return not (ran_before or pending.script.prologue)
    gone = state == "42P01" or error.message.startswith("no such table")
    return not (ran_before and gone)


def before(report: Report, *, alone: bool = True) -> str:
    """
    Say what stays of the files before the one at hand; *alone* makes it a
    sentence of its own.
    """
    if count := len(report.applied):
        return f"{'T' if alone else 't'}he {count} file(s) applied before it stay."
    return "Nothing was run." if alone else "nothing else was run."


def _after_commit(pending: Pending, item: Item) -> bool:
    return item.role is Role.RESTORE or item.statement in pending.script.epilogue


def first_line(error: DriverError) -> str:
    """
    The message with the code behind it, in one line.
    """
    message = error.message.strip().splitlines()[0] if error.message.strip() else "unknown error"
    return f"{message} ({error.sqlstate})" if error.sqlstate else message


def _moment(item: Item | None) -> str:
    if item is None:
        return ""
    return {
        Role.COMMIT: "at commit: ",
        Role.CLAIM: "while it was claimed: ",
        Role.GUARD: "while it was claimed: ",
        Role.RECORD: "while it was recorded: ",
        Role.CHECK: "after its statements: ",
    }.get(item.role, "")


def recorder(ran: Sequence[Pending], migration: Migration) -> str:
    """
    Name the file that recorded the version of *migration*, if its text shows it.
    """
    for earlier in ran:
        if migration.version in {read_version(text) for text in earlier.script.records}:
            return earlier.migration.path
    return ""
