"""
Files without a number: they run behind the others, again whenever they change.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import ApplyError, ConfigError, Memory, SourceError, State
from st44_migrate.events import MigrationStarted
from st44_migrate.render import render_record
from targets import Target, applied, codes, labels, write

TABLE = {"001_a.sql": "CREATE TABLE a (i integer);"}
VIEW = "DROP VIEW IF EXISTS v;\nCREATE VIEW v AS SELECT 1 AS n;"
FILES = {**TABLE, "R__v.sql": VIEW}


def value(target: Target) -> object:
    ((found,),) = target.query("SELECT n FROM v")
    return found


def test_it_runs_last_and_again_when_it_has_changed(target: Target, folder: Path) -> None:
    """Unchanged it does not; a file that is new runs before it."""
    assert applied(target.apply(write(folder, FILES))) == ["001", "R__v"]
    assert applied(target.apply(folder)) == []
    more = {**FILES, "R__v.sql": VIEW.replace("1", "2"), "002_b.sql": "CREATE TABLE b (i integer);"}
    assert labels(target.plan(write(folder, more))) == ["002", "R__v"]
    report = target.apply(folder)
    assert applied(report) == ["002", "R__v"]
    assert (report.pending, report.latest, report.count) == (0, "002", 2)
    assert value(target) == 2
    assert applied(target.apply(folder)) == []


def test_a_remark_is_no_change(target: Target, folder: Path) -> None:
    """Only statements count, as everywhere."""
    target.apply(write(folder, FILES))
    report = target.apply(write(folder, {**FILES, "R__v.sql": f"-- why\n\n{VIEW}\r\n"}))
    assert applied(report) == []


def test_the_ledger_knows_nothing_of_it(target: Target, folder: Path) -> None:
    """Whoever else reads the ledger sees versions only; the journal has the rest."""
    target.apply(write(folder, FILES))
    assert target.versions() == ["001"]
    assert target.journal() == {"1": "applied", "R__v": "applied"}
    plan = target.plan(folder)
    assert plan.latest == "001"
    assert [(s.label, s.state) for s in plan.statuses] == [
        ("001", State.APPLIED),
        ("R__v", State.APPLIED),
    ]
    assert [entry.label for entry in plan.repeated] == ["R__v"]


def test_several_run_in_the_order_of_their_names(target: Target, folder: Path) -> None:
    """One may need another."""
    files = {
        **TABLE,
        "R__b.sql": "DROP VIEW IF EXISTS b; CREATE VIEW b AS SELECT 1 AS n",
        "R__c.sql": "DROP VIEW IF EXISTS c; CREATE VIEW c AS SELECT * FROM b",
    }
    assert applied(target.apply(write(folder, files))) == ["001", "R__b", "R__c"]
    started = [event.migration.label for event in target.saw(MigrationStarted)]
    assert started == ["001", "R__b", "R__c"]


def test_a_failure_leaves_what_was_there(target: Target, folder: Path) -> None:
    """The old view stays, and the file is tried again until it works."""
    target.apply(write(folder, FILES))
    broken = {**FILES, "R__v.sql": "DROP VIEW v;\nCREATE VIEW v AS SELECT nothing FROM nowhere"}
    for _ in range(2):
        with pytest.raises(ApplyError) as caught:
            target.apply(write(folder, broken))
        assert caught.value.place is not None
        assert caught.value.place.line == 2
        assert (caught.value.report.pending, caught.value.report.count) == (1, 1)
    assert value(target) == 1
    assert labels(target.plan(folder)) == ["R__v"]
    assert applied(target.apply(write(folder, FILES))) == []
    again = {**FILES, "R__v.sql": VIEW.replace("1", "3")}
    assert applied(target.apply(write(folder, again))) == ["R__v"]
    assert value(target) == 3


def test_nothing_of_it_runs_behind_a_failure(target: Target, folder: Path) -> None:
    """What it is made of may be missing."""
    files = {**FILES, "002_b.sql": "CREATE TABLE a (i integer);"}
    with pytest.raises(ApplyError):
        target.apply(write(folder, files))
    assert labels(target.plan(folder)) == ["002", "R__v"]


def test_it_can_be_shown_and_marked(target: Target, folder: Path) -> None:
    """By its whole name."""
    target.apply(write(folder, FILES))
    record = target.show(folder, "R__v")
    assert record.entry is None
    assert record.journal is not None
    assert record.applied_sql == VIEW
    shown = render_record(record)
    assert "The SQL as it was applied" in shown
    assert "tried" not in shown
    write(folder, {**FILES, "R__v.sql": VIEW.replace("1", "2")})
    (touched,) = target.mark(folder, "R__v", "the view is there")
    assert touched.label == "R__v"
    assert applied(target.apply(folder)) == []
    assert value(target) == 1
    assert target.versions() == ["001"]


def test_it_has_no_place_in_a_baseline(target: Target, folder: Path) -> None:
    """A baseline is about versions; what is repeatable runs at the next run."""
    write(folder, FILES)
    with pytest.raises(ConfigError, match="has no place among the versions"):
        target.baseline(folder, "R__v")
    assert [status.label for status in target.baseline(folder, "001")] == ["001"]
    assert applied(target.apply(folder)) == ["R__v"]


def test_there_is_nothing_to_repair_about_one_that_is_applied(target: Target, folder: Path) -> None:
    """An edit is no fault."""
    target.apply(write(folder, FILES))
    with pytest.raises(
        ConfigError, match="nothing to repair about R__v: it runs again when it changes"
    ):
        target.repair(folder, "R__v")


def test_one_that_is_gone_is_forgotten(target: Target, folder: Path) -> None:
    """Its view stays; nobody misses the file."""
    target.apply(write(folder, FILES))
    plan = target.plan(write(folder, TABLE))
    assert plan.problems == ()
    assert applied(target.apply(folder)) == []


def test_a_repeatable_file_may_commit_step_by_step(pg: Target, folder: Path) -> None:
    """And goes on where it stopped, or begins anew when what ran has changed."""
    build = "CREATE INDEX CONCURRENTLY IF NOT EXISTS a_i ON a (i);"
    files = {**TABLE, "R__i.sql": f"SELECT 1;\n{build}\nSELECT 1 / 0;"}
    with pytest.raises(ApplyError):
        pg.apply(write(folder, files))
    assert pg.journal()["R__i"] == "failed"
    (pending,) = pg.plan(folder).pending
    assert pending.resume_at == 2
    changed = {**TABLE, "R__i.sql": f"SELECT 2;\n{build}\nSELECT 3;"}
    (pending,) = pg.plan(write(folder, changed)).pending
    assert pending.resume_at == 0
    assert applied(pg.apply(folder)) == ["R__i"]
    assert pg.journal()["R__i"] == "applied"
    assert applied(pg.apply(folder)) == []


def test_one_in_doubt_is_refused(pg: Target, folder: Path) -> None:
    """As with every other file, a person says what became of the statement."""
    files = {**TABLE, "R__d.sql": "VACUUM a;"}
    pg.apply(write(folder, files))
    pg.execute(
        "UPDATE schema_migrations_journal SET state = 'running', done = 0, in_doubt = true"
        " WHERE version = 'R__d'"
    )
    assert codes(pg.plan(folder)) == ["unfinished"]
    assert pg.repair(folder, "R__d")[0].label == "R__d"
    assert applied(pg.apply(folder)) == ["R__d"]


def test_two_files_of_one_name_are_refused(target: Target) -> None:
    """In two folders of a layout that looks into both."""
    source = Memory({"a/R__v.sql": VIEW, "b/R__v.sql": VIEW}, layout="flyway")
    with pytest.raises(SourceError, match=r"used by a/R__v\.sql and b/R__v\.sql"):
        target.apply(source)
