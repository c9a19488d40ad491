"""
CREATE INDEX CONCURRENTLY, whole: waiting runners, builds cut off half-way, failed builds.

A session that is idle in a transaction, with a snapshot, makes a build wait for as
long as a test needs it to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from faults.processes import runner
from faults.tally import FINE, Tally, judged
from runs.holding import free
from st44_migrate import ApplyError, MigrateError
from st44_migrate.events import (
    LockWaited,
    MigrationApplied,
    NoticeReceived,
    StatementProgressed,
    StatementStarted,
)
from targets import POSTGRES, Target, applied, until, write

TABLE = {
    "001_t.sql": "CREATE TABLE t (id int, n int);\nINSERT INTO t SELECT i, i FROM"
    " generate_series(1, 100) i;"
}
BUILDS = {
    "plain": "CREATE INDEX CONCURRENTLY built ON t (n);",
    "if not exists": "CREATE INDEX CONCURRENTLY IF NOT EXISTS built ON t (n);",
}
BUILDING = (
    "SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()"
    " AND phase LIKE 'waiting for old snapshots%'"
)
INDEXES = (
    "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
    " WHERE indrelid = 't'::regclass ORDER BY 1"
)


@pytest.fixture(params=POSTGRES)
def target(request: pytest.FixtureRequest, pg_url: str, folder: Path) -> Target:
    """
    Give a database with a table, once for each colour.
    """
    made = Target(request.param, pg_url)
    made.apply(write(folder, TABLE))
    made.events.clear()
    return made


@contextmanager
def idle(target: Target) -> Iterator[psycopg.Connection[object]]:
    """
    Sit in a transaction with a snapshot: no build of an index can end meanwhile.
    """
    with psycopg.connect(target.url) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute("SELECT 1")
        yield conn


def deadlocks(target: Target) -> int:
    (row,) = target.query(
        "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    return int(row[0])


def test_three_waiting_runners_never_deadlock_with_a_build(target: Target, folder: Path) -> None:
    """It ends when the old snapshot goes, was begun once, and the waiting ones find it done."""
    write(folder, TABLE | {"002_build.sql": BUILDS["plain"]})
    racing = [Target(target.kind, target.url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        with idle(target):
            running = [pool.submit(one.apply, folder) for one in racing]
            until(lambda: target.query(BUILDING), within=30)
            until(lambda: sum(len(one.saw(LockWaited)) >= 2 for one in racing) == 3, within=30)
            assert not any(future.done() for future in running)
        reports = [future.result(60) for future in running]
    assert sorted(len(report.applied) for report in reports) == [0, 0, 0, 1]
    assert sum(len(one.saw(StatementStarted)) for one in racing) == 1
    assert target.query(INDEXES) == [("built", True)]
    assert deadlocks(target) == 0
    until(lambda: free(target))


def test_a_long_build_tells_how_far_it_is_and_what_it_waits_for(
    target: Target, folder: Path
) -> None:
    """The session that somebody forgot in a transaction is named, by pid, state and query."""
    write(folder, TABLE | {"002_build.sql": BUILDS["plain"]})

    def waiting() -> list[StatementProgressed]:
        told: list[StatementProgressed] = target.saw(StatementProgressed)
        return [event for event in told if event.blockers]

    with ThreadPoolExecutor(1) as pool:
        with idle(target) as forgotten:
            running = pool.submit(target.apply, folder)
            progress = until(waiting, within=30)[0]
            pid = forgotten.info.backend_pid
        assert applied(running.result(60)) == ["002"]
    (blocker,) = progress.blockers
    assert blocker.startswith(f"pid {pid},")
    assert "idle in transaction" in blocker
    assert blocker.endswith(": SELECT 1")
    assert progress.phase == "waiting for old snapshots"
    assert (progress.done, progress.total, progress.unit) == (0, 1, "lockers")
    assert progress.statement.line == 1
    assert isinstance(target.events[-2], MigrationApplied)
    until(lambda: free(target))


def test_a_callers_connection_is_not_asked_for_a_second_one(pg_url: str, folder: Path) -> None:
    """The build takes more than a look's time, and nobody else has connected meanwhile."""
    target = Target("psycopg", pg_url)
    target.apply(write(folder, TABLE))
    write(folder, TABLE | {"002_build.sql": BUILDS["plain"]})
    since = "SELECT extract(epoch from clock_timestamp() - query_start) > 1.5 FROM pg_stat_activity"
    ours = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with ThreadPoolExecutor(1) as pool, psycopg.connect(pg_url) as lent:
        with idle(target):
            running = pool.submit(target.apply, folder, database=lent)
            until(lambda: target.query(BUILDING), within=30)
            building = f"{since} WHERE pid = {lent.info.backend_pid}"
            until(lambda: target.query(building) == [(True,)], within=30)
            # The idle one, the lent one, and the one that asks.
            assert target.query(ours) == [(3,)]
        running.result(60)
    assert target.query(INDEXES) == [("built", True)]
    assert target.saw(StatementProgressed) == []


