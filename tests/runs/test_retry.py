"""
A lock that cannot be had costs nobody much (R8): the transaction is given up and tried again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from st44_migrate import ApplyError, Settings
from st44_migrate.events import Event, MigrationApplied, MigrationRetried, StatementApplied
from targets import Target, applied, until, write

HASTY = Settings(lock_timeout=0.2)
ALTER = {
    "001_alter.sql": "INSERT INTO log VALUES (1);\nALTER TABLE t ADD COLUMN extra int;",
    "002_next.sql": "CREATE TABLE next (id int);",
}


@pytest.fixture
def tables(pg: Target) -> Target:
    """
    A table with a row, another, and a log.
    """
    pg.execute(
        "CREATE TABLE t (id int PRIMARY KEY, n int)",
        "INSERT INTO t VALUES (1, 0)",
        "CREATE TABLE u (id int)",
        "CREATE TABLE log (n int)",
    )
    return pg


@contextmanager
def reading(target: Target, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """
    Keep a transaction open that has read the table, in a session called "reader".
    """
    with psycopg.connect(target.url, application_name="reader") as conn:
        for sql in statements or ("SELECT * FROM t",):
            conn.execute(sql.encode())
        yield conn


def on_retry(number: int, do: Callable[[], object]) -> Callable[[Event], None]:
    """
    Make an observer that does something at one retry.
    """
    retries = 0

    def observe(event: Event) -> None:
        nonlocal retries
        if isinstance(event, MigrationRetried):
            retries += 1
            if retries == number:
                do()

    return observe


def test_a_file_waits_for_its_lock_in_short_attempts(tables: Target, folder: Path) -> None:
    """Behind a long reader it is tried again, names the reader, and is applied once."""
    write(folder, ALTER)
    with reading(tables) as reader:
        pid = reader.info.backend_pid
        release = on_retry(3, reader.rollback)

        def observe(event: Event) -> None:
            tables.events.append(event)
            release(event)

        report = tables.apply(folder, settings=HASTY, observer=observe)
    assert applied(report) == ["001", "002"]
    assert tables.query("SELECT n FROM log") == [(1,)]
    retries = tables.saw(MigrationRetried)
    assert [event.attempt for event in retries] == [1, 2, 3]
    assert {event.migration.label for event in retries} == {"001"}
    assert all("lock timeout" in event.reason for event in retries)
    assert all(f"pid {pid}, reader" in " ".join(event.blockers) for event in retries)
    assert all(0 < event.delay <= 5 for event in retries)
    assert [event.migration.label for event in tables.saw(MigrationApplied)] == ["001", "002"]
    assert len(tables.saw(StatementApplied)) == 3


def test_other_readers_are_let_through_between_attempts(tables: Target, folder: Path) -> None:
    """While a file is retried behind a long reader, no new reader waits longer than an attempt."""
    write(folder, ALTER)
    with reading(tables) as reader, psycopg.connect(tables.url, autocommit=True) as other:
        other.execute("SET statement_timeout = '3s'")
        running = threading.Thread(target=tables.apply, args=(folder,), kwargs={"settings": HASTY})
        running.start()
        try:
            until(lambda: tables.saw(MigrationRetried))
            for _ in range(20):
                assert other.execute("SELECT count(*) FROM t").fetchone() == (1,)
        finally:
            reader.rollback()
            running.join()
    assert tables.versions() == ["001", "002"]


def test_bystanders_are_not_blamed(tables: Target, folder: Path) -> None:
    """Sessions with older transactions on other tables do not hide the one in the way."""
    write(folder, ALTER)
    with (
        reading(tables, "SELECT * FROM u"),
        reading(tables, "SELECT * FROM u"),
        reading(tables, "SELECT * FROM u"),
        reading(tables) as culprit,
    ):
        pid = culprit.info.backend_pid
        culprit_leaves = on_retry(1, culprit.rollback)

        def observe(event: Event) -> None:
            tables.events.append(event)
            culprit_leaves(event)

        tables.apply(folder, settings=HASTY, observer=observe)
    (retry,) = tables.saw(MigrationRetried)
    assert [text.split(",")[0] for text in retry.blockers] == [f"pid {pid}"]


def test_patience_ends(tables: Target, folder: Path) -> None:
    """After retry_for seconds the file has failed: rolled back, its place and code known."""
    write(folder, ALTER)
    brief = Settings(lock_timeout=0.1, retry_for=0.5)
    with reading(tables), pytest.raises(ApplyError) as caught:
        tables.apply(folder, settings=brief)
    error = caught.value
    assert error.sqlstate == "55P03"
    assert error.place is not None
    assert error.place.line == 2
    assert "rolled back whole" in error.unchanged
    assert tables.query("SELECT count(*) FROM log") == [(0,)]
    assert tables.saw(MigrationRetried)
    assert tables.journal() == {"1": "failed"}
    assert applied(tables.apply(folder)) == ["001", "002"]


def test_a_failure_of_another_kind_is_not_tried_again(tables: Target, folder: Path) -> None:
    """Only locks, deadlocks and serialization failures are worth another attempt."""
    write(folder, {"001_bad.sql": "INSERT INTO t VALUES (1, 1);"})
    with pytest.raises(ApplyError):
        tables.apply(folder)
    assert tables.saw(MigrationRetried) == []


def test_the_victim_of_a_deadlock_is_tried_again(tables: Target, folder: Path) -> None:
    """The file closes the circle, so the server picks it; then it is applied once."""
    crossed = (
        "DO $$ BEGIN WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'reader')"
        " AND NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 't'::regclass)"
        " LOOP PERFORM pg_stat_clear_snapshot(), pg_sleep(0.02); END LOOP; END $$;"
    )
    write(folder, {"001_locks.sql": f"INSERT INTO log VALUES (1);\nLOCK t;\n{crossed}\nLOCK u;"})
    with reading(tables, "SET deadlock_timeout = '10min'", "LOCK u") as other:
        locked = (
            "SELECT 1 FROM pg_locks WHERE relation = 't'::regclass AND mode = 'AccessExclusiveLock'"
        )

        def cross() -> None:
            until(lambda: tables.query(locked))
            other.execute("LOCK t")
            other.close()

        crossing = threading.Thread(target=cross)
        crossing.start()
        report = tables.apply(folder, settings=Settings(lock_timeout=20))
        crossing.join()
    assert applied(report) == ["001"]
    assert [event.reason for event in tables.saw(MigrationRetried)] == ["deadlock detected"]
    assert tables.query("SELECT n FROM log") == [(1,)]


def test_a_files_isolation_is_honoured_and_its_conflict_tried_again(
    tables: Target, folder: Path
) -> None:
    """BEGIN ISOLATION LEVEL SERIALIZABLE is ours to use; a serialization failure is not the end."""
    write(
        folder,
        {
            "001_serial.sql": "BEGIN ISOLATION LEVEL SERIALIZABLE;\n"
            "INSERT INTO log SELECT n FROM t;\nSELECT pg_advisory_xact_lock(7);\n"
            "UPDATE t SET n = n + 1;\n"
            "CREATE TABLE level AS SELECT current_setting('transaction_isolation') AS level;\nCOMMIT;"
        },
    )
    with reading(tables, "SELECT pg_advisory_xact_lock(7)") as other:
        waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND objid = 7"

        def interfere() -> None:
            until(lambda: tables.query(waiting))
            other.execute("UPDATE t SET n = 10")
            other.commit()

        interfering = threading.Thread(target=interfere)
        interfering.start()
        report = tables.apply(folder, settings=Settings(lock_timeout=20))
        interfering.join()
    assert applied(report) == ["001"]
    assert len(tables.saw(MigrationRetried)) == 1
    assert tables.query("SELECT level FROM level") == [("serializable",)]
    assert tables.query("SELECT n FROM t") == [(11,)]
    assert tables.query("SELECT n FROM log") == [(10,)]


def test_the_wait_for_a_claim_is_not_the_files_own(pg: Target, folder: Path) -> None:
    """A claim held by another connection is waited for as long as for the lock, without retries."""
    write(folder, {"001_a.sql": "CREATE TABLE a (id int);"})
    pg.apply(folder)
    write(
        folder, {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}
    )
    with psycopg.connect(pg.url) as other:
        other.execute(
            "INSERT INTO schema_migrations_journal (version, name, state) VALUES ('2', 'b', 'x')"
        )
        running = threading.Thread(
            target=pg.apply, args=(folder,), kwargs={"settings": Settings(lock_timeout=0.05)}
        )
        running.start()
        try:
            until(
                lambda: pg.query(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'"
                )
            )
            claiming = "clock_timestamp() - query_start > interval '0.3 s'"
            until(
                lambda: pg.query(
                    f"SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid' AND {claiming}"
                )
            )
        finally:
            other.rollback()
            running.join()
    assert pg.saw(MigrationRetried) == []
    assert pg.versions() == ["001", "002"]
