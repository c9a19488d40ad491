"""
Several files in one message: fewer round trips, and nothing else is different.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runs.wrapped import Window
from st44_migrate import ApplyError, Migrator, Settings
from st44_migrate.events import (
    Event,
    MigrationApplied,
    MigrationRetried,
    MigrationStarted,
    NoticeReceived,
    StatementApplied,
)
from targets import Target, applied, until, write

COUNT = 24
MESSAGES = [1, 2, 4, 8, 9]
"""How many of the files go out together, as long as answers come back soon."""

ALONE = Settings(batch=1)

PREPARED = "SELECT name FROM pg_prepared_statements"


def labels(*numbers: int) -> list[str]:
    return [f"{number:03}" for number in numbers]


def files(**different: str) -> dict[str, str | bytes]:
    """
    Write files that each make a table and log that they ran; some are *different*:
    ``f12="SELECT 1/0;"`` stands behind the two statements of the twelfth.
    """
    return {
        f"{n:03}_file.sql": f"CREATE TABLE t{n} (id int);\nINSERT INTO log VALUES ({n});\n"
        + different.get(f"f{n}", "")
        for n in range(1, COUNT + 1)
    }


@pytest.fixture
def logged(pg: Target) -> Target:
    """
    A database with a log that the files write to.
    """
    return log_in(pg)


def log_in(target: Target) -> Target:
    target.execute("CREATE TABLE log (n int)")
    return target


def ran(target: Target) -> list[int]:
    """
    List the files that took effect, as often as they did.
    """
    return [number for (number,) in target.query("SELECT n FROM log ORDER BY n")]


def seen(target: Target, kind: type[Any]) -> list[str]:
    return [event.migration.label for event in target.saw(kind)]


def test_messages_grow_while_answers_come_soon(logged: Target, folder: Path) -> None:
    """Twice as many files each time; each file has a transaction of its own, and its record."""
    window = Window()
    report = logged.apply(write(folder, files()), database=window.on(logged))
    sent = [number for call in window.calls if (number := call.count("\n;\nINSERT INTO log"))]
    assert sent == MESSAGES
    assert applied(report) == labels(*range(1, COUNT + 1))
    assert ran(logged) == list(range(1, COUNT + 1))
    assert logged.versions() == applied(report)
    assert set(logged.journal().values()) == {"applied"}
    for table in ("log", "schema_migrations", "schema_migrations_journal"):
        assert logged.query(f"SELECT count(DISTINCT xmin::text) FROM {table}") == [(COUNT,)]


def test_what_is_said_of_each_file_is_prepared_once(logged: Target, folder: Path) -> None:
    """The first long message tells the forms, the next one only uses them."""
    window = Window()
    logged.apply(write(folder, files()), database=window.on(logged))
    telling = [call.count("PREPARE st44_") for call in window.calls]
    saying = [call.count("EXECUTE st44_") for call in window.calls]
    assert [count for count in telling if count] == [5]
    assert [count for count in saying if count] == [5 * 8, 5 * 9]


def test_a_setting_sends_each_file_alone(logged: Target, folder: Path) -> None:
    """As many messages as there are files."""
    window = Window()
    logged.apply(write(folder, files()), database=window.on(logged), settings=ALONE)
    sent = [number for call in window.calls if (number := call.count("\n;\nINSERT INTO log"))]
    assert sent == [1] * COUNT
    assert not any("PREPARE" in call for call in window.calls)


def test_a_large_message_is_several(logged: Target, folder: Path) -> None:
    """A quarter of a million characters is enough for one."""
    window = Window()
    padding = {f"f{n}": f"SELECT '{'x' * 100_000}';" for n in range(1, COUNT + 1)}
    logged.apply(write(folder, files(**padding)), database=window.on(logged))
    sent = [number for call in window.calls if (number := call.count("\n;\nINSERT INTO log"))]
    assert sent == [1, *[2] * 11, 1]
    assert ran(logged) == list(range(1, COUNT + 1))


def test_events_and_durations_are_each_files_own(logged: Target, folder: Path) -> None:
    """In order, with the statements, notices and milliseconds of the file itself."""
    telling = {
        f"f{n}": f"DO $$ BEGIN RAISE NOTICE 'I am {n}'; END $$;" for n in range(1, COUNT + 1)
    }
    telling["f20"] = "SELECT pg_sleep(0.05);"
    report = logged.apply(write(folder, files(**telling)))
    kinds = (MigrationStarted, NoticeReceived, StatementApplied, MigrationApplied)
    told = [(type(event), event.migration) for event in logged.events if isinstance(event, kinds)]
    expected = [
        (kind, done.label)
        for done in report.applied
        for kind in (
            MigrationStarted,
            *([NoticeReceived] if done.label != "020" else []),
            *[StatementApplied] * 3,
            MigrationApplied,
        )
    ]
    assert [(kind, migration.label if migration else "") for kind, migration in told] == expected
    for event in logged.saw(NoticeReceived):
        assert event.message == f"I am {event.migration.version}"
    assert [event.position for event in logged.saw(MigrationStarted)] == list(range(1, COUNT + 1))
    assert [event.total for event in logged.saw(MigrationApplied)] == [COUNT] * COUNT
    took = {done.label: done.duration_ms for done in report.applied}
    assert took == {
        event.migration.label: event.duration_ms for event in logged.saw(MigrationApplied)
    }
    kept = dict(logged.query("SELECT version, duration_ms FROM schema_migrations_journal"))
    assert took == {label: kept[str(int(label))] for label in took}
    assert took["020"] >= 50


# --- what goes wrong in company -----------------------------------------------


@pytest.mark.parametrize(
    ("mistake", "sqlstate"),
    [
        pytest.param("SELECT 1 / 0;", "22012", id="while it runs"),
        pytest.param("SELEKT 1;", "42601", id="before anything runs"),
        pytest.param("INSERT INTO orphan VALUES (7);", "23503", id="at commit"),
    ],
)
def test_the_first_failure_stops_the_rest(
    logged: Target, folder: Path, mistake: str, sqlstate: str
) -> None:
    """What stands before it is applied and told, the file and its line are named, nothing follows."""
    logged.execute(
        "CREATE TABLE parent (id int PRIMARY KEY)",
        "CREATE TABLE orphan (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    )
    write(folder, files(f12=mistake))
    with pytest.raises(ApplyError) as caught:
        logged.apply(folder)
    error = caught.value
    assert (error.migration.label, error.sqlstate) == ("012", sqlstate)
    assert error.place is None or error.place.line == 3
    assert "rolled back whole; the 11 file(s) applied before it stay" in error.unchanged
    assert applied(error.report) == labels(*range(1, 12)) == logged.versions()
    assert error.report.pending == COUNT - 11
    assert ran(logged) == list(range(1, 12))
    assert seen(logged, MigrationApplied) == labels(*range(1, 12))
    assert seen(logged, MigrationStarted) == labels(*range(1, 13))
    assert {version for version, state in logged.journal().items() if state == "failed"} == {"12"}
    assert applied(logged.apply(write(folder, files()))) == labels(*range(12, COUNT + 1))
    assert ran(logged) == list(range(1, COUNT + 1))


def test_a_file_that_meets_a_lock_is_tried_again_alone(logged: Target, folder: Path) -> None:
    """Neither the files before it nor those behind it run twice."""
    logged.execute("CREATE TABLE busy (id int)")
    write(folder, files(f12="ALTER TABLE busy ADD COLUMN more int;"))
    with psycopg.connect(logged.url, application_name="reader") as reader:
        reader.execute("SELECT * FROM busy")

        def observe(event: Event) -> None:
            logged.events.append(event)
            if isinstance(event, MigrationRetried) and event.attempt == 2:
                reader.rollback()

        hasty = Settings(lock_timeout=0.1)
        report = logged.apply(folder, settings=hasty, observer=observe)
    assert applied(report) == labels(*range(1, COUNT + 1))
    assert ran(logged) == list(range(1, COUNT + 1))
    assert [(e.migration.label, e.attempt) for e in logged.saw(MigrationRetried)] == [
        ("012", 1),
        ("012", 2),
    ]
    assert seen(logged, MigrationApplied) == applied(report)


def test_a_session_that_ends_in_the_middle_is_looked_up(dialled: Target, folder: Path) -> None:
    """The files before it in the message are found and counted, in order."""
    logged = log_in(dialled)
    write(folder, files(f12="SELECT pg_terminate_backend(pg_backend_pid());"))
    with pytest.raises(ApplyError) as caught:
        logged.apply(folder)
    assert caught.value.migration.label == "012"
    assert "012_file.sql was rolled back whole" in caught.value.unchanged
    assert applied(caught.value.report) == labels(*range(1, 12)) == logged.versions()
    assert seen(logged, MigrationApplied) == labels(*range(1, 12))
    assert seen(logged, MigrationStarted) == labels(*range(1, 13))
    assert ran(logged) == list(range(1, 12))


def names_who_recorded_a_later_file(target: Target, folder: Path) -> None:
    """
    Let the tenth file record the twelfth.
    """
    insert = "INSERT INTO schema_migrations (version, name) VALUES ('012', 'wrong');"
    with pytest.raises(ApplyError) as caught:
        target.apply(write(folder, files(f10=insert)))
    assert caught.value.migration.label == "012"
    assert "010_file.sql" in caught.value.happened
    assert ran(target) == list(range(1, 12))


def test_a_file_that_records_a_later_one_is_named(logged: Target, folder: Path) -> None:
    """The later file, of the same message, finds its number taken and does not run."""
    names_who_recorded_a_later_file(logged, folder)


def test_an_interruption_while_somebody_is_told(database: Target, folder: Path) -> None:
    """Ctrl-C in an observer: the server stops, and the caller's session is of use as before."""
    database.execute("CREATE TABLE log (n int)")
    # A notice makes the server send all that it has to say so far.
    notice = "DO $$ BEGIN RAISE NOTICE 'now'; END $$;"
    write(folder, files(f18=notice, f20="SELECT pg_sleep(60);"))

    def observe(event: Event) -> None:
        if isinstance(event, MigrationApplied) and event.migration.version == 17:
            raise KeyboardInterrupt

    with psycopg.connect(database.url) as conn:
        with pytest.raises(KeyboardInterrupt):
            Migrator(conn, folder, observer=observe).apply()
        assert conn.execute("SELECT 1").fetchone() == (1,)
        assert conn.execute(PREPARED.encode()).fetchall() == []
    assert database.versions() == labels(*ran(database))
    database.apply(write(folder, files(f18=notice)))
    assert ran(database) == list(range(1, COUNT + 1))


