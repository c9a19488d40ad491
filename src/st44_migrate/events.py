"""
What happens during a run, as frozen values handed to the observer.

Every event is complete in itself: an observer needs no memory to describe it.
Durations are whole milliseconds, times in ``waited`` and ``delay`` are seconds.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from .errors import MigrateError
from .model import Migration, Problem, Report, Statement

__all__ = [
    "Event",
    "LockAcquired",
    "LockWaited",
    "MigrationApplied",
    "MigrationFailed",
    "MigrationRetried",
    "MigrationSkipped",
    "MigrationStarted",
    "NoticeReceived",
    "PoolerFound",
    "ProblemFound",
    "RunFailed",
    "RunFinished",
    "RunStarted",
    "StatementApplied",
    "StatementProgressed",
    "StatementStarted",
    "WaitingForDatabase",
]


class WaitingForDatabase(NamedTuple):
    """
    The database is not there yet; we try again in *delay* seconds.
    """

    reason: str
    waited: float
    delay: float


class RunStarted(NamedTuple):
    """
    There is work: *pending* files are to run, *skipped* are applied already.
    """

    database: str
    pending: int
    skipped: int


class PoolerFound(NamedTuple):
    """
    The server session behind this connection is not the one we greeted.
    """

    message: str


class LockWaited(NamedTuple):
    """
    Another runner holds the lock: *holder* says who, as far as we may know.

    The next look is in *delay* seconds; 0: there is none any more.
    """

    holder: str
    waited: float
    delay: float


class LockAcquired(NamedTuple):
    """
    We are the runner now.
    """

    waited: float


class ProblemFound(NamedTuple):
    """
    The plan has a warning; errors are raised instead.
    """

    problem: Problem


class MigrationStarted(NamedTuple):
    """
    *position* of *total* files, from 1.  *statements* are the file's own.
    """

    migration: Migration
    position: int
    total: int
    statements: int
    transactional: bool


class StatementStarted(NamedTuple):
    """
    A statement of a file that is not transactional is sent now.

    The statements of a transactional file travel in one message; each of them
    is reported by `StatementApplied` when the whole is committed.
    """

    migration: Migration
    statement: Statement
    position: int
    total: int


class StatementProgressed(NamedTuple):
    """
    How far a statement is that takes long: sent about once a second while an
    index is built CONCURRENTLY.

    Args:
        phase: In the server's words, ``"building index: scanning table"``; empty
            where it has none.

        done, total: How many of the *unit*, ``"blocks"``, ``"tuples"`` or
            ``"lockers"``; *total* is 0 where nobody knows.

        blockers: The sessions that it waits for, as far as we may see them.
    """

    migration: Migration
    statement: Statement
    phase: str
    done: int
    total: int
    unit: str
    blockers: tuple[str, ...] = ()


class StatementApplied(NamedTuple):
    """
    Statement *position* of *total*, from 1, is done and committed.

    *tag* is what the server answered, ``"CREATE TABLE"``.
    """

    migration: Migration
    statement: Statement
    position: int
    total: int
    tag: str


class NoticeReceived(NamedTuple):
    """
    The server said something while *migration* ran (None: between files).
    """

    migration: Migration | None
    severity: str
    message: str
    detail: str | None = None
    hint: str | None = None


class MigrationApplied(NamedTuple):
    """
    The file is committed and recorded.
    """

    migration: Migration
    position: int
    total: int
    statements: int
    duration_ms: int


class MigrationSkipped(NamedTuple):
    """
    Another runner applied the file while we were about to.
    """

    migration: Migration


class MigrationRetried(NamedTuple):
    """
    The file's transaction was given up for a lock and will be tried again.

    *blockers* describes the sessions that were in the way, as far as we may
    see them.
    """

    migration: Migration
    attempt: int
    reason: str
    delay: float
    blockers: tuple[str, ...] = ()


class MigrationFailed(NamedTuple):
    """
    The file failed; *error* is what the run raises.
    """

    migration: Migration
    error: MigrateError


class RunFinished(NamedTuple):
    """
    Everything that was to run is applied.
    """

    report: Report


class RunFailed(NamedTuple):
    """
    The run ends in *error*; *report* says what stays, if anything ran.
    """

    error: MigrateError
    report: Report | None


Event: TypeAlias = (
    WaitingForDatabase
    | RunStarted
    | PoolerFound
    | LockWaited
    | LockAcquired
    | ProblemFound
    | MigrationStarted
    | StatementStarted
    | StatementApplied
    | StatementProgressed
    | NoticeReceived
    | MigrationApplied
    | MigrationSkipped
    | MigrationRetried
    | MigrationFailed
    | RunFinished
    | RunFailed
)
