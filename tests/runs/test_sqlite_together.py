"""
Several files in one transaction, on SQLite: fewer commits, and nothing else is different.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runs.conftest import target_of
from runs.test_together import (
    COUNT,
    files,
    labels,
    names_who_recorded_a_later_file,
    ran,
    seen,
)
from runs.wrapped import Window
from st44_migrate import ApplyError, LedgerError, Migrator, Settings, _pace, migrate
from st44_migrate.dialects import Company
from st44_migrate.dialects.sqlite_quick import is_quick
from st44_migrate.events import Event, MigrationApplied, MigrationStarted, StatementApplied
from st44_migrate.sqltext import split
from targets import Target, applied, write

BEGIN = "BEGIN IMMEDIATE"
RUNS = "\n;\nINSERT INTO log VALUES "
GROUPS = [1, 2, 4, 8, 9]
"""How many of the files commit together, as long as that is soon."""

SCRATCH = "CREATE TEMP TABLE IF NOT EXISTS scratch (i int);"
ALONE = {
    "a savepoint": "SAVEPOINT mine; INSERT INTO log VALUES (0); ROLLBACK TO mine; RELEASE mine;",
    "a setting": "PRAGMA cache_size = 100;",
    "foreign keys off": "PRAGMA foreign_keys = OFF; SELECT 1;",
    "all rows of a table": "UPDATE log SET n = n WHERE n = 1;",
    "a temporary table": SCRATCH,
}


@pytest.fixture(params=["sqlite3", "aiosqlite"])
def lite(request: pytest.FixtureRequest) -> Target:
    """
    A database with a log that the files write to.
    """
    target = target_of(request.param, request)
    target.execute("CREATE TABLE log (n int)")
    return target


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A commit that takes long on a busy machine makes no group smaller.
    """
    monkeypatch.setitem(_pace._SOON, Company.TRANSACTION, 60.0)


def groups(window: Window) -> list[int]:
    """
    How many files were in each transaction.
    """
    begun = [call for call in window.calls if call.startswith(BEGIN)]
    return [count for call in begun if (count := call.count(f"{RUNS}("))]


def test_files_share_a_commit(lite: Target, folder: Path) -> None:
    """Twice as many each time; each is claimed and recorded, and nobody hears of it before."""
    window = Window()
    recorded: list[bool] = []

    def observe(event: Event) -> None:
        lite.events.append(event)
        if isinstance(event, MigrationApplied | StatementApplied):
            recorded.append(event.migration.label in lite.versions())

    report = lite.apply(write(folder, files()), database=window.on(lite), observer=observe)
    assert groups(window) == GROUPS
    assert all(recorded)
    assert applied(report) == labels(*range(1, COUNT + 1)) == lite.versions()
    assert seen(lite, MigrationStarted) == seen(lite, MigrationApplied) == applied(report)
    assert ran(lite) == list(range(1, COUNT + 1))
    assert set(lite.journal().values()) == {"applied"}


def test_a_setting_commits_each_file_alone(lite: Target, folder: Path) -> None:
    """As many transactions as there are files."""
    window = Window()
    folder = write(folder, files())
    lite.apply(folder, database=window.on(lite), settings=Settings(batch=1))
    assert groups(window) == [1] * COUNT


@pytest.mark.parametrize("special", ALONE.values(), ids=ALONE)
def test_a_file_that_may_show_or_take_long_goes_alone(
    lite: Target, folder: Path, special: str
) -> None:
    """What it sets, names or opens is nothing to the others, and nobody waits for it unawares."""
    window = Window()
    report = lite.apply(write(folder, files(f12=special)), database=window.on(lite))
    assert applied(report) == labels(*range(1, COUNT + 1))
    assert sorted(set(ran(lite)) - {0}) == list(range(1, COUNT + 1))
    shared = [call for call in window.calls if call.count(f"{RUNS}(1") > 1]
    assert shared
    assert not any(f"{RUNS}(12)" in call for call in shared)


@pytest.mark.parametrize("number", [1, 2, 3, 7, 12, 15, 16, COUNT])
@pytest.mark.parametrize(
    "mistake",
    [
        pytest.param("INSERT INTO nowhere VALUES (1);", id="while it runs"),
        pytest.param("SELEKT 1;", id="when it is read"),
        pytest.param("INSERT OR ROLLBACK INTO once VALUES (1);", id="undoes all by itself"),
    ],
)
def test_the_first_failure_stops_the_rest(
    lite: Target, folder: Path, mistake: str, number: int
) -> None:
    """What stands before it is applied and told, file and line are named, nothing follows."""
    lite.execute("CREATE TABLE once (i int UNIQUE)", "INSERT INTO once VALUES (1)")
    write(folder, files(**{f"f{number}": mistake}))
    with pytest.raises(ApplyError) as caught:
        lite.apply(folder)
    error = caught.value
    before = list(range(1, number))
    assert error.migration.version == number
    assert error.place is not None
    assert error.place.line == 3
    assert applied(error.report) == labels(*before) == lite.versions()
    assert error.report.pending == COUNT - len(before)
    assert ran(lite) == before
    assert seen(lite, MigrationApplied) == labels(*before)
    assert seen(lite, MigrationStarted) == labels(*before, number)
    failed = {version for version, state in lite.journal().items() if state == "failed"}
    assert failed == {str(number)}
    assert applied(lite.apply(write(folder, files()))) == labels(*range(number, COUNT + 1))
    assert ran(lite) == list(range(1, COUNT + 1))