# --- statements that are told once --------------------------------------------


def borrowed(target: Target, folder: Path) -> list[Any]:
    """
    Run on a caller's connection; list what is prepared in it afterwards.
    """
    with psycopg.connect(target.url) as conn:
        conn.execute("PREPARE mine AS SELECT 1")
        conn.commit()
        try:
            Migrator(conn, folder, observer=target.events.append).apply()
        except ApplyError as error:
            target.events.append(error)  # type: ignore[arg-type]
        return [name for (name,) in conn.execute(PREPARED.encode()).fetchall()]


@pytest.mark.parametrize("mistake", ["", "SELECT 1 / 0;"])
def test_nothing_prepared_is_left_behind(database: Target, folder: Path, mistake: str) -> None:
    """Neither when all goes well nor when it does not."""
    database.execute("CREATE TABLE log (n int)")
    write(folder, files(f20=mistake))
    assert borrowed(database, folder) == ["mine"]
    assert len(ran(database)) == (19 if mistake else COUNT)


DISTURBING: dict[str, str] = {
    "deallocates": "DEALLOCATE ALL;",
    "deallocates in secret": "DO $$ BEGIN EXECUTE 'DEALLO' || 'CATE ALL'; END $$;",
    "prepares": "PREPARE theirs AS SELECT 1;",
    "prepares in secret": "DO $$ BEGIN EXECUTE 'PRE' || 'PARE theirs AS SELECT 1'; END $$;",
    "alters the ledger": "ALTER TABLE schema_migrations ADD COLUMN note text;",
    "alters the ledger's type": "ALTER TABLE schema_migrations ALTER version TYPE varchar(50);",
    "sets a path": "CREATE SCHEMA app; SET search_path = app;",
    "becomes another": "SET ROLE pg_monitor;",
}


