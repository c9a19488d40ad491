"""
One run, four drivers: what is applied, what is told, and that the four agree.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from runs.conftest import target_of
from runs.wrapped import Window
from st44_migrate import (
    ApplyError,
    AsyncMigrator,
    MigrateError,
    Migration,
    Migrator,
    Problem,
    Report,
    SourceError,
)
from st44_migrate.events import Event, MigrationApplied, NoticeReceived, RunFailed, RunFinished
from st44_migrate.model import Statement
from targets import ALL, Target, applied, write

FILES = {
    "9_users.sql": "CREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);",
    "010_data.sql": "-- two\nINSERT INTO users VALUES (1, 'a;b');\nINSERT INTO users VALUES (2, '');",
    "011_tasks.sql": "CREATE TABLE tasks (id integer PRIMARY KEY);",
}
BROKEN = {
    "012_half.sql": "CREATE TABLE half (id integer);\n"
    "INSERT INTO users VALUES (3, 'c');\n\n  INSERT INTO users VALUES (1, 'twice');",
    "013_never.sql": "CREATE TABLE never (id integer);",
}


def essence(value: Any) -> Any:
    """
    Reduce an event to what every database has in common: no times, no words.
    """
    match value:
        case Migration():
            return value.label
        case Statement():
            return value.text
        case Report():
            done = [(a.label, a.name, a.statements) for a in value.applied]
            return (done, value.skipped, value.pending, value.latest, value.count)
        case ApplyError():
            statement = value.statement.text if value.statement else None
            place = (value.place.line, value.place.column) if value.place else None
            return (value.migration.label, statement, place, essence(value.report))
        case MigrateError():
            return type(value).__name__
        case Problem():
            return value.code
        case int() | str() | bool() | None:
            return value
    raise AssertionError(value)


def told(event: Event) -> tuple[Any, ...]:
    skipped = {"database", "tag", "waited", "duration_ms"}
    said = [value for name, value in event._asdict().items() if name not in skipped]
    return (type(event).__name__, *map(essence, said))


def test_a_fresh_database_gets_every_file_in_order_of_numbers(target: Target, folder: Path) -> None:
    """Files run by number, not by name, and the report says what the database shows."""
    report = target.apply(write(folder, FILES))
    assert applied(report) == ["9", "010", "011"]
    assert [(a.version, a.name, a.statements) for a in report.applied] == [
        (9, "users", 1),
        (10, "data", 2),
        (11, "tasks", 1),
    ]
    assert (report.skipped, report.pending, report.latest, report.count) == (0, 0, "011", 3)
    assert report.started_at <= report.finished_at
    assert all(done.duration_ms >= 0 for done in report.applied)
    assert target.tables() == {"users", "tasks"}
    assert target.query("SELECT * FROM users ORDER BY id") == [(1, "a;b"), (2, "")]
    assert set(target.versions()) == {"9", "010", "011"}
    assert target.journal() == {"9": "applied", "10": "applied", "11": "applied"}


def test_the_second_run_is_one_query(target: Target, folder: Path) -> None:
    """Where nothing is pending, ledger and journal are read once and nothing else is sent."""
    target.apply(write(folder, FILES))
    before = target.query("SELECT * FROM schema_migrations")
    target.events.clear()
    window = Window()
    report = target.apply(folder, database=window.on(target))
    assert len(window.calls) == 1
    assert window.calls[0].lstrip().startswith(("SELECT", "WITH"))
    assert report.applied == ()
    assert (report.skipped, report.pending, report.latest, report.count) == (3, 0, "011", 3)
    assert [type(event) for event in target.events] == [RunFinished]
    assert before == target.query("SELECT * FROM schema_migrations")


def test_a_new_file_is_applied_alone(target: Target, folder: Path) -> None:
    """The next run applies the added file, and only that."""
    target.apply(write(folder, FILES))
    more = {"012_more.sql": "CREATE TABLE more (id integer);"}
    report = target.apply(write(folder, FILES | more))
    assert applied(report) == ["012"]
    assert (report.skipped, report.count) == (3, 4)


def test_all_drivers_tell_the_same_story(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Events, their payloads, the error and the tables that stay do not depend on the driver."""
    folder = write(tmp_path / "migrations", FILES | BROKEN)
    stories = {}
    for kind in ALL:
        target = target_of(kind, request)
        if target.is_postgres:
            target.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        else:
            Path(target.url.removeprefix("sqlite:///")).unlink(missing_ok=True)
        with pytest.raises(ApplyError) as caught:
            target.apply(folder)
        rows = target.query("SELECT id FROM users ORDER BY id")
        stories[kind] = (
            [told(event) for event in target.events],
            essence(caught.value),
            target.tables(),
            rows,
            target.journal(),
        )
    first, *others = stories.values()
    assert [first] * len(others) == others
    events, error, tables, rows, journal = first
    assert [event[0] for event in events] == [
        "RunStarted",
        "LockAcquired",
        *("MigrationStarted", "StatementApplied", "MigrationApplied"),
        *("MigrationStarted", "StatementApplied", "StatementApplied", "MigrationApplied"),
        *("MigrationStarted", "StatementApplied", "MigrationApplied"),
        *("MigrationStarted", "MigrationFailed", "RunFailed"),
    ]
    stays = ([("9", "users", 1), ("010", "data", 2), ("011", "tasks", 1)], 0, 2, "011", 3)
    assert error == ("012", "INSERT INTO users VALUES (1, 'twice')", (4, 3), stays)
    assert tables == {"users", "tasks"}
    assert rows == [(1,), (2,)]
    assert journal == {"9": "applied", "10": "applied", "11": "applied", "12": "failed"}


