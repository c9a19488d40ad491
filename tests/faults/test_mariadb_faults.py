"""
MariaDB under attack: races, killed runners, sessions that end, locks that are taken.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from faults.processes import runner
from mariadb_server import MariaDBServer, connect
from st44_migrate import ApplyError, LedgerName, LockTimeout, Settings, migrate_async
from st44_migrate._bridge import lift_driver
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import DriverError
from st44_migrate.events import LockWaited, MigrationRetried
from st44_migrate.locks import lock_key
from targets import MARIADB, Target, applied, until, write

LOG = "CREATE TABLE log (at int PRIMARY KEY AUTO_INCREMENT, file int);"


@pytest.fixture(params=MARIADB)
def maria(request: pytest.FixtureRequest, mariadb_url: str) -> Target:
    """
    Give an empty MariaDB database, once for each colour.
    """
    return Target(request.param, mariadb_url)


@contextmanager
def session(target: Target, *statements: str) -> Iterator[Any]:
    """
    Hold a session of somebody else, which has executed *statements*.
    """
    with closing(connect(target.url)) as conn, conn.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
        yield cursor


def doing(target: Target, text: str) -> int | None:
    """
    Find the session that executes what begins with *text*.
    """
    rows = target.query(
        "SELECT id FROM information_schema.processlist"
        f" WHERE db = DATABASE() AND info LIKE '{text}%' AND id <> CONNECTION_ID()"
    )
    return rows[0][0] if rows else None


def lock_of(target: Target) -> str:
    """
    Name the runners' lock of a database.
    """
    ((name,),) = target.query("SELECT DATABASE()")
    return f"st44-migrate:{lock_key(LedgerName('schema_migrations'), name)}"


def test_runners_at_once_apply_each_file_once(maria: Target, folder: Path) -> None:
    """Four processes: one log, one ledger, in order, and all of them end well."""
    files = {"001_log.sql": LOG}
    for number in range(2, 8):
        ddl = f"\nCREATE TABLE t{number} (id int);" if number % 2 else ""
        files[f"{number:03}_file.sql"] = f"INSERT INTO log (file) VALUES ({number});{ddl}"
    write(folder, files)
    starting = [runner(maria.url, folder, maria.kind) for _ in range(4)]
    runners = [context.__enter__() for context in starting]
    try:
        for one in runners:
            one.ready()
        for one in runners:
            one.go()
        ends = [one.end() for one in runners]
    finally:
        for context in starting:
            context.__exit__(None, None, None)
    assert {(end.code, end.count, end.pending) for end in ends} == {(0, 7, 0)}, ends
    labels = [f"{number:03}" for number in range(1, 8)]
    assert sorted(label for end in ends for label in end.applied) == labels
    assert maria.query("SELECT file FROM log ORDER BY at") == [(n,) for n in range(2, 8)]


def test_the_lock_is_waited_for_and_its_holder_named(maria: Target, folder: Path) -> None:
    """Somebody else works: nothing is run, and it is said who."""
    write(folder, {"001_log.sql": LOG})
    with session(maria, f"SELECT GET_LOCK('{lock_of(maria)}', 0)") as other:
        other.execute("SELECT CONNECTION_ID()")
        ((pid,),) = other.fetchall()
        with pytest.raises(LockTimeout, match=rf"pid {pid} \(as root\)"):
            maria.apply(folder, settings=Settings(lock_wait=0.2))
        assert maria.saw(LockWaited)
        assert maria.tables() == set()
    assert applied(maria.apply(folder)) == ["001"]


def test_a_runner_killed_in_a_ddl_statement(maria: Target, folder: Path) -> None:
    """What the server made of it is found by looking, and the file is finished, once."""
    maria.execute("CREATE TABLE old (id int) ENGINE=InnoDB")
    text = f"{LOG}\nINSERT INTO log (file) VALUES (1);\nDROP TABLE old;\nINSERT INTO log (file) VALUES (2);"
    write(folder, {"001_a.sql": text})
    with session(maria, "BEGIN", "SELECT * FROM old") as other:
        with runner(maria.url, folder, maria.kind) as killed:
            killed.ready()
            killed.go()
            until(lambda: doing(maria, "DROP TABLE old"))
            assert killed.kill() == -9
        other.execute("COMMIT")
    assert applied(maria.apply(folder)) == ["001"]
    assert maria.query("SELECT file FROM log ORDER BY at") == [(1,), (2,)]
    assert maria.tables() == {"log"}


def test_a_runner_killed_in_a_transaction(maria: Target, folder: Path) -> None:
    """Nothing of the file stays, and the next run does all of it."""
    slow = (
        "INSERT INTO log (file) VALUES (1);\nSELECT SLEEP(60);\nINSERT INTO log (file) VALUES (2);"
    )
    write(folder, {"001_log.sql": LOG, "002_slow.sql": slow})
    with runner(maria.url, folder, maria.kind) as killed:
        killed.ready()
        killed.go()
        working = until(lambda: doing(maria, "SELECT SLEEP"))
        assert killed.kill() == -9
    maria.execute(f"KILL {working}")
    write(folder, {"001_log.sql": LOG, "002_slow.sql": slow.replace("60", "0")})
    assert applied(maria.apply(folder)) == ["002"]
    assert maria.query("SELECT file FROM log ORDER BY at") == [(1,), (2,)]


def test_a_session_that_ends_in_a_transaction(maria: Target, folder: Path) -> None:
    """The run looks in a new session, and says that the file was rolled back."""
    slow = "INSERT INTO log (file) VALUES (1);\nDO SLEEP(60);"
    write(folder, {"001_log.sql": LOG, "002_slow.sql": slow})

    def end() -> None:
        working = until(lambda: doing(maria, "DO SLEEP"), within=30)
        maria.execute(f"KILL CONNECTION {working}")

    killer = threading.Thread(target=end)
    killer.start()
    try:
        with pytest.raises(ApplyError) as caught:
            maria.apply(folder)
    finally:
        killer.join()
    assert "the ledger was read again since" in caught.value.unchanged
    assert "002_slow.sql was rolled back whole" in caught.value.unchanged
    assert maria.query("SELECT * FROM log") == []
    assert maria.versions() == ["001"]


def test_a_row_lock_is_tried_again(maria: Target, folder: Path) -> None:
    """A file of data waits for a short time only, and is run again whole."""
    maria.execute(LOG, "INSERT INTO log VALUES (1, 1)")
    write(folder, {"001_a.sql": "INSERT INTO log (file) VALUES (2);\nUPDATE log SET file = 3;"})
    released = threading.Event()
    with session(maria, "BEGIN", "SELECT * FROM log FOR UPDATE") as other:

        def observe(event: Any) -> None:
            maria.events.append(event)
            if isinstance(event, MigrationRetried) and not released.is_set():
                released.set()
                other.execute("COMMIT")

        report = maria.apply(folder, observer=observe, settings=Settings(lock_timeout=1))
    assert applied(report) == ["001"]
    assert released.is_set()
    assert maria.query("SELECT file FROM log") == [(3,), (3,)]


def test_a_cancelled_run_leaves_no_lock(mariadb_url: str, folder: Path) -> None:
    """The server's statement is stopped too, and the next run goes on."""
    target = Target("aiomysql", mariadb_url)
    slow = "SELECT count(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b;"
    write(folder, {"001_log.sql": LOG, "002_slow.sql": f"INSERT INTO log VALUES (1, 1);\n{slow}"})

    async def check() -> None:
        task = asyncio.ensure_future(migrate_async(mariadb_url, folder))
        await asyncio.to_thread(until, lambda: doing(target, "SELECT count"))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 30)

    asyncio.run(check())
    assert doing(target, "SELECT count") is None
    write(folder, {"001_log.sql": LOG, "002_slow.sql": "INSERT INTO log VALUES (1, 1);"})
    assert applied(target.apply(folder)) == ["002"]