@pytest.mark.parametrize("disturbance", DISTURBING.values(), ids=DISTURBING)
@pytest.mark.parametrize("number", [16, 20])
def test_a_file_may_do_what_it_likes_to_its_session(
    database: Target, folder: Path, disturbance: str, number: int
) -> None:
    """First in a message or in the middle of one: each file is applied once."""
    database.execute("CREATE TABLE log (n int)")
    report = database.apply(write(folder, files(**{f"f{number}": disturbance})))
    assert applied(report) == labels(*range(1, COUNT + 1))
    assert ran(database) == list(range(1, COUNT + 1))
    assert database.versions() == applied(report)


@pytest.mark.parametrize("kind", ["integer", "bigint", "numeric", "varchar(10)", "char(10)"])
def test_any_ledger_that_people_have_takes_many_at_once(
    database: Target, folder: Path, kind: str
) -> None:
    """Its column may be a number or a text: the values fit, and rows by hand count."""
    database.execute(
        "CREATE TABLE log (n int)",
        f"CREATE TABLE schema_migrations (version {kind} PRIMARY KEY, name varchar(40),"
        " applied_at timestamp DEFAULT now())",
        "INSERT INTO schema_migrations (version, name) VALUES ('20', 'by hand')",
    )
    write(folder, files())
    database.apply(folder, settings=Settings(allow_late=True))
    assert ran(database) == [n for n in range(1, COUNT + 1) if n != 20]
    assert database.plan(folder).pending == ()


def test_somebody_elses_claim_is_waited_for_in_company(logged: Target, folder: Path) -> None:
    """A session that holds the claim of a file in the middle holds up that file only."""
    logged.apply(write(folder, {k: v for k, v in files().items() if k < "010"}))
    write(folder, files())
    with psycopg.connect(logged.url) as other:
        other.execute(
            "INSERT INTO schema_migrations_journal (version, name, state) VALUES ('14', 'x', 'x')"
        )
        running = threading.Thread(target=logged.apply, args=(folder,))
        running.start()
        try:
            waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
            until(lambda: logged.query(waiting))
            assert ran(logged) == list(range(1, 14))
        finally:
            other.rollback()
            running.join()
    assert ran(logged) == list(range(1, COUNT + 1))
    assert logged.saw(MigrationRetried) == []