def test_a_commit_that_fails_is_one_files_fault(lite: Target, folder: Path) -> None:
    """The database says that a key is missing, and not whose: it is found out."""
    lite.execute(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE orphan (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    )
    write(folder, files(f12="INSERT INTO orphan VALUES (7);"))
    with closing(sqlite3.connect(lite.url.removeprefix("sqlite:///"))) as conn:
        conn.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(ApplyError) as caught:
            Migrator(conn, folder, observer=lite.events.append).apply()
    error = caught.value
    assert error.migration.label == "012"
    assert "FOREIGN KEY constraint failed" in error.happened
    assert applied(error.report) == labels(*range(1, 12)) == lite.versions()
    assert ran(lite) == list(range(1, 12))
    assert seen(lite, MigrationApplied) == labels(*range(1, 12))


def test_a_file_that_records_a_later_one_is_named(lite: Target, folder: Path) -> None:
    """The later file, of the same transaction, finds its number taken and does not run."""
    names_who_recorded_a_later_file(lite, folder)


@pytest.mark.parametrize("last", [12, COUNT])
def test_another_runner_may_be_faster(lite: Target, folder: Path, last: int) -> None:
    """What it applies between our plan and our transaction runs once, and is not ours."""
    less = write(folder.parent / "less", {k: v for k, v in files().items() if k <= f"{last:03}_x"})
    begun: list[str] = []

    def before(text: str) -> None:
        if text.startswith(BEGIN) and f"{RUNS}(12)" in text and not begun:
            begun.append(text)
            migrate(lite.url, less)

    report = lite.apply(write(folder, files()), database=Window(before=before).on(lite))
    assert begun
    assert applied(report) == labels(*range(1, 8), *range(last + 1, COUNT + 1))
    assert ran(lite) == list(range(1, COUNT + 1))


def test_what_is_recorded_by_hand_meanwhile_does_not_run(lite: Target, folder: Path) -> None:
    """The files beside it run once, and success is not reported."""
    row = "INSERT INTO schema_migrations (version, name) VALUES ('012', 'by hand')"

    def before(text: str) -> None:
        if text.startswith(BEGIN) and f"{RUNS}(12)" in text and "012" not in lite.versions():
            lite.execute(row)

    with pytest.raises(LedgerError, match="012 was recorded during this run"):
        lite.apply(write(folder, files()), database=Window(before=before).on(lite))
    assert ran(lite) == [n for n in range(1, COUNT + 1) if n != 12]
    assert lite.versions() == labels(*range(1, COUNT + 1))


def test_who_is_interrupted_in_company_undoes_it_all(lite: Target, folder: Path) -> None:
    """No file is blamed by its line; what was committed before stays, and a plain run finishes."""
    write(folder, files(f12="INSERT INTO log VALUES (stop()), (0), (0);"))
    with closing(sqlite3.connect(lite.url.removeprefix("sqlite:///"))) as conn:
        conn.create_function("stop", 0, conn.interrupt)
        with pytest.raises(ApplyError, match="interrupted") as caught:
            Migrator(conn, folder, observer=lite.events.append).apply()
        assert not conn.in_transaction
    assert caught.value.place is None or caught.value.place.line is None
    assert applied(caught.value.report) == labels(*range(1, 8)) == lite.versions()
    assert seen(lite, MigrationApplied) == labels(*range(1, 8))
    assert applied(lite.apply(write(folder, files()))) == labels(*range(8, COUNT + 1))
    assert ran(lite) == list(range(1, COUNT + 1))


QUICK = [
    "CREATE TABLE t (i int); CREATE INDEX ti ON t (i); CREATE UNIQUE INDEX IF NOT EXISTS tj ON T (j);",
    'create table if not exists main."t t" (i int);\ncreate index x on main."t t" (i);',
    "INSERT INTO t VALUES (1), (2); INSERT OR IGNORE INTO t (i) VALUES (3);",
    "CREATE VIEW v AS SELECT * FROM t; ALTER TABLE t ADD COLUMN j int; ALTER TABLE t RENAME TO u;",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM u; SELECT 1; END;",
]
LONG = [
    "CREATE INDEX ti ON t (i);",
    "CREATE TABLE u (i int); CREATE INDEX ti ON t (i);",
    "CREATE TABLE u AS SELECT * FROM t;",
    "INSERT INTO t SELECT * FROM u;",
    "INSERT INTO t VALUES ((SELECT count(*) FROM u));",
    "WITH RECURSIVE n (i) AS (SELECT 1) INSERT INTO t VALUES (1);",
    "UPDATE t SET i = 1;",
    "DELETE FROM t;",
    "DROP TABLE t;",
    "ALTER TABLE t DROP COLUMN i;",
    "CREATE TEMP TABLE t (i int);",
    "CREATE VIRTUAL TABLE t USING fts5 (i);",
    "REINDEX;",
    "ANALYZE;",
    "SAVEPOINT a;",
    "PRAGMA user_version = 1;",
    "SELECT 1;",
    "/* a */ CREATE /* b */ TABLE t (i int);",
]


@pytest.mark.parametrize(
    ("text", "quick"), [*((text, True) for text in QUICK), *((text, False) for text in LONG)]
)
def test_what_takes_no_time_is_told_by_its_words(text: str, quick: bool) -> None:
    """Rows that are there make no difference to it; a doubt is settled against it."""
    assert is_quick(split(text, "sqlite")) is quick