@contextmanager
def silent(pid: int) -> Iterator[None]:
    """
    Have the server say nothing for the time of the block.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        # Each of its threads stops when its turn comes.
        states = [task / "stat" for task in Path(f"/proc/{pid}/task").iterdir()]
        until(lambda: all(") T " in state.read_text() for state in states))
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_silent_server_does_not_hold_a_look_up(mariadb: MariaDBServer, mariadb_url: str) -> None:
    """A session of ours is ended where *within* is over and nobody answers."""
    conn = driver_for(mariadb_url).connect(timeout=10, readonly=True, notice=print)
    with silent(mariadb.pid), pytest.raises(DriverError) as caught:
        conn.fetch("SELECT 1", within=0.2)
    assert caught.value.lost
    conn.close()


def test_a_silent_server_does_not_hold_a_task(mariadb: MariaDBServer, mariadb_url: str) -> None:
    """The same in an event loop."""

    async def check() -> None:
        conn = await async_driver_for(mariadb_url).connect(timeout=10, readonly=True, notice=print)
        with silent(mariadb.pid):
            with pytest.raises(DriverError):
                await conn.fetch("SELECT 1", within=0.2)
            with pytest.raises(DriverError) as caught:
                await conn.fetch("SELECT 1", within=0.2)
            assert caught.value.lost
        await conn.close()

    asyncio.run(check())


def test_a_slow_query_is_stopped_in_time(maria: Target) -> None:
    """The server answers: the session goes on."""
    slow = "SELECT count(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b"

    async def check() -> None:
        driver = (
            async_driver_for(maria.url) if maria.is_async else lift_driver(driver_for(maria.url))
        )
        conn = await driver.connect(timeout=10, readonly=True, notice=print)
        with pytest.raises(DriverError) as caught:
            await conn.fetch(slow, within=0.2)
        assert not caught.value.lost
        assert list(await conn.fetch("SELECT 1")) == [(1,)]
        await conn.close()

    asyncio.run(check())
