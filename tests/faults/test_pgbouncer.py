"""
Behind PgBouncer: transaction pooling is recognised, order is kept, nothing leaks.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from faults.pooler import Pooler, binary, pooler
from runs.holding import holding
from st44_migrate import ApplyError, ConfigError, LockTimeout, MigrateError, Report, Settings
from st44_migrate.events import PoolerFound
from st44_migrate.testing.servers import PostgresServer
from targets import LENT, POSTGRES, Target, applied, write

pytestmark = pytest.mark.skipif(
    binary() is None,
    reason="no PgBouncer here: apt-get install pgbouncer, or set ST44_PGBOUNCER to its path",
)

LOG = "CREATE TABLE log (at serial PRIMARY KEY, file integer);"
BUILD = "CREATE INDEX CONCURRENTLY built ON log (file);"
STATE = (
    "SELECT current_user, session_user, current_setting('search_path'),"
    " current_setting('lock_timeout'), current_setting('statement_timeout'),"
    " current_setting('client_connection_check_interval'), current_setting('TimeZone'),"
    " nullif(current_setting('app.tenant', true), ''), to_regclass('pg_temp.left_over'),"
    " (SELECT count(*) FROM pg_listening_channels()),"
    " (SELECT count(*) FROM pg_prepared_statements),"
    " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())"
)


@pytest.fixture(scope="module")
def transactions(postgres: PostgresServer) -> Iterator[Pooler]:
    with pooler(postgres.url, mode="transaction", size=2) as made:
        yield made


@pytest.fixture(scope="module")
def narrow(postgres: PostgresServer) -> Iterator[Pooler]:
    """
    Give a pooler with one server connection, which all clients use in turn.
    """
    with pooler(postgres.url, mode="transaction", size=1) as made:
        yield made


@pytest.fixture(params=POSTGRES)
def direct(request: pytest.FixtureRequest, pg_url: str) -> Target:
    return Target(request.param, pg_url)


def files(count: int = 8) -> dict[str, str]:
    made = {"001_log.sql": LOG}
    for number in range(2, count + 1):
        made[f"{number:03}_file.sql"] = (
            f"INSERT INTO log (file) VALUES ({number});\nCREATE TABLE t{number} (id integer);"
        )
    return made


def through(made: Pooler, direct: Target) -> Target:
    return Target(direct.kind, made.url(direct.url))


def test_it_is_recognised_and_said(transactions: Pooler, direct: Target, folder: Path) -> None:
    """One event says that a pooler is there and what follows; the files are applied."""
    behind = through(transactions, direct)
    report = behind.apply(write(folder, files(3)))
    assert applied(report) == ["001", "002", "003"]
    (found,) = behind.saw(PoolerFound)
    assert "direct URL" in found.message
    assert behind.apply(folder).skipped == 3
    direct.apply(write(folder, files(4)))
    assert direct.saw(PoolerFound) == []


def test_two_runners_apply_each_file_once(
    transactions: Pooler, direct: Target, folder: Path
) -> None:
    """Without a lock of the session the claims keep order; no lock stays on the pool's sessions."""
    write(folder, files())
    start = threading.Barrier(2)

    def run() -> Report:
        behind = through(transactions, direct)
        start.wait()
        return behind.apply(folder)

    with ThreadPoolExecutor(2) as pool:
        racing = [pool.submit(run) for _ in range(2)]
        reports = [future.result(60) for future in racing]
    labels = [f"{number:03}" for number in range(1, 9)]
    assert sorted(label for report in reports for label in applied(report)) == labels
    assert {(report.count, report.pending) for report in reports} == {(8, 0)}
    assert direct.query("SELECT file FROM log ORDER BY at") == [(n,) for n in range(2, 9)]
    assert direct.versions() == labels
    pooled = "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database()"
    assert direct.query(f"{pooled} AND pid <> pg_backend_pid()") == [(True,)]
    assert direct.query(
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND a.datname = current_database()"
    ) == [(0,)]


