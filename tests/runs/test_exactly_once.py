"""
Many runners at once: each file once, in order, and every runner ends well.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from runs import racer
from runs.wrapped import Window
from st44_migrate import ApplyError, LedgerName, LockTimeout, MigrateError, Report, Settings
from st44_migrate.events import RunFinished
from st44_migrate.locks import lock_key
from targets import Target, applied, write

RUNNERS = 4
SERIAL = {True: "serial PRIMARY KEY", False: "integer PRIMARY KEY AUTOINCREMENT"}


def files(target: Target, count: int = 6) -> dict[str, str]:
    """
    A log, and files that make a table each and write their number into the log.
    """
    made = {"001_log.sql": f"CREATE TABLE log (at {SERIAL[target.is_postgres]}, file integer);"}
    for number in range(2, count + 1):
        made[f"{number:03}_file.sql"] = (
            f"INSERT INTO log (file) VALUES ({number});\nCREATE TABLE t{number} (id integer);"
        )
    return made


def check(target: Target, done: list[tuple[list[str], int, int]], count: int = 6) -> None:
    """
    Each file once and in order, in the log, in the ledger and in the reports.
    """
    labels = [f"{number:03}" for number in range(1, count + 1)]
    assert target.query("SELECT file FROM log ORDER BY at") == [(n,) for n in range(2, count + 1)]
    assert target.versions() == labels
    assert set(target.journal().values()) == {"applied"}
    assert sorted(label for applied, *_ in done for label in applied) == labels
    assert {(held, pending) for _, held, pending in done} == {(count, 0)}


def essence(report: Report) -> tuple[list[str], int, int]:
    return ([done.label for done in report.applied], report.count, report.pending)


def race(target: Target, folder: Path, **choices: Any) -> list[tuple[list[str], int, int]]:
    """
    Let as many threads as there are runners start together.
    """
    start = threading.Barrier(RUNNERS)

    def run() -> Report:
        own = Target(target.kind, target.url, target.settings)
        start.wait()
        return own.apply(folder, **choices)

    with ThreadPoolExecutor(RUNNERS) as pool:
        racing = [pool.submit(run) for _ in range(RUNNERS)]
        return [essence(future.result(60)) for future in racing]


def test_threads_apply_each_file_once(target: Target, folder: Path) -> None:
    """Four threads, one fresh database: each file once, and everyone succeeds."""
    write(folder, files(target))
    check(target, race(target, folder))


def test_processes_apply_each_file_once(target: Target, folder: Path) -> None:
    """Four processes, one fresh database: each file once, and everyone succeeds."""
    write(folder, files(target))
    command = [sys.executable, "-W", "error", racer.__file__, target.kind, target.url, str(folder)]
    pipe = subprocess.PIPE
    racing = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for _ in range(RUNNERS)
    ]
    try:
        for process in racing:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in racing:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=60) for process in racing]
    finally:
        for process in racing:
            process.kill()
            process.wait()
    assert [
        (process.returncode, err) for process, (_, err) in zip(racing, outputs, strict=True)
    ] == [(0, "")] * RUNNERS
    check(target, [tuple(json.loads(out)) for out, _ in outputs])


def test_files_that_commit_step_by_step_are_applied_once(pg: Target, folder: Path) -> None:
    """Their claim is committed before they are: only the lock keeps a second runner from them."""
    made = files(pg)
    for number in (3, 4):
        made[f"{number:03}_file.sql"] += f"\nCREATE INDEX CONCURRENTLY i{number} ON log (file);"
    check(pg, race(pg, write(folder, made)))


def test_the_claim_alone_keeps_order_behind_a_pooler(pg: Target, folder: Path) -> None:
    """Without any lock of the session, the claims keep order and each file runs once."""
    write(folder, files(pg))
    check(pg, race(pg, folder, database=Window(pooled=True).on(pg)))


def test_creators_without_a_lock_agree(database: Target, folder: Path) -> None:
    """Ledger and journal are created once, whichever of the catalog's rows is met first."""
    write(folder, {"001_nothing.sql": "SELECT 1;"})
    for number in range(20):
        database.settings = Settings(ledger=LedgerName(f"ledger_{number}"))
        done = race(database, folder, database=Window(pooled=True).on(database))
        assert sorted(done) == [([], 1, 0)] * (RUNNERS - 1) + [(["001"], 1, 0)]


