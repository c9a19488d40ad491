"""
Every event as one line of text, the same for all who show it.

Pure.  What comes from outside (file names, the server's messages) is made
harmless for a terminal and a log: one line, no control characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.events import (
    LockAcquired,
    LockWaited,
    MigrationApplied,
    MigrationFailed,
    MigrationRetried,
    MigrationSkipped,
    MigrationStarted,
    NoticeReceived,
    PoolerFound,
    ProblemFound,
    RunFailed,
    RunFinished,
    RunStarted,
    StatementApplied,
    StatementProgressed,
    StatementStarted,
    WaitingForDatabase,
)
from st44_migrate.render.words import count, duration

if TYPE_CHECKING:
    from st44_migrate.events import Event
    from st44_migrate.model import Migration, Report, Statement

__all__ = ["head", "legible", "one_line", "progress", "tell", "title"]

_HEAD = 60


def tell(event: Event) -> str:
    """
    Say in one line what happened.
    """
    return one_line(_sentence(event))


def title(migration: Migration) -> str:
    """
    Name a migration: ``"017_add_rewards_table"``.

    In some layouts the name is a part of the version already.
    """
    label, name = migration.label, migration.name
    return one_line(label if label.endswith(f"_{name}") else f"{label}_{name}")


def head(statement: Statement) -> str:
    """
    Show the beginning of a statement, up to its first literal.

    ``ALTER ROLE app PASSWORD 'secret'`` must not reach a log.
    """
    text = one_line(statement.text.partition("'")[0].partition("$")[0])
    return text if len(text) <= _HEAD else f"{text[: _HEAD - 3]}..."


def one_line(text: str) -> str:
    r"""
    Put *text* on one line and escape what is no printable character.

    >>> one_line("two\n  lines\x1b[2J")
    'two lines\\x1b[2J'
    """
    return legible(" ".join(text.split()))


def legible(line: str) -> str:
    """
    Escape what is no printable character: colours, cursor movements, half characters.
    """
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


def _sentence(event: Event) -> str:
    match event:
        case MigrationStarted() | MigrationApplied() | MigrationSkipped() | MigrationFailed():
            return _about_migration(event)
        case StatementStarted() | StatementProgressed() | StatementApplied():
            return _about_statement(event)
        case MigrationRetried():
            return _about_retry(event)
        case NoticeReceived(severity=severity, message=message):
            more = " ".join(f"({part})" for part in (event.detail, event.hint) if part)
            return f"{severity.lower()}: {message} {more}"
        case WaitingForDatabase() | LockWaited() | LockAcquired():
            return _about_waiting(event)
        case PoolerFound(message=message):
            return message
        case ProblemFound(problem=problem):
            return f"{problem.message} {problem.remedy}"
        case RunStarted(database=database, pending=pending, skipped=skipped):
            return f"{count(pending, 'migration')} to apply to {database}, {skipped} applied before"
        case RunFinished(report=report):
            return f"done: {_outcome(report)}"
        case RunFailed(error=error, report=report):
            return f"the run failed: {error.happened}" + (
                f" ({_outcome(report)})" if report else ""
            )


def _about_migration(
    event: MigrationStarted | MigrationApplied | MigrationSkipped | MigrationFailed,
) -> str:
    name = title(event.migration)
    match event:
        case MigrationStarted(position=position, total=total, statements=statements):
            how = "" if event.transactional else ", no transaction"
            return f"applying {name} ({position} of {total}), {count(statements, 'statement')}{how}"
        case MigrationApplied(statements=statements, duration_ms=duration_ms):
            return f"applied {name}, {count(statements, 'statement')}, {duration(duration_ms)}"
        case MigrationSkipped():
            return f"skipped {name}, another runner applied it"
        case MigrationFailed(error=error):
            return f"failed {name}: {error.happened}"


def _about_statement(event: StatementStarted | StatementProgressed | StatementApplied) -> str:
    if isinstance(event, StatementProgressed):
        return f"{title(event.migration)}, line {event.statement.line}: {progress(event)}"
    where = f"{title(event.migration)}, statement {event.position} of {event.total}"
    match event:
        case StatementStarted(statement=statement):
            return f"{where}, line {statement.line}: {head(statement)}"
        case StatementApplied(tag=tag):
            return f"{where}, done{f': {tag}' if tag else ''}"


def progress(event: StatementProgressed) -> str:
    """
    Say how far a statement is, and whom it waits for.
    """
    far = f"{event.done} of {event.total} {event.unit}" if event.total else ""
    waits = f"waits for {'; '.join(event.blockers)}" if event.blockers else ""
    return ", ".join(part for part in (event.phase, far, waits) if part)


def _about_retry(event: MigrationRetried) -> str:
    blockers = f"; in the way: {'; '.join(event.blockers)}" if event.blockers else ""
    return (
        f"attempt {event.attempt} at {title(event.migration)} was given up: {event.reason},"
        f" again in {event.delay:.1f} s{blockers}"
    )


def _about_waiting(event: WaitingForDatabase | LockWaited | LockAcquired) -> str:
    waited = f"{event.waited:.0f} s"
    match event:
        case WaitingForDatabase(reason=reason):
            return f"waiting for the database, {waited} so far: {reason}"
        case LockWaited(holder=holder):
            return f"waiting for another runner, {waited} so far: {holder}"
        case LockAcquired():
            return f"got the lock after {waited}" if event.waited >= 1 else "got the lock"


def _outcome(report: Report) -> str:
    parts = [f"{len(report.applied)} applied", f"{report.skipped} applied before"]
    if report.pending:
        parts.append(f"{report.pending} still to run")
    if report.latest is not None:
        parts.append(f"latest {report.latest}")
    return ", ".join(parts)