def test_a_failed_file_runs_again_when_it_is_mended(target: Target, folder: Path) -> None:
    """A failure keeps what came before; the mended file and the rest follow in the next run."""
    with pytest.raises(ApplyError) as caught:
        target.apply(write(folder, FILES | BROKEN))
    assert caught.value.exit_code == 1
    assert "rolled back whole" in caught.value.unchanged
    assert f"{caught.value.position}" in caught.value.happened
    assert [event.error for event in target.saw(RunFailed)] == [caught.value]
    mended = {"012_half.sql": "CREATE TABLE half (id integer);"}
    report = target.apply(write(folder, FILES | BROKEN | mended))
    assert applied(report) == ["012", "013"]
    assert target.tables() == {"users", "tasks", "half", "never"}


def test_nothing_runs_where_any_file_cannot_be_read(target: Target, folder: Path) -> None:
    """The whole folder is read first: a flaw in the last file keeps the first from running."""
    write(folder, FILES | {"012_open.sql": "CREATE TABLE late (id integer);\nSELECT 'open;"})
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (2, 8)
    assert target.tables() == set()


def test_what_fails_at_commit_has_no_place(pg: Target, folder: Path) -> None:
    """A deferred constraint fails at commit: the file is named, and the constraint."""
    write(
        folder,
        {
            "001_t.sql": "CREATE TABLE t (id int PRIMARY KEY, up int,"
            " CONSTRAINT up_fk FOREIGN KEY (up) REFERENCES t DEFERRABLE INITIALLY DEFERRED);",
            "002_bad.sql": "INSERT INTO t VALUES (1, 2);",
        },
    )
    with pytest.raises(ApplyError) as caught:
        pg.apply(folder)
    error = caught.value
    assert (error.place, error.statement, error.sqlstate) == (None, None, "23503")
    assert error.error is not None
    assert error.error.constraint == "up_fk"
    assert "002_bad.sql: at commit: " in error.happened
    assert applied(error.report) == ["001"]
    assert pg.query("SELECT count(*) FROM t") == [(0,)]


def test_a_file_that_forbids_writing_is_itself_to_blame(pg: Target, folder: Path) -> None:
    """Where a file makes its transaction read-only, the error is about the file, not the server."""
    files = {
        "001_t.sql": "CREATE TABLE t (id int);",
        "002_ro.sql": "SET transaction_read_only = on;",
    }
    with pytest.raises(MigrateError, match="002_ro") as caught:
        pg.apply(write(folder, files))
    assert caught.value.exit_code in {1, 2}


def test_observers_that_raise_do_not_break_a_run(
    target: Target, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What an observer raises is logged; files are applied and the report is whole."""

    def fail(event: Event) -> None:
        raise ValueError(type(event).__name__)

    report = target.apply(write(folder, FILES), observer=fail)
    assert applied(report) == ["9", "010", "011"]
    assert {record.name for record in caplog.records} == {"st44_migrate"}
    assert "RunFinished" in caplog.text


def test_the_blocking_runner_works_inside_a_running_loop(target: Target, folder: Path) -> None:
    """A notebook has a running event loop: the blocking runner does not mind it."""
    write(folder, FILES)

    async def main() -> Report:
        return Migrator(target.url, folder).apply()

    assert applied(asyncio.run(main())) == ["9", "010", "011"]


def test_the_async_runner_leaves_the_loop_to_others(pg_url: str, folder: Path) -> None:
    """While a file runs on the server, other tasks of the loop go on."""
    write(folder, {"001_slow.sql": "SELECT pg_sleep(0.5);"})
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def main() -> Report:
        ticking = asyncio.create_task(tick())
        try:
            return await AsyncMigrator(pg_url, folder).apply()
        finally:
            ticking.cancel()

    assert applied(asyncio.run(main())) == ["001"]
    assert ticks >= 10


def test_notices_are_told_with_the_file_they_belong_to(pg: Target, folder: Path) -> None:
    """The server's notices arrive with their migration; our own statements cause none."""
    write(
        folder,
        {
            "001_quiet.sql": "CREATE TABLE t (id int);",
            "002_loud.sql": "DROP TABLE IF EXISTS nowhere;\n"
            "DO $$ BEGIN RAISE WARNING 'mind' USING HINT = 'the gap'; END $$;",
        },
    )
    pg.apply(folder)
    heard = [(n.migration, n.severity, n.message, n.hint) for n in pg.saw(NoticeReceived)]
    (loud,) = [done.migration for done in pg.saw(MigrationApplied) if done.migration.version == 2]
    assert heard == [
        (loud, "NOTICE", 'table "nowhere" does not exist, skipping', None),
        (loud, "WARNING", "mind", "the gap"),
    ]