@pytest.mark.parametrize("build", BUILDS)
def test_a_build_whose_backend_is_ended_is_rebuilt(
    target: Target, folder: Path, build: str
) -> None:
    """pg_terminate_backend half-way: the run fails, the next one drops the rest and builds anew."""
    write(folder, TABLE | {"002_build.sql": BUILDS[build]})
    with idle(target), ThreadPoolExecutor(1) as pool:
        running = pool.submit(target.apply, folder)
        ((pid,),) = until(lambda: target.query(BUILDING), within=30)
        target.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        error = running.exception(30)
    assert isinstance(error, MigrateError)
    assert "002_build.sql" in str(error)
    rebuild(target, folder)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a server")
@pytest.mark.parametrize("build", BUILDS)
def test_a_build_whose_runner_is_killed_is_rebuilt(
    pg_url: str, folder: Path, build: str, tally: Tally
) -> None:
    """SIGKILL half-way: the server gives up within seconds, the next run builds anew."""
    target = Target("psycopg", pg_url)
    target.apply(write(folder, TABLE))
    write(folder, TABLE | {"002_build.sql": BUILDS[build]})
    with idle(target), runner(pg_url, folder) as victim:
        victim.ready()
        victim.go()
        until(lambda: target.query(BUILDING), within=30)
        assert victim.kill() == -9
        until(lambda: free(target), within=8)
    rebuild(target, folder)
    outcome = judged(["t", "built"], index_and_table(target))
    tally.count("PostgreSQL: kill -9 in the middle of an index build", [outcome])
    assert outcome == FINE


def index_and_table(target: Target) -> list[str]:
    """
    List the table and its valid indexes.
    """
    return [*target.tables(), *(name for name, valid in target.query(INDEXES) if valid)]


def rebuild(target: Target, folder: Path) -> None:
    """
    See the INVALID index, run again, and see a valid one.
    """
    assert target.query(INDEXES) == [("built", False)]
    old = target.query("SELECT 'built'::regclass::oid")
    target.events.clear()
    assert applied(target.apply(folder)) == ["002"]
    told = [event.message for event in target.saw(NoticeReceived)]
    assert [message for message in told if "built" in message and "INVALID" in message] != []
    assert target.query(INDEXES) == [("built", True)]
    assert target.query("SELECT 'built'::regclass::oid") != old
    assert target.versions() == ["001", "002"]
    assert target.plan(folder).problems == ()


@pytest.mark.parametrize("exists", ["", "IF NOT EXISTS "])
def test_a_failed_unique_build_leaves_no_index(target: Target, folder: Path, exists: str) -> None:
    """The duplicate is named, nothing INVALID stays to slow down writes; the mended data suffice."""
    write(
        folder,
        TABLE | {"002_unique.sql": f"CREATE UNIQUE INDEX CONCURRENTLY {exists}single ON t (n);"},
    )
    target.execute("INSERT INTO t VALUES (101, 7)")
    for _ in range(2):
        with pytest.raises(ApplyError) as caught:
            target.apply(folder)
        assert caught.value.sqlstate == "23505"
        assert target.query(INDEXES) == []
    target.execute("DELETE FROM t WHERE id = 101")
    assert applied(target.apply(folder)) == ["002"]
    assert target.query(INDEXES) == [("single", True)]


def test_an_index_that_somebody_else_is_building_is_left_alone(
    target: Target, folder: Path
) -> None:
    """INVALID, but another session works at it: it is no leftover, is waited for, and then there."""
    write(folder, TABLE | {"002_build.sql": BUILDS["if not exists"]})
    waiting = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'st44-migrate'"
        " AND wait_event_type = 'Lock' AND datname = current_database()"
    )
    with ThreadPoolExecutor(2) as pool, psycopg.connect(target.url, autocommit=True) as other:
        with idle(target):
            building = pool.submit(other.execute, "CREATE INDEX CONCURRENTLY built ON t (n)")
            until(lambda: target.query(BUILDING), within=30)
            old = target.query("SELECT 'built'::regclass::oid")
            running = pool.submit(target.apply, folder)
            until(lambda: target.query(waiting), within=30)
            assert target.query(BUILDING) == [(other.info.backend_pid,)]
        building.result(30)
        assert applied(running.result(30)) == ["002"]
    assert target.query(INDEXES) == [("built", True)]
    assert target.query("SELECT 'built'::regclass::oid") == old
    assert deadlocks(target) == 0