def test_a_pooled_and_a_direct_runner_get_along(pg: Target, folder: Path) -> None:
    """One runner with the session's lock and others without it share the work in order."""
    write(folder, files(pg))
    start = threading.Barrier(RUNNERS)

    def run(number: int) -> Report:
        own = Target(pg.kind, pg.url)
        database = Window(pooled=bool(number % 2)).on(own)
        start.wait()
        return own.apply(folder, database=database)

    with ThreadPoolExecutor(RUNNERS) as pool:
        racing = [pool.submit(run, number) for number in range(RUNNERS)]
        check(pg, [essence(future.result(60)) for future in racing])


def test_a_pooled_runner_waits_for_a_direct_one_no_longer_than_allowed(
    pg: Target, folder: Path
) -> None:
    """Behind a pooler another runner at work is waited for with pauses, and not for ever."""
    pg.apply(write(folder, files(pg, 1)))
    write(folder, files(pg, 2))
    window = Window(pooled=True)
    with psycopg.connect(pg.url, autocommit=True) as other:
        other.execute(f"SELECT pg_advisory_lock({lock_key(LedgerName(), 'public')})")
        with ThreadPoolExecutor(1) as pool:
            hasty = Settings(lock_wait=0.5)
            running = pool.submit(pg.apply, folder, database=window.on(pg), settings=hasty)
            try:
                assert isinstance(running.exception(15), LockTimeout)
            finally:
                other.close()
                calls = len(window.calls)
    assert calls < 60


def test_a_body_may_give_all_locks_away(pg: Target, folder: Path) -> None:
    """A file that releases every advisory lock costs no runner its order."""
    made = files(pg)
    made["003_file.sql"] += "\nSELECT pg_advisory_unlock_all();"
    write(folder, made)
    check(pg, race(pg, folder))


def test_a_body_sees_the_ledger_as_psql_would_show_it(pg: Target, folder: Path) -> None:
    """A file may raise if its own version is recorded: while it runs, it is not."""
    made = files(pg)
    made["004_file.sql"] = (
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM schema_migrations WHERE version = '004') THEN"
        " RAISE EXCEPTION 'applied already'; END IF; END $$;\n" + made["004_file.sql"]
    )
    check(pg, race(pg, write(folder, made)))


def test_bodies_may_record_themselves(pg: Target, folder: Path) -> None:
    """With or without ON CONFLICT, under any spelling: one row, as the file wrote it."""
    own = "\nINSERT INTO schema_migrations (version, name) VALUES "
    made = files(pg)
    made["002_file.sql"] += own + "('002', 'file');"
    made["003_file.sql"] += own + "('003', 'file') ON CONFLICT (version) DO NOTHING;"
    made["004_file.sql"] += own + "('4', 'file') ON CONFLICT DO NOTHING;"
    made["005_file.sql"] += own + "('0005', 'file');"
    race(pg, write(folder, made))
    assert pg.versions() == ["0005", "001", "002", "003", "006", "4"]
    assert pg.query("SELECT file FROM log ORDER BY at") == [(n,) for n in range(2, 7)]
    assert pg.apply(folder).skipped == 6


def stray(target: Target) -> dict[str, str]:
    """
    Files of which the second records itself under the number of the fourth.
    """
    made = files(target, 4)
    made["002_file.sql"] += (
        "\nINSERT INTO schema_migrations (version, name) VALUES ('004', 'file');"
    )
    return made


def test_a_number_taken_by_an_earlier_file_is_an_error_that_names_it(
    target: Target, folder: Path
) -> None:
    """A file whose number an earlier one recorded did not run: that is no success."""
    with pytest.raises(ApplyError) as caught:
        target.apply(write(folder, stray(target)))
    error = caught.value
    assert "004_file.sql: 004 was recorded meanwhile by" in error.happened
    assert "002_file.sql" in error.happened
    assert error.migration.label == "004"
    assert applied(error.report) == ["001", "002", "003"]
    assert target.tables() == {"log", "t2", "t3"}


def test_behind_a_pooler_a_number_taken_by_an_earlier_file_is_an_error_too(
    pg: Target, folder: Path
) -> None:
    """What this very run recorded is not somebody else's work."""
    write(folder, stray(pg))
    with pytest.raises(ApplyError, match=r"002_file\.sql"):
        pg.apply(folder, database=Window(pooled=True).on(pg))
    assert pg.tables() == {"log", "t2", "t3"}


def test_a_row_that_vanishes_is_no_success(pg: Target, folder: Path) -> None:
    """A file that removes another's row leaves that one pending: the run must not end well."""
    write(folder, files(pg, 2))
    pg.apply(folder)
    write(
        folder,
        files(pg, 2) | {"003_oops.sql": "DELETE FROM schema_migrations WHERE version = '002';"},
    )
    with pytest.raises(MigrateError, match="002"):
        pg.apply(folder)
    assert not pg.saw(RunFinished)[1:]
