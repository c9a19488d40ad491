"""
What cannot run in a transaction commits step by step, and goes on where it stopped (R7).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.steps import MENDED, STEPS, indexes, progress, steps
from st44_migrate import ApplyError, PlanError
from st44_migrate.events import MigrationStarted, StatementApplied, StatementStarted
from targets import Target, applied, codes


def test_a_stepwise_file_is_applied_and_its_progress_told(pg: Target, folder: Path) -> None:
    """Each statement is announced and confirmed by itself; the file is recorded once."""
    report = pg.apply(steps(folder, MENDED))
    assert applied(report) == ["001", "002"]
    assert indexes(pg) == {"one": True, "two": True}
    assert progress(pg) == ("applied", 4, 4, False)
    (_, second) = pg.saw(MigrationStarted)
    assert (second.transactional, second.statements) == (False, 4)
    told = [
        (type(event).__name__, event.position, event.statement.line, event.total)
        for event in pg.events
        if isinstance(event, StatementStarted | StatementApplied) and event.migration.label == "002"
    ]
    assert told == [
        (kind, number, number, 4)
        for number in (1, 2, 3, 4)
        for kind in ("StatementStarted", "StatementApplied")
    ]
    assert [event.tag for event in pg.saw(StatementApplied)][2:] == [
        *("CREATE INDEX", "INSERT 0 1", "CREATE INDEX", "CREATE TABLE")
    ]


def test_a_failing_step_leaves_the_ones_before_it_and_says_so(pg: Target, folder: Path) -> None:
    """The first two statements stay, the error has place and number, and the journal the progress."""
    with pytest.raises(ApplyError) as caught:
        pg.apply(steps(folder, STEPS))
    error = caught.value
    assert error.sqlstate == "23505"
    assert error.place is not None
    assert (error.place.line, error.place.column) == (3, STEPS.splitlines()[2].index("two") + 1)
    assert "The first 2 of 4 statement(s)" in error.unchanged
    assert "mark 002" in error.remedy
    assert applied(error.report) == ["001"]
    assert pg.query("SELECT count(*) FROM t") == [(3,)]
    assert progress(pg) == ("failed", 4, 2, False)
    assert pg.versions() == ["001"]
    assert [s.state.value for s in pg.plan(folder).statuses] == ["applied", "unfinished"]


def test_the_mended_file_goes_on_where_it_stopped(pg: Target, folder: Path) -> None:
    """Committed steps are not repeated, what failed and what follows runs, the record is made."""
    with pytest.raises(ApplyError):
        pg.apply(steps(folder, STEPS))
    pg.events.clear()
    assert pg.plan(steps(folder, MENDED)).pending[0].resume_at == 2
    assert applied(pg.apply(folder)) == ["002"]
    assert [event.position for event in pg.saw(StatementStarted)] == [3, 4]
    assert pg.query("SELECT count(*) FROM t") == [(3,)]
    assert indexes(pg) == {"one": True, "two": True}
    assert progress(pg) == ("applied", 4, 4, False)
    assert pg.show(folder, "002").applied_sql == MENDED
    assert codes(pg.plan(folder)) == []


@pytest.mark.parametrize(
    "change",
    [
        ("one ON t (id)", "one ON t (n)"),
        ("VALUES (3, 2)", "VALUES (4, 2)"),
        ("INSERT INTO t VALUES (3, 2);\n", ""),
        ("CREATE INDEX", "SELECT 1;\nCREATE INDEX"),
        ("CONCURRENTLY ", ""),
    ],
    ids=["first", "second", "removed", "inserted", "transactional"],
)
def test_the_executed_part_may_not_be_edited(
    database: Target, folder: Path, change: tuple[str, str]
) -> None:
    """What is committed cannot be taken back by editing the file: nothing runs."""
    with pytest.raises(ApplyError):
        database.apply(steps(folder, STEPS))
    steps(folder, MENDED.replace(*change))
    assert codes(database.plan(folder)) == ["unfinished"]
    with pytest.raises(PlanError) as caught:
        database.apply(folder)
    assert "first 2 of 4" in caught.value.happened
    assert "mark 002" in caught.value.remedy
    assert database.query("SELECT count(*) FROM t") == [(3,)]
    assert applied(database.apply(steps(folder, MENDED))) == ["002"]


def test_comments_in_the_executed_part_may_change(database: Target, folder: Path) -> None:
    """Only statements count: comments, blanks and line ends are nobody's business."""
    with pytest.raises(ApplyError):
        database.apply(steps(folder, STEPS))
    commented = "-- what it is\n" + MENDED.replace("\n", "\r\n").replace("one ON", "one /* x */ ON")
    assert applied(database.apply(steps(folder, commented))) == ["002"]


def test_a_mark_ends_what_was_left_half_done(database: Target, folder: Path) -> None:
    """Done by hand and marked: the file counts as applied and the next run does nothing."""
    with pytest.raises(ApplyError):
        database.apply(steps(folder, STEPS))
    database.mark(folder, "002")
    assert codes(database.plan(folder)) == []
    assert database.apply(folder).skipped == 2
    assert database.versions() == ["001", "002"]
