"""
Runs as the engine tells them, written by hand.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from st44_migrate.errors import ApplyError, DatabaseUnavailable, DriverError
from st44_migrate.events import (
    Event,
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
from st44_migrate.model import Applied, Migration, Place, Problem, Report, Severity, Statement

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)


class Terminal(io.StringIO):
    """
    A stream that says it is a terminal and keeps what is written.
    """

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def migration(label: str, name: str) -> Migration:
    path = f"db/migrations/{label}_{name}.sql"
    return Migration(int(label), label, name, path, b"SELECT 1;", "0" * 64)


def statement(text: str, line: int) -> Statement:
    return Statement(text, offset=0, line=line, column=1)


USERS = migration("001", "create_users")
REWARDS = migration("017", "add_rewards_table")
INDEX = migration("018", "index_rewards")
TABLE = statement("CREATE TABLE rewards (id bigint)", 3)
BUILD = statement("CREATE INDEX CONCURRENTLY rewards_by_child ON rewards (child_id)", 5)
LATE = Problem(
    "gap", Severity.WARNING, "015 and 016 are missing.", "Was a file lost?", "017", REWARDS.path
)


def report(*applied: Migration, pending: int = 0) -> Report:
    done = (Applied(m.version, m.label, m.name, m.path, 3, 12) for m in applied)
    latest = applied[-1].label if applied else "001"
    return Report(tuple(done), 1, pending, latest, 1 + len(applied), NOON, NOON)


def failure() -> ApplyError:
    """
    The error of a file that fails at 5:38.
    """
    return ApplyError(
        f'{INDEX.path}:5:38: column "child_id" does not exist (42703)',
        migration=INDEX,
        report=report(REWARDS, pending=1),
        place=Place(INDEX.path, 5, 38),
        statement=BUILD,
        error=DriverError('column "child_id" does not exist', sqlstate="42703"),
        excerpt="5 | CREATE INDEX ... ON rewards (child_id)\n  |                              ^",
        unchanged="017 stays applied.",
        remedy="Correct the file and run again: 100% of 018 is undone.",
    )


@pytest.fixture(autouse=True)
def known_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A terminal of 100 columns with colours, whatever this one is.
    """
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture
def terminal() -> Terminal:
    return Terminal()


@pytest.fixture
def good_run() -> list[Event]:
    """
    Two files, one of them statement by statement.
    """
    return [
        RunStarted("postgresql://app@db/shop", 2, 1),
        LockAcquired(0.0),
        ProblemFound(LATE),
        MigrationStarted(REWARDS, 1, 2, 3, transactional=True),
        NoticeReceived(REWARDS, "NOTICE", "backfilled 12 rows"),
        StatementApplied(REWARDS, TABLE, 1, 3, "CREATE TABLE"),
        MigrationApplied(REWARDS, 1, 2, 3, 12),
        MigrationStarted(INDEX, 2, 2, 1, transactional=False),
        StatementStarted(INDEX, BUILD, 1, 1),
        StatementApplied(INDEX, BUILD, 1, 1, "CREATE INDEX"),
        MigrationApplied(INDEX, 2, 2, 1, 83_000),
        RunFinished(report(REWARDS, INDEX)),
    ]


@pytest.fixture
def failed_run() -> list[Event]:
    """
    The second of two files fails.
    """
    error = failure()
    return [
        RunStarted("postgresql://app@db/shop", 2, 1),
        MigrationStarted(REWARDS, 1, 2, 3, transactional=True),
        MigrationApplied(REWARDS, 1, 2, 3, 12),
        MigrationStarted(INDEX, 2, 2, 1, transactional=False),
        StatementStarted(INDEX, BUILD, 1, 1),
        MigrationFailed(INDEX, error),
        RunFailed(error, error.report),
    ]


@pytest.fixture
def waiting_run() -> list[Event]:
    """
    Another runner holds the lock for a minute, polled every two seconds.
    """
    holder = "deploy-7, pid 4711, since 12:00"
    return [
        *(LockWaited(holder, float(waited), 2.0) for waited in range(0, 61, 2)),
        LockAcquired(61.0),
    ]


@pytest.fixture
def every_event(good_run: list[Event], failed_run: list[Event]) -> list[Event]:
    """
    Each type of event, most of them with something awkward in it.
    """
    awkward = 'a [bold]b[/bold]\n::error::c\x1b[2J ##[error]d %s "\udce9"'
    odd = migration("019", awkward)
    refused = DatabaseUnavailable("no such host", transient=False)
    return [
        *good_run,
        *failed_run,
        WaitingForDatabase(awkward, 0.0, 0.5),
        RunStarted(awkward, 0, 0),
        PoolerFound(awkward),
        LockWaited(awkward, 0.5, 0.5),
        ProblemFound(Problem("edited", Severity.NOTE, awkward, awkward, line=1, excerpt=awkward)),
        MigrationStarted(odd, 1, 1, 0, transactional=True),
        StatementStarted(odd, statement(awkward, 1), 1, 1),
        StatementProgressed(odd, statement(awkward, 1), awkward, 1, 2, awkward, (awkward,)),
        StatementProgressed(INDEX, BUILD, "initializing", 0, 0, "tuples"),
        StatementApplied(odd, statement(awkward, 1), 1, 1, awkward),
        NoticeReceived(None, "WARNING", awkward, awkward, awkward),
        MigrationRetried(odd, 1, awkward, 0.5, (awkward, awkward)),
        MigrationRetried(odd, 2, "canceling statement due to lock timeout", 0.5),
        MigrationSkipped(odd),
        RunFailed(refused, None),
    ]
