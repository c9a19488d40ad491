"""
One runner works (R3): others wait, say for whom, and the lock is free afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runs.holding import KEY, free, holding
from st44_migrate import ApplyError, LedgerName, LockTimeout, Settings
from st44_migrate.events import LockAcquired, LockWaited, MigrationApplied, StatementStarted
from targets import Target, applied, until, write

FILES = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}


@contextmanager
def started(target: Target, folder: Path, **choices: Any) -> Iterator[Future[Any]]:
    """
    Let a run begin in a thread.
    """
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(target.apply, folder, **choices)


def test_waiting_ends_in_an_error_that_names_the_holder(pg: Target, folder: Path) -> None:
    """Who holds the lock, by pid and application; for how long was waited; nothing ran."""
    write(folder, FILES)
    with holding(pg) as other:
        holder = f"pid {other.info.backend_pid} (somebody"
        with pytest.raises(LockTimeout) as caught:
            pg.apply(folder, settings=Settings(lock_wait=0.3))
    error = caught.value
    assert holder in error.happened
    assert "gave up after 0.3 s" in error.happened
    assert (error.unchanged, error.exit_code) == ("Nothing was run.", 5)
    assert pg.tables() == set()
    waits = pg.saw(LockWaited)
    assert len(waits) >= 2
    assert all(holder in wait.holder for wait in waits)
    assert all(0 <= wait.waited <= 0.4 and 0 < wait.delay <= 0.3 for wait in waits)
    assert pg.saw(LockAcquired) == []
    until(lambda: free(pg))


def test_without_patience_one_look_is_enough(pg: Target, folder: Path) -> None:
    """lock_wait=0 asks once and does not sleep."""
    write(folder, FILES)
    with holding(pg), pytest.raises(LockTimeout):
        pg.apply(folder, settings=Settings(lock_wait=0))
    assert pg.saw(LockWaited) == []
    report = pg.apply(folder, settings=Settings(lock_wait=0))
    assert applied(report) == ["001", "002"]


def test_without_a_limit_of_patience_a_run_works(pg: Target, folder: Path) -> None:
    """Waiting for ever is a choice: an infinite lock_wait and retry_for are times like others."""
    endless = Settings(lock_wait=float("inf"), retry_for=float("inf"))
    assert applied(pg.apply(write(folder, FILES), settings=endless)) == ["001", "002"]


def test_the_waiting_runner_works_when_the_holder_is_gone(pg: Target, folder: Path) -> None:
    """It polls, so it holds nothing up; then it plans anew and applies what is pending."""
    write(folder, FILES)
    with holding(pg) as other, started(pg, folder) as running:
        until(lambda: pg.saw(LockWaited))
        assert not running.done()
        other.close()
        assert applied(running.result(10)) == ["001", "002"]
    (acquired,) = pg.saw(LockAcquired)
    assert acquired.waited > 0


def test_the_plan_is_made_again_under_the_lock(pg: Target, folder: Path) -> None:
    """What another runner applied while we waited is not applied again."""
    write(folder, FILES)
    with holding(pg) as other, started(pg, folder) as running:
        until(lambda: pg.saw(LockWaited))
        first = {"001_a.sql": FILES["001_a.sql"]}
        (one := folder.parent / "one").mkdir()
        apart = Settings(ledger=LedgerName("apart"))
        pg_other = Target(pg.kind, pg.url, apart)
        pg_other.apply(write(one, first))
        pg.execute(
            "CREATE TABLE schema_migrations AS TABLE apart",
            "CREATE TABLE schema_migrations_journal (LIKE apart_journal INCLUDING ALL)",
            "INSERT INTO schema_migrations_journal TABLE apart_journal",
        )
        other.close()
        assert applied(running.result(10)) == ["002"]


def test_rows_recorded_by_others_while_we_wait_count(pg: Target, folder: Path) -> None:
    """Another program applies a file and records it while we wait: it is applied, and no error."""
    write(folder, FILES)
    ledger = (
        "CREATE TABLE schema_migrations (version text PRIMARY KEY, name text, applied_at timestamp)"
    )
    with holding(pg) as other, started(pg, folder) as running:
        until(lambda: pg.saw(LockWaited))
        pg.execute(ledger, FILES["001_a.sql"], "INSERT INTO schema_migrations VALUES ('001', 'a')")
        other.close()
        assert applied(running.result(10)) == ["002"]


def test_a_waiting_runner_holds_no_snapshot(pg: Target, folder: Path) -> None:
    """CREATE INDEX CONCURRENTLY elsewhere ends while a runner waits for the lock."""
    pg.execute("CREATE TABLE big (id int)")
    write(folder, FILES)
    with holding(pg) as other, started(pg, folder) as running:
        until(lambda: pg.saw(LockWaited))
        other.execute("SET statement_timeout = '5s'")
        other.execute("CREATE INDEX CONCURRENTLY ON big (id)")
        other.close()
        assert applied(running.result(10)) == ["001", "002"]


def test_the_lock_is_free_after_a_run(pg: Target, folder: Path) -> None:
    """However a run ends, no lock and no session of it is left."""
    pg.apply(write(folder, FILES))
    until(lambda: free(pg))
    with pytest.raises(ApplyError):
        pg.apply(write(folder, {**FILES, "003_last.sql": "SELECT 1 / 0;"}))
    until(lambda: free(pg))


def test_ledgers_do_not_wait_for_each_other(pg: Target, folder: Path) -> None:
    """The lock belongs to one ledger of one database, however its schema is told."""
    write(folder, FILES)
    hasty = Settings(lock_wait=0)
    with holding(pg):
        apart = replace(hasty, ledger=LedgerName("apart"))
        assert applied(pg.apply(folder, settings=apart)) == ["001", "002"]
        with pytest.raises(LockTimeout):
            pg.apply(folder, settings=replace(hasty, ledger=LedgerName(schema="public")))


def test_a_lock_that_a_body_gave_away_is_taken_back(pg: Target, folder: Path) -> None:
    """Before a file that commits step by step the lock is ours again, or it does not begin."""
    write(
        folder,
        {
            "001_unlock.sql": "CREATE TABLE t (id int); SELECT pg_advisory_unlock_all();",
            "002_steps.sql": "CREATE INDEX CONCURRENTLY one ON t (id);\nCREATE TABLE u (id int);",
        },
    )
    taken = []

    def look(event: object) -> None:
        if isinstance(event, StatementStarted):
            taken.append(pg.query(f"SELECT pg_try_advisory_lock({KEY})"))

    pg.apply(folder, observer=look)
    assert taken == [[(False,)], [(False,)]]


def test_a_lock_lost_half_way_is_not_called_nothing_was_run(pg: Target, folder: Path) -> None:
    """Where the lock goes to another runner after the first file, the error knows of that file."""
    write(folder, {**FILES, "001_a.sql": FILES["001_a.sql"] + "SELECT pg_advisory_unlock_all();"})
    with psycopg.connect(pg.url, autocommit=True) as other:

        def seize(event: object) -> None:
            if isinstance(event, MigrationApplied):
                other.execute(f"SELECT pg_try_advisory_lock({KEY})")

        with pytest.raises(LockTimeout) as caught:
            pg.apply(folder, observer=seize, settings=Settings(lock_wait=0.3))
    assert pg.tables() == {"a"}
    assert "Nothing was run" not in str(caught.value)
    assert applied(pg.apply(folder)) == ["002"]
