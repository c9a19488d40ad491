"""
When a run must not go on: from problems of a plan to the error that is raised.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._progress import Progress
from .errors import ConfigError, LedgerError, PlanError, SourceError
from .model import JournalState, Place, Plan, Problem
from .plan import SOURCE_CODES

__all__ = ["refuse", "refuse_pooled", "refuse_untrue"]


def refuse(plan: Plan, *, unless: str = "") -> None:
    """
    Raise the errors of *plan*, except those with the code *unless*.

    Raises:
        SourceError: the folder alone is at fault.

        PlanError: folder and ledger disagree.
    """
    errors = [problem for problem in plan.errors if problem.code != unless]
    source = [problem for problem in errors if problem.code in SOURCE_CODES]
    if source:
        raise _source_error(source)
    if errors:
        raise PlanError(errors)


def _source_error(problems: Sequence[Problem]) -> SourceError:
    first = problems[0]
    place = None
    if first.path and first.line and first.column:
        place = Place(first.path, first.line, first.column)
    more = (f"also: {problem.message} {problem.remedy}".rstrip() for problem in problems[1:])
    return SourceError(
        first.message,
        place=place,
        excerpt=first.excerpt,
        remedy="\n".join(part for part in (first.remedy, *more) if part),
    )


def refuse_pooled(plan: Plan, *, pooled: bool) -> None:
    """
    Refuse what needs a session of its own, where a pooler shares sessions out.
    """
    for pending in plan.pending if pooled else ():
        if not pending.script.transactional:
            raise ConfigError(
                f"{pending.migration.path} cannot run in a transaction, and a connection pooler"
                " stands before this server",
                unchanged="Nothing was run.",
                remedy="Give the server's direct URL for migrations; or set session_pooler if the"
                " pooler keeps one server session for each client session.",
            )


def refuse_untrue(progress: Progress) -> None:
    """
    Refuse to report success that did not happen: a file whose row is gone, or
    one that was recorded while this run worked, and that nobody ran.

    Raises:
        LedgerError: success cannot be reported.
    """
    ours = {done.version for done in progress.applied}
    for pending in progress.plan.pending:
        migration = pending.migration
        raise LedgerError(
            f"the ledger does not hold {migration.label} any more: {migration.path} is pending again",
            unchanged="What was applied stays.",
            remedy="A file of this run, or another program, has removed its row. Restore it if its"
            f" effect is there: st44-migrate mark {migration.label} --reason '...'.",
        )
    for entry in progress.plan.applied:
        ran = entry.journal is not None and entry.journal.state is JournalState.APPLIED
        if entry.version in progress.expected and entry.version not in ours and not ran:
            raise LedgerError(
                f"{entry.label} was recorded during this run, but nobody ran its file",
                unchanged="What was applied stays.",
                remedy="A file of this run recorded another file's number, or a person did it by hand."
                f" Remove the row {entry.label} from the ledger and run again; or, if the file's effect"
                f" is there: st44-migrate repair {entry.label} --reason '...'.",
            )
