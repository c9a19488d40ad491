"""
What a run was doing when it was interrupted.
"""

from __future__ import annotations

import pytest

from st44_migrate import Applied, Migration
from st44_migrate.cli.trace import Trace
from st44_migrate.events import (
    Event,
    LockWaited,
    MigrationApplied,
    MigrationStarted,
    RunStarted,
    StatementStarted,
    WaitingForDatabase,
)
from st44_migrate.model import Statement

FILE = Migration(17, "017", "add", "migrations/017_add.sql", b"", "raw")
START = RunStarted("postgresql://db/st44", 3, 0)
IN_ONE = MigrationStarted(FILE, 1, 3, 2, transactional=True)
BY_STATEMENT = MigrationStarted(FILE, 1, 3, 2, transactional=False)
DONE = MigrationApplied(FILE, 1, 3, 2, 12)
SECOND = StatementStarted(FILE, Statement("SELECT 1", 0, 1, 1), 2, 2)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), "nothing was run"),
        ((START,), "nothing was run"),
        (
            (WaitingForDatabase("refused", 1, 1),),
            "nothing was run: the database was not there yet",
        ),
        ((LockWaited("pid 1", 1, 1),), "nothing was run: another runner was at work"),
        (
            (START, IN_ONE),
            "applied 0 of 3; migrations/017_add.sql was running and is applied whole or not at all",
        ),
        ((START, IN_ONE, DONE), "applied 1 of 3, none was under way"),
        (
            (START, BY_STATEMENT),
            "applied 0 of 3; migrations/017_add.sql was running, statement by statement",
        ),
        (
            (START, BY_STATEMENT, SECOND),
            "applied 0 of 3; migrations/017_add.sql had come to statement 2 of 2;"
            " the ones before it stay, and the next run goes on from there",
        ),
    ],
)
def test_the_state_is_named(events: tuple[Event, ...], state: str) -> None:
    """
    What is done, what was under way, and what that means.
    """
    trace = Trace()
    for event in events:
        trace(event)
    assert trace.state() == state


def test_what_was_applied_is_remembered() -> None:
    """
    For a run that ends without a report: it is not nothing.
    """
    trace = Trace()
    for event in (START, IN_ONE, DONE):
        trace(event)
    assert trace.applied == [Applied(17, "017", "add", "migrations/017_add.sql", 2, 12)]
    assert trace.report is None
