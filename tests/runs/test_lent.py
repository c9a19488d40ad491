"""
Runs on what an application has open with asyncpg or psycopg2, which is not ours to
open: it comes back as it was, and when it is lost nobody can look.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg2
import pytest
from psycopg2.pool import ThreadedConnectionPool

from cutting import cutting
from runs.conftest import empty, target_of
from runs.holding import free
from runs.test_borrowed import FIRST, OUTCOMES, SETUPS, STATE, changes
from runs.wrapped import Window
from st44_migrate import (
    ApplyError,
    AsyncHealthProbe,
    AsyncMigrator,
    ConfigError,
    HealthProbe,
    Memory,
    Migrator,
    Settings,
)
from targets import LENT, Target, applied, until, write

KILLED = {"001_a.sql": "CREATE TABLE a (id int);\nSELECT pg_terminate_backend(pg_backend_pid());"}
ASLEEP = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    " AND datname = current_database()"
)


SOME, SOME_ASYNC = Target("psycopg2", ""), Target("asyncpg", "")
"""Of one colour and the other."""


class Blocking:
    """
    A connection or pool of psycopg2, and how its owner uses it.
    """

    def __init__(self, url: str, *, pool: bool) -> None:
        self.lent: Any = psycopg2.connect(url)
        self.close: Callable[[], None] = self.lent.close
        if pool:
            self.close()
            self.lent = ThreadedConnectionPool(1, 1, url)
            self.close = self.lent.closeall

    def ask(self, sql: str) -> list[Any]:
        with self.lent.cursor() as cursor:
            cursor.execute(sql)
            rows = cursor.fetchall() if cursor.description else []
        self.lent.commit()
        return rows

    def apply(self, folder: Path, window: Window | None = None, **choices: Any) -> Any:
        given = window.on(SOME, self.lent) if window else self.lent
        return Migrator(given, folder, **choices).apply()

    def state(self) -> object:
        return self.lent.closed, self.lent.autocommit, self.lent.info.transaction_status

    def probe(self, files: dict[str, str]) -> Any:
        return HealthProbe(self.lent, Memory(files)).check()


class Asyncio:
    """
    A connection or pool of asyncpg, in a loop of its own.
    """

    def __init__(self, url: str, *, pool: bool) -> None:
        self._loop = asyncio.Runner()
        self.lent: Any = self._loop.run(self._open(url, pool=pool))

    @staticmethod
    async def _open(url: str, *, pool: bool) -> Any:
        # Without a cache: what it holds would be this test's, not the run's.
        if pool:
            return await asyncpg.create_pool(url, min_size=1, max_size=1, statement_cache_size=0)
        return await asyncpg.connect(url, statement_cache_size=0)

    def close(self) -> None:
        self._loop.run(self.lent.close())
        self._loop.close()

    def ask(self, sql: str) -> list[Any]:
        return [tuple(row) for row in self._loop.run(self.lent.fetch(sql))]

    def apply(self, folder: Path, window: Window | None = None, **choices: Any) -> Any:
        given = window.on(SOME_ASYNC, self.lent) if window else self.lent

        async def run() -> Any:
            return await AsyncMigrator(given, folder, **choices).apply()

        return self._loop.run(run())

    def state(self) -> object:
        return self.lent.is_closed(), self.lent.is_in_transaction(), self.lent._log_listeners

    def probe(self, files: dict[str, str]) -> Any:
        async def run() -> Any:
            return await AsyncHealthProbe(self.lent, Memory(files)).check()

        return self._loop.run(run())


@contextmanager
def lending(target: Target, *, pool: bool = False) -> Iterator[Any]:
    """
    Open what the application has.
    """
    app = (Asyncio if target.is_async else Blocking)(target.url, pool=pool)
    try:
        yield app
    finally:
        app.close()


@pytest.fixture(params=LENT)
def target(request: pytest.FixtureRequest) -> Target:
    return target_of(request.param, request)


@pytest.mark.parametrize("setup", SETUPS)
def test_a_connection_comes_back_as_it_was(target: Target, folder: Path, setup: str) -> None:
    """Whatever the files do, and however they end, the caller finds the session as it was."""
    wrong = {}
    for outcome, files in OUTCOMES.items():
        empty(target).apply(write(folder, FIRST))
        target.execute(
            "ALTER TABLE first OWNER TO pg_database_owner",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_database_owner",
            "GRANT ALL ON SCHEMA public TO pg_database_owner",
        )
        write(folder, FIRST | files)
        with lending(target) as app:
            for sql in SETUPS[setup]:
                app.ask(sql)
            flags, before = app.state(), {name: app.ask(sql) for name, sql in STATE.items()}
            if outcome.startswith("failing"):
                with pytest.raises(ApplyError):
                    app.apply(folder)
            else:
                app.apply(folder)
            assert app.state() == flags
            wrong[outcome] = changes(before, {name: app.ask(sql) for name, sql in STATE.items()})
    assert wrong == {outcome: {} for outcome in OUTCOMES}


def test_a_connection_that_is_lost_leaves_a_plain_answer(target: Target, folder: Path) -> None:
    """It cannot be opened anew, so nobody has looked: nothing is claimed."""
    with lending(target) as app, pytest.raises(ApplyError) as caught:
        app.apply(write(folder, KILLED))
    assert "001_a.sql" in caught.value.happened
    assert "is not known yet" in caught.value.unchanged
    assert target.tables() == set()


def test_a_pool_gives_another_one_to_look_with(target: Target, folder: Path) -> None:
    """A session that a pool has lost is replaced: the file is looked up."""
    files = {"001_a.sql": "CREATE TABLE b (id int);", "002_a.sql": KILLED["001_a.sql"]}
    with lending(target, pool=True) as app:
        with pytest.raises(ApplyError) as caught:
            app.apply(write(folder, files))
        assert "002_a.sql was rolled back whole" in caught.value.unchanged
        assert applied(app.apply(write(folder, {**files, "002_a.sql": "SELECT 1;"}))) == ["002"]


@pytest.mark.parametrize("deliver", [True, False], ids=["swallowed", "lost"])
@pytest.mark.parametrize("pool", [False, True], ids=["connection", "pool"])
def test_a_commit_without_an_answer_is_no_success_and_no_failure(
    target: Target, folder: Path, *, pool: bool, deliver: bool
) -> None:
    """Whoever can connect again looks; else it is not known. A plain run completes it."""
    if "host=/" not in target.url:
        pytest.skip("the proxy speaks to a unix socket; this server has none")
    files = FIRST | {"002_b.sql": "CREATE TABLE b (id int);"}
    target.apply(write(folder, FIRST))
    write(folder, files)
    with (
        cutting(target.url, b"COMMIT\0", deliver=deliver) as proxy,
        lending(Target(target.kind, proxy.url), pool=pool) as app,
    ):
        if pool and deliver:
            assert applied(app.apply(folder)) == ["002"]
        else:
            with pytest.raises(ApplyError) as caught:
                app.apply(folder)
            known = "002_b.sql was rolled back whole" if pool else "is not known yet"
            assert known in caught.value.unchanged
        assert proxy.cuts == 1
    until(lambda: target.versions() == (["001", "002"] if deliver else ["001"]))
    assert target.apply(folder).count == 2
    assert target.tables() == {"first", "b"}


def test_a_pool_is_watched(target: Target, folder: Path) -> None:
    """The probe checks a connection out, and gives it back each time."""
    files = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}
    with lending(target, pool=True) as app:
        assert [app.probe(files).status.value for _ in range(2)] == ["degraded"] * 2
        app.apply(write(folder, files))
        assert [app.probe(files).status.value for _ in range(2)] == ["healthy"] * 2


def test_many_files_go_with_one_preparation(target: Target, folder: Path) -> None:
    """What is prepared for them is gone afterwards; each took effect once."""
    count = 20
    files = {f"{n:03}_t.sql": f"CREATE TABLE t{n} (id int);" for n in range(1, count + 1)}
    with lending(target) as app:
        report = app.apply(write(folder, files))
        assert len(report.applied) == len(target.tables()) == count
        assert all(done.duration_ms is not None for done in report.applied)
        assert app.ask("SELECT name FROM pg_prepared_statements") == []


def test_a_pooler_of_transactions_is_refused(target: Target, folder: Path) -> None:
    """Each statement might reach another session: nothing is run, unless the sessions are whole."""
    write(folder, FIRST)
    with lending(target) as app:
        pooled = Window(pooled=True)
        with pytest.raises(ConfigError, match="one statement at a time") as caught:
            app.apply(folder, pooled)
        assert "Nothing was run." in str(caught.value)
        assert target.tables() == set()
        vouched = Settings(session_pooler=True)
        assert applied(app.apply(folder, pooled, settings=vouched)) == ["001"]


def test_ctrl_c_is_heard_in_the_middle_of_a_statement(pg_url: str, folder: Path) -> None:
    """psycopg2 waits in C: its caller does not."""
    target = Target("psycopg2", pg_url)
    write(folder, FIRST | {"002_b.sql": "CREATE TABLE b (id int);\nSELECT pg_sleep(60);"})

    def press() -> None:
        until(lambda: target.query(ASLEEP) == [(1,)])
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with closing(psycopg2.connect(pg_url)) as conn:
            with pytest.raises(KeyboardInterrupt):
                Migrator(conn, folder).apply()
            assert target.query(ASLEEP) == [(0,)]
            assert target.tables() == {"first"}
            assert free(target)
            write(folder, FIRST | {"002_b.sql": "CREATE TABLE b (id int);"})
            assert applied(Migrator(conn, folder).apply()) == ["002"]
    finally:
        pressing.join()
        signal.signal(signal.SIGINT, before)


def test_a_cancelled_run_stops_the_server(pg_url: str, folder: Path) -> None:
    """asyncpg: the file is rolled back, the lock is free, the connection of use."""
    target = Target("asyncpg", pg_url)
    write(folder, FIRST | {"002_b.sql": "CREATE TABLE b (id int);\nSELECT pg_sleep(60);"})

    async def check() -> None:
        conn: Any = await asyncpg.connect(pg_url)
        task = asyncio.ensure_future(AsyncMigrator(conn, folder).apply())
        while await asyncio.to_thread(target.query, ASLEEP) != [(1,)]:
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert target.query(ASLEEP) == [(0,)]
        assert target.tables() == {"first"}
        assert free(target)
        write(folder, FIRST | {"002_b.sql": "CREATE TABLE b (id int);"})
        assert applied(await AsyncMigrator(conn, folder).apply()) == ["002"]
        await conn.close()

    asyncio.run(check())