@pytest.mark.parametrize("ending", ["", "\nSELECT 1 / 0;"], ids=["applied", "failed"])
def test_nothing_leaks_to_other_clients(
    narrow: Pooler, direct: Target, folder: Path, ending: str
) -> None:
    """Whatever a file sets for its session, the next client of that session sees defaults."""
    role = "pg_read_all_data"
    text = (
        "CREATE SCHEMA app;\nSET search_path = app;\nSET lock_timeout = '7s';\n"
        "SET statement_timeout = '77s';\nSET TimeZone = 'Asia/Kolkata';\nSET app.tenant = '7';\n"
        "CREATE TEMPORARY TABLE left_over (id int);\nLISTEN somebody;\nPREPARE p AS SELECT 1;\n"
        f"SELECT pg_advisory_lock(7);\nSET ROLE {role};{ending}"
    )
    with psycopg.connect(narrow.url(direct.url), autocommit=True) as other:
        before = other.execute(STATE).fetchall()
        session = other.execute("SELECT pg_backend_pid()").fetchone()
        behind = through(narrow, direct)
        write(folder, {"001_set.sql": text})
        if ending:
            with pytest.raises(ApplyError, match="division by zero"):
                behind.apply(folder)
        else:
            assert applied(behind.apply(folder)) == ["001"]
        assert other.execute(STATE).fetchall() == before
        assert other.execute("SELECT pg_backend_pid()").fetchone() == session


def test_what_cannot_run_in_a_transaction_is_refused(
    transactions: Pooler, direct: Target, folder: Path
) -> None:
    """Before anything runs, with the file named, and the direct URL as the way out, which works."""
    write(folder, files(3) | {"004_build.sql": BUILD})
    with pytest.raises(MigrateError) as caught:
        through(transactions, direct).apply(folder)
    assert "004_build.sql" in caught.value.happened
    assert caught.value.unchanged == "Nothing was run."
    assert "direct URL" in caught.value.remedy
    assert "session_pooler" in caught.value.remedy
    assert direct.tables() == set()
    assert len(direct.apply(folder).applied) == 4


def test_a_runner_with_a_direct_url_is_waited_for(
    transactions: Pooler, direct: Target, folder: Path
) -> None:
    """The lock that a direct runner holds is seen from behind the pooler."""
    direct.apply(write(folder, files(2)))
    write(folder, files(3))
    behind = through(transactions, direct)
    with holding(direct), pytest.raises(LockTimeout, match="somebody"):
        behind.apply(folder, settings=Settings(lock_wait=0.3))
    assert applied(behind.apply(folder)) == ["003"]


def test_a_pooler_of_sessions_can_be_vouched_for(
    postgres: PostgresServer, direct: Target, folder: Path
) -> None:
    """session_pooler: the lock is taken and given back, and any file is accepted."""
    write(folder, files(3) | {"004_build.sql": BUILD})
    with pooler(postgres.url, mode="session", size=2) as made:
        vouched = Target(direct.kind, made.url(direct.url), Settings(session_pooler=True))
        with holding(direct), pytest.raises(LockTimeout):
            vouched.apply(folder, settings=Settings(session_pooler=True, lock_wait=0))
        assert applied(vouched.apply(folder)) == ["001", "002", "003", "004"]
        assert vouched.saw(PoolerFound) == []
        assert direct.query(
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND a.datname = current_database()"
        ) == [(0,)]
        assert vouched.apply(folder).skipped == 4


@pytest.mark.parametrize("kind", LENT)
def test_a_driver_of_single_statements_only_looks(
    kind: str, transactions: Pooler, pg_url: str, folder: Path
) -> None:
    """It plans, and finds nothing to do; it applies nothing, and leaves no trace."""
    direct = Target(kind, pg_url)
    behind = through(transactions, direct)
    write(folder, files(2))
    assert len(behind.plan(folder).pending) == 2
    with pytest.raises(ConfigError, match="one statement at a time"):
        behind.apply(folder)
    assert direct.tables() == set()
    direct.apply(folder)
    assert behind.apply(folder).skipped == 2
