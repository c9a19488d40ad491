"""
What a file that commits step by step may hold: settings, groups, headers, its own record.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.steps import MENDED, STEPS, indexes, progress, steps
from runs.wrapped import Window
from st44_migrate import ApplyError, ConfigError, PlanError, Settings, SourceError
from st44_migrate.events import StatementStarted
from targets import Target, applied, codes


def test_settings_at_the_head_hold_for_a_run_that_goes_on(database: Target, folder: Path) -> None:
    """A search_path set first is set again where the file goes on in the middle."""
    database.execute("CREATE SCHEMA app", "CREATE TABLE app.t (id int, n int)")
    failing = (
        "SET search_path = app;\nCREATE INDEX CONCURRENTLY one ON t (id);\n"
        "SELECT 1 / 0;\nCREATE INDEX CONCURRENTLY two ON t (n);"
    )
    with pytest.raises(ApplyError) as caught:
        database.apply(steps(folder, failing))
    assert caught.value.place is not None
    assert caught.value.place.line == 3
    database.apply(steps(folder, failing.replace("1 / 0", "1")))
    assert indexes(database) == {}
    found = database.query("SELECT indexname FROM pg_indexes WHERE schemaname = 'app' ORDER BY 1")
    assert found == [("one",), ("two",)]


def test_settings_in_the_middle_hold_for_a_run_that_goes_on(database: Target, folder: Path) -> None:
    """So is one that was set between the steps: the rest must not end up elsewhere."""
    database.execute("CREATE SCHEMA app", "CREATE TABLE app.t (id int, n int)")
    failing = (
        "CREATE INDEX CONCURRENTLY one ON t (id);\nSET search_path = app;\n"
        "SELECT 1 / 0;\nCREATE INDEX CONCURRENTLY two ON t (n);"
    )
    with pytest.raises(ApplyError):
        database.apply(steps(folder, failing))
    database.apply(steps(folder, failing.replace("1 / 0", "1")))
    found = database.query("SELECT schemaname, indexname FROM pg_indexes WHERE tablename = 't'")
    assert sorted(found) == [("app", "two"), ("public", "one")]


def test_a_group_in_a_stepwise_file_is_one_step(pg: Target, folder: Path) -> None:
    """BEGIN ... COMMIT between statements that stand alone is all or nothing, and one unit."""
    text = (
        "CREATE INDEX CONCURRENTLY one ON t (id);\nBEGIN;\nCREATE TABLE a (id int);\n"
        "INSERT INTO a VALUES (1);\nSELECT 1 / (SELECT count(*) - 2 FROM t);\nCOMMIT;\nVACUUM t;\n"
    )
    with pytest.raises(ApplyError) as caught:
        pg.apply(steps(folder, text))
    assert caught.value.place is not None
    assert caught.value.place.line == 5
    assert "The first 1 of 3" in caught.value.unchanged
    assert progress(pg) == ("failed", 3, 1, False)
    assert pg.tables() == {"t"}
    pg.execute("INSERT INTO t VALUES (3, 3)")
    pg.events.clear()
    assert applied(pg.apply(folder)) == ["002"]
    assert [(e.position, e.total) for e in pg.saw(StatementStarted)] == [
        (2, 5), (3, 5), (4, 5), (5, 5)
    ]  # fmt: skip
    assert pg.query("SELECT * FROM a") == [(1,)]


def test_time_limits_do_not_kill_a_build(database: Target, folder: Path) -> None:
    """Limits of the role, of the database or of ours do not hold for such a file."""
    limits = ["lock_timeout", "statement_timeout"]
    (newer,) = database.query("SELECT current_setting('transaction_timeout', true) IS NOT NULL")
    if newer == (True,):
        limits.append("transaction_timeout")
    for limit in limits:
        alter = f"format('ALTER DATABASE %I SET {limit} = 900', current_database())"
        database.execute(f"DO $$ BEGIN EXECUTE {alter}; END $$")
    text = "".join(f"INSERT INTO seen SELECT current_setting('{limit}');\n" for limit in limits)
    text = f"CREATE TABLE seen (value text);\nVACUUM t;\n{text}"
    database.apply(steps(folder, text), settings=Settings(lock_timeout=0.05))
    assert database.query("SELECT value FROM seen") == [("0",)] * len(limits)


@pytest.mark.parametrize(
    "alone", ["VACUUM t;", "VACUUM (ANALYZE) t;", "REINDEX TABLE CONCURRENTLY t;"]
)
def test_statements_that_stand_alone_are_recognised(
    database: Target, folder: Path, alone: str
) -> None:
    """Without any header such a file simply works."""
    assert applied(database.apply(steps(folder, alone))) == ["001", "002"]
    assert progress(database) == ("applied", 1, 1, False)


def test_a_header_makes_any_file_stepwise(database: Target, folder: Path) -> None:
    """-- st44: no-transaction: what comes before a failure is committed."""
    text = "-- st44: no-transaction\nCREATE TABLE a (id int);\nSELECT 1 / 0;"
    with pytest.raises(ApplyError):
        database.apply(steps(folder, text))
    assert database.tables() == {"t", "a"}
    assert progress(database) == ("failed", 2, 1, False)


def test_a_header_against_the_nature_of_a_statement_is_refused(
    database: Target, folder: Path
) -> None:
    """-- st44: transaction and CONCURRENTLY exclude each other: said with the place, nothing runs."""
    with pytest.raises(SourceError) as caught:
        database.apply(steps(folder, "-- st44: transaction\nSELECT 1;\n" + STEPS))
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (3, 1)
    assert database.tables() == set()


def test_behind_a_pooler_stepwise_files_are_refused_before_anything_runs(
    pg: Target, folder: Path
) -> None:
    """Not even the files before it run; session_pooler vouches for the pooler."""
    steps(folder, MENDED)
    pooled = Window(pooled=True).on(pg)
    with pytest.raises(ConfigError, match="pooler") as caught:
        pg.apply(folder, database=pooled)
    assert "002_steps.sql" in caught.value.happened
    assert pg.tables() == set()
    assert applied(pg.apply(folder, database=pooled, settings=Settings(session_pooler=True))) == [
        *("001", "002")
    ]


def test_a_stepwise_file_may_record_itself(database: Target, folder: Path) -> None:
    """With its own INSERT at the end there is one row, and progress is complete."""
    own = "INSERT INTO schema_migrations (version, name) VALUES ('002', 'steps');"
    assert applied(database.apply(steps(folder, MENDED + own))) == ["001", "002"]
    assert database.versions() == ["001", "002"]
    assert progress(database) == ("applied", 5, 5, False)


def test_a_stepwise_file_that_recorded_itself_too_early_is_not_forgotten(
    database: Target, folder: Path
) -> None:
    """The row is there, the steps behind it are not: no later run may call that applied."""
    own = "INSERT INTO schema_migrations (version, name) VALUES ('002', 'steps');\n"
    text = "CREATE INDEX CONCURRENTLY one ON t (id);\n" + own + "SELECT 1 / 0;"
    with pytest.raises(ApplyError):
        database.apply(steps(folder, text))
    assert "unfinished" in codes(database.plan(folder))
    with pytest.raises(PlanError):
        database.apply(folder)
