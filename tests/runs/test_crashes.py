"""
A run that is cut off in one file: what is said of it, and what only a person can tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from runs.wrapped import Window
from st44_migrate import ApplyError, Migrator, PlanError
from st44_migrate.errors import DriverError
from st44_migrate.events import MigrationApplied, RunFinished
from targets import Target, write

KILL = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'st44-migrate' AND datname = current_database()"
)


def kill_unheard(target: Target) -> None:
    target.query(KILL)
    raise DriverError("the answer never came", lost=True)


def test_a_commit_whose_answer_is_lost_is_looked_up(pg: Target, folder: Path) -> None:
    """The run goes on in a new session: recorded means applied, and it counts as ours."""
    write(
        folder, {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}
    )

    def hook(text: str) -> None:
        if "CREATE TABLE a" in text:
            kill_unheard(pg)

    report = pg.apply(folder, database=Window(after=hook).on(pg))
    assert [done.label for done in report.applied] == ["001", "002"]
    assert [event.migration.label for event in pg.saw(MigrationApplied)] == ["001", "002"]
    assert len(pg.saw(RunFinished)) == 1


def test_a_file_whose_session_is_killed_is_rolled_back(dialled: Target, folder: Path) -> None:
    """It is looked up, it is not there, and the error says so instead of leaving it open."""
    write(
        folder,
        {"001_a.sql": "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());"},
    )
    with pytest.raises(ApplyError) as caught:
        dialled.apply(folder)
    assert caught.value.error is not None
    assert caught.value.error.lost
    assert "rolled back whole" in caught.value.unchanged
    assert dialled.tables() == set()


def test_a_borrowed_session_that_is_killed_leaves_a_plain_answer(
    database: Target, folder: Path
) -> None:
    """A caller's connection cannot be opened anew: the error is about the file, not about that."""
    write(
        folder,
        {"001_a.sql": "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());"},
    )
    with psycopg.connect(database.url) as conn:
        with pytest.raises(ApplyError) as caught:
            Migrator(conn, folder).apply()
        assert conn.closed
    assert "001_a.sql" in caught.value.happened
    assert "not known" in caught.value.unchanged or "looked up" in caught.value.unchanged


# --- what only a person can tell ----------------------------------------------


@pytest.fixture
def doubtful(database: Target, folder: Path) -> Any:
    """
    A file with a statement of which the database shows no trace, killed right after it.
    """
    text = (
        "CREATE TABLE t (id int);\nDROP DATABASE IF EXISTS st44_nowhere;\nCREATE TABLE u (id int);"
    )
    write(folder, {"001_doubt.sql": text})

    def hook(sent: str) -> None:
        if sent.startswith("DROP DATABASE"):
            kill_unheard(database)

    with pytest.raises(ApplyError) as caught:
        database.apply(folder, database=Window(after=hook).on(database))
    return caught.value


def test_a_statement_whose_end_nobody_saw_is_in_doubt(
    database: Target, folder: Path, doubtful: ApplyError
) -> None:
    """Plan and run say which statement, and nothing is run until somebody has looked."""
    assert doubtful.error is not None
    assert doubtful.error.lost
    assert doubtful.place is None or doubtful.place.line == 2
    (problem,) = database.plan(folder).errors
    assert (problem.code, problem.version) == ("unfinished", "001")
    assert "statement 2 of 3" in problem.message
    assert "repair 001" in problem.remedy
    assert "mark 001" in problem.remedy
    with pytest.raises(PlanError):
        database.apply(folder)
    assert database.tables() == {"t"}


def test_repair_lets_it_go_on_with_that_statement(
    database: Target, folder: Path, doubtful: ApplyError
) -> None:
    """It did not take effect, says the operator: it is sent again, and what follows."""
    del doubtful
    database.repair(folder, "001")
    assert database.plan(folder).pending[0].resume_at == 1
    window = Window()
    database.apply(folder, database=window.on(database))
    assert [call for call in window.calls if call.startswith("DROP DATABASE")] != []
    assert database.tables() == {"t", "u"}
    assert database.versions() == ["001"]


def test_mark_ends_it(database: Target, folder: Path, doubtful: ApplyError) -> None:
    """The rest was done by hand, says the operator: it is recorded, and nothing is sent."""
    del doubtful
    database.mark(folder, "001")
    assert database.apply(folder).skipped == 1
    assert database.tables() == {"t"}
    assert database.plan(folder).problems == ()
