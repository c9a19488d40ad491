"""
Events in the standard library's log.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from st44_migrate.events import ProblemFound
from st44_migrate.model import Problem, Severity
from st44_migrate.observe.log import LogObserver

if TYPE_CHECKING:
    from st44_migrate.events import Event


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def fields(record: logging.LogRecord) -> dict[str, object]:
    return {
        name.removeprefix("st44_"): value
        for name, value in vars(record).items()
        if name.startswith("st44_")
    }


def run(events: list[Event], observer: LogObserver | None = None) -> None:
    observer = observer or LogObserver()
    for event in events:
        observer(event)


def test_levels_say_how_much_it_matters(
    good_run: list[Event], failed_run: list[Event], log: pytest.LogCaptureFixture
) -> None:
    """Applied is info, a problem a warning, a failure an error, a statement for debugging."""
    run(good_run)
    assert [(record.levelname, fields(record)["event"]) for record in log.records] == [
        ("INFO", "RunStarted"),
        ("DEBUG", "LockAcquired"),
        ("WARNING", "ProblemFound"),
        ("INFO", "MigrationStarted"),
        ("INFO", "NoticeReceived"),
        ("DEBUG", "StatementApplied"),
        ("INFO", "MigrationApplied"),
        ("INFO", "MigrationStarted"),
        ("DEBUG", "StatementStarted"),
        ("DEBUG", "StatementApplied"),
        ("INFO", "MigrationApplied"),
        ("INFO", "RunFinished"),
    ]
    log.clear()
    run(failed_run)
    assert [record.levelname for record in log.records[-2:]] == ["ERROR", "ERROR"]


def test_a_note_is_no_warning(log: pytest.LogCaptureFixture) -> None:
    """What is only worth knowing does not wake anybody."""
    run([ProblemFound(Problem("elsewhere", Severity.NOTE, "001 was recorded by hand."))])
    assert [record.levelname for record in log.records] == ["INFO"]


def test_records_carry_the_data(good_run: list[Event], log: pytest.LogCaptureFixture) -> None:
    """A collector finds version, path, duration and the like without parsing the message."""
    run([event for event in good_run if type(event).__name__ == "MigrationApplied"][:1])
    (record,) = log.records
    assert record.getMessage() == "applied 017_add_rewards_table, 3 statements, 12 ms"
    assert fields(record) == {
        "event": "MigrationApplied",
        "version": "017",
        "name": "add_rewards_table",
        "path": "db/migrations/017_add_rewards_table.sql",
        "position": 1,
        "total": 2,
        "statements": 3,
        "duration_ms": 12,
    }


def test_a_failure_carries_place_and_state(
    failed_run: list[Event], log: pytest.LogCaptureFixture
) -> None:
    """The message is one line; the whole error, its place and its SQLSTATE are fields."""
    run(failed_run)
    failed, ended = log.records[-2:]
    error = str(getattr(failed_run[-2], "error"))  # noqa: B009 - the type is Event
    assert "\n" not in failed.getMessage()
    assert fields(failed) == {
        "event": "MigrationFailed",
        "version": "018",
        "name": "index_rewards",
        "error": error,
        "error_code": "apply",
        "sqlstate": "42703",
        "path": "db/migrations/018_index_rewards.sql",
        "line": 5,
        "column": 38,
    }
    assert fields(ended) == {
        "event": "RunFailed",
        "error": error,
        "error_code": "apply",
        "sqlstate": "42703",
        "path": "db/migrations/018_index_rewards.sql",
        "line": 5,
        "column": 38,
        "applied": ["017"],
        "latest": "017",
        "skipped": 1,
        "pending": 1,
        "count": 2,
    }


def test_a_long_wait_is_not_repeated(
    waiting_run: list[Event], log: pytest.LogCaptureFixture
) -> None:
    """Polling is logged, but only each doubling of the wait is a warning."""
    run(waiting_run)
    warned = [fields(r)["waited"] for r in log.records if r.levelno == logging.WARNING]
    assert warned == [0.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert len(log.records) == len(waiting_run)


def test_another_logger_can_be_given(good_run: list[Event], log: pytest.LogCaptureFixture) -> None:
    """The program decides under which name the run is logged."""
    run(good_run[:1], LogObserver(logging.getLogger("shop.migrations")))
    assert [record.name for record in log.records] == ["shop.migrations"]


def test_logging_is_not_configured() -> None:
    """A library adds no handler and sets no level; without a handler info goes nowhere."""
    code = (
        "import logging; from st44_migrate.observe.log import LogObserver; "
        "from st44_migrate.events import LockAcquired, RunStarted; o = LogObserver(); "
        "o(RunStarted('db', 1, 0)); o(LockAcquired(0.0)); "
        "l = logging.getLogger('st44_migrate'); "
        "print(l.handlers, l.level, l.propagate, logging.getLogger().handlers)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[] 0 True []\n"
    assert done.stderr == ""
