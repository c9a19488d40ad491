"""
Tasks that are cancelled, at many moments and more than once: the cancellation
arrives, the server stops, nothing is half done, and a plain run completes it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite
import psycopg
import pytest

from faults.tally import FINE, Outcome, Tally, judged
from lending import lend
from runs.holding import free
from runs.wrapped import Hook, Window
from st44_migrate import AsyncMigrator, MigrateError
from st44_migrate.events import LockWaited
from targets import Target, until, write

KINDS = ("psycopg-async", "aiosqlite")
NAMES = {"psycopg-async": "PostgreSQL", "aiosqlite": "SQLite"}

BOUND = 5.0
"""Seconds in which everything has to have stopped; it takes a tenth of one."""

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;\n"
SLEEPING = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    " AND datname = current_database()"
)

ALL = ("001", "002", "003", "004")
EFFECTS = [*(("log", label) for label in ALL), *(("ledger", label) for label in ALL), ("index", 1)]


def files(target: Target) -> dict[str, str | bytes]:
    """
    Files that write into a log; on PostgreSQL one of them commits step by step.
    """
    serial = "serial" if target.is_postgres else "integer PRIMARY KEY AUTOINCREMENT"
    how = "CONCURRENTLY " if target.is_postgres else ""
    return {
        "001_log.sql": f"CREATE TABLE log (at {serial}, file text);\n"
        "INSERT INTO log (file) VALUES ('001');\n",
        "002_table.sql": "INSERT INTO log (file) VALUES ('002');\nCREATE TABLE two (id integer);\n",
        "003_index.sql": f"INSERT INTO log (file) VALUES ('003');\nCREATE INDEX {how}i ON log (file);\n",
        "004_last.sql": "INSERT INTO log (file) VALUES ('004');\n",
    }


def effects(target: Target) -> list[tuple[object, ...]]:
    """
    List what has taken effect, past the library.
    """
    index = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'i'"
    if target.is_postgres:
        index = (
            "SELECT count(*) FROM pg_index WHERE indisvalid AND indexrelid::regclass::text = 'i'"
        )
    return [
        *(("log", *row) for row in target.query("SELECT file FROM log")),
        *(("ledger", *row) for row in target.query("SELECT version FROM schema_migrations")),
        *(("index", *row) for row in target.query(index)),
    ]


def stopped(target: Target) -> bool:
    """
    Wait until nobody of ours is at work or holds a lock; say whether that came.
    """
    if not target.is_postgres:
        target.execute("BEGIN EXCLUSIVE", "ROLLBACK")
        return True
    deadline = time.monotonic() + BOUND
    while not free(target) and time.monotonic() < deadline:
        time.sleep(0.01)
    return free(target)


def finish(target: Target, folder: Path) -> Outcome:
    """
    See that everything has stopped, run as an operator would, and judge.
    """
    stuck = not stopped(target)
    try:
        target.apply(folder)
    except MigrateError:
        return Outcome(stuck=1)
    return judged(EFFECTS, effects(target), stuck=stuck)


def empty(target: Target) -> None:
    if target.is_postgres:
        target.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    else:
        Path(target.url.removeprefix("sqlite:///")).unlink(missing_ok=True)


def disturbed(
    target: Target, folder: Path, disturb: Callable[[asyncio.Task[Any]], Hook]
) -> list[str]:
    """
    Run with a hook before each exchange, which *disturb* makes for the run's
    task; list the exchanges that it saw.  What is cancelled there is sent all the
    same: the cancellation arrives while the answer is waited for.
    """
    calls: list[str] = []

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        hook = disturb(task)

        def note(text: str) -> None:
            calls.append(text)
            hook(text)

        await AsyncMigrator(Window(before=note).on(target), folder).apply()

    asyncio.run(main())
    return calls


def at(number: int, do: Callable[[], object]) -> Hook:
    """
    Make a hook that does something at one exchange, from 1.
    """
    left = number

    def hook(text: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            do()

    return hook


def once(number: int, task: asyncio.Task[Any]) -> Hook:
    return at(number, task.cancel)


def on_and_on(number: int, task: asyncio.Task[Any]) -> Hook:
    return at(number, partial(pester, task))


def pester(task: asyncio.Task[Any]) -> None:
    """
    Cancel *task* in each turn of the loop until it has ended.
    """
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_soon(pester, task)


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest) -> Target:
    """
    Give an empty database of each kind.
    """
    if request.param == "psycopg-async":
        return Target(request.param, request.getfixturevalue("pg_url"))
    return Target(request.param, f"sqlite:///{request.getfixturevalue('sqlite_path')}")


def test_cancelled_at_each_exchange(target: Target, folder: Path, tally: Tally) -> None:
    """For every exchange of a run in turn: CancelledError comes out, a plain run completes it."""
    write(folder, files(target))
    calls = disturbed(target, folder, partial(once, 0))
    assert len(calls) > len(ALL)
    outcomes = []
    for number in range(1, len(calls) + 1):
        empty(target)
        with pytest.raises(asyncio.CancelledError):
            disturbed(target, folder, partial(once, number))
        outcomes.append(finish(target, folder))
    tally.count(f"{NAMES[target.kind]}: task cancelled at each exchange", outcomes)
    assert outcomes == [FINE] * len(calls)


def test_a_timeout_in_the_middle_of_a_run(target: Target, folder: Path, tally: Tally) -> None:
    """At twelve moments that are spread over a run: TimeoutError, or the run was faster."""
    write(folder, files(target))
    began = time.monotonic()
    target.apply(folder)
    whole = time.monotonic() - began
    outcomes, late = [], 0

    async def hurried(seconds: float) -> None:
        async with asyncio.timeout(seconds):
            await AsyncMigrator(target.url, folder).apply()

    for number in range(12):
        empty(target)
        try:
            asyncio.run(hurried(whole * number / 12))
        except TimeoutError:
            late += 1
        outcomes.append(finish(target, folder))
    tally.count(f"{NAMES[target.kind]}: timeout in the middle of a run", outcomes)
    assert outcomes == [FINE] * 12
    assert late > 0


def test_cancelled_again_and_again_while_it_cleans_up(
    pg_url: str, folder: Path, tally: Tally
) -> None:
    """Further cancellations during the clean-up neither leave a lock nor hang."""
    target = Target("psycopg-async", pg_url)
    write(folder, files(target))
    calls = disturbed(target, folder, partial(once, 0))
    outcomes = []
    for number in range(1, len(calls) + 1):
        empty(target)
        with pytest.raises(asyncio.CancelledError):
            disturbed(target, folder, partial(on_and_on, number))
        outcomes.append(finish(target, folder))
    tally.count("PostgreSQL: cancelled again and again while it cleans up", outcomes)
    assert outcomes == [FINE] * len(calls)


def test_no_request_to_stop_is_given_up_for_another(
    pg_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a connection of its own: a task that is cancelled on and on must not flood the server."""
    target = Target("psycopg-async", pg_url)
    slow = {"005_slow.sql": "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n"}
    write(folder, files(target) | slow)
    asked, given_up = 0, 0
    ask = psycopg.AsyncConnection.cancel_safe

    async def watched(conn: psycopg.AsyncConnection[Any], *, timeout: float = 30.0) -> None:
        nonlocal asked, given_up
        asked += 1
        try:
            await ask(conn, timeout=timeout)
        except asyncio.CancelledError:
            given_up += 1
            raise

    monkeypatch.setattr(psycopg.AsyncConnection, "cancel_safe", watched)

    async def main() -> float:
        begun = partial(target.query, f"SELECT 1 FROM ({SLEEPING}) AS s (n) WHERE n = 1")
        apply = AsyncMigrator(pg_url, folder).apply
        return await overtaken(apply, lambda: bool(begun()), again=True)

    assert asyncio.run(main()) < BOUND
    assert asked > 0
    assert given_up == 0
    assert stopped(target)


# --- during a long statement --------------------------------------------------


async def overtaken(
    apply: Callable[[], Awaitable[object]], begun: Callable[[], bool], *, again: bool = False
) -> float:
    """
    Let a timeout end *apply* when its long statement has *begun*; returns how
    many seconds it took to come back.  With *again*, cancel on and on as well.
    """
    loop = asyncio.get_running_loop()
    moment = 0.0

    async def watch() -> None:
        nonlocal moment
        await asyncio.to_thread(until, begun)
        moment = loop.time()
        limit.reschedule(moment)
        if again:
            loop.call_soon(pester, task)

    async def limited() -> None:
        async with limit:
            await apply()

    limit = asyncio.timeout(None)
    task = asyncio.ensure_future(limited())
    watching = asyncio.ensure_future(watch())
    ended = asyncio.CancelledError if again else TimeoutError
    await asyncio.wait((task,), timeout=20)
    await watching
    assert task.done()
    with pytest.raises(ended):
        await task
    return loop.time() - moment


@pytest.mark.parametrize("again", [False, True], ids=["once", "again and again"])
@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
def test_a_timeout_ends_the_servers_statement(
    pg_url: str, folder: Path, borrowed: bool, again: bool
) -> None:
    """The query is gone from the server, the lock is free, the file rolled back."""
    target = Target("psycopg-async", pg_url)
    slow = {"005_slow.sql": "CREATE TABLE slow (id int);\nSELECT pg_sleep(60);\n"}
    write(folder, files(target) | slow)

    def begun() -> bool:
        return target.query(SLEEPING) == [(1,)]

    async def main() -> float:
        if not borrowed:
            return await overtaken(AsyncMigrator(pg_url, folder).apply, begun, again=again)
        async with await psycopg.AsyncConnection.connect(pg_url) as conn:
            seconds = await overtaken(AsyncMigrator(conn, folder).apply, begun, again=again)
            if not conn.closed:
                assert conn.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
                assert not conn.autocommit
                assert await (await conn.execute("SELECT 1")).fetchone() == (1,)
        return seconds

    assert asyncio.run(main()) < BOUND
    until(lambda: target.query(SLEEPING) == [(0,)], within=BOUND)
    assert stopped(target)
    assert judged(EFFECTS, effects(target)) == FINE
    assert target.tables() == {"log", "two"}
    write(folder, files(target) | {"005_slow.sql": "CREATE TABLE slow (id int);\n"})
    assert [done.label for done in target.apply(folder).applied] == ["005"]


@pytest.mark.parametrize("again", [False, True], ids=["once", "again and again"])
@pytest.mark.parametrize("borrowed", [False, True], ids=["own", "borrowed"])
def test_a_timeout_ends_sqlites_statement(
    sqlite_path: Path, folder: Path, borrowed: bool, again: bool
) -> None:
    """SQLite stops, the file is rolled back, a borrowed connection is as it was."""
    target = Target("aiosqlite", f"sqlite:///{sqlite_path}")
    target.apply(write(folder, files(target)))
    write(folder, files(target) | {"005_slow.sql": f"CREATE TABLE slow (id int);\n{ENDLESS}"})
    journal = sqlite_path.with_name(f"{sqlite_path.name}-journal")

    async def own() -> float:
        apply = AsyncMigrator(target.url, folder).apply
        return await overtaken(apply, journal.exists, again=again)

    async def lent_out(conn: aiosqlite.Connection) -> float:
        return await overtaken(AsyncMigrator(conn, folder).apply, journal.exists, again=again)

    if borrowed:
        with lend("aiosqlite", sqlite_path) as lent:
            assert lent.loop is not None
            before = lent.state()
            assert lent.loop.run(lent_out(lent.conn)) < BOUND
            assert lent.state() == before
            assert lent.execute("SELECT count(*) FROM log") == [(4,)]
    else:
        assert asyncio.run(own()) < BOUND
    assert stopped(target)
    assert judged(EFFECTS, effects(target)) == FINE
    assert target.tables() - {"sqlite_sequence"} == {"log", "two"}
    write(folder, files(target) | {"005_slow.sql": "CREATE TABLE slow (id int);\n"})
    assert [done.label for done in target.apply(folder).applied] == ["005"]


def test_a_cancelled_wait_for_another_writer_leaves_nothing(
    sqlite_path: Path, folder: Path
) -> None:
    """Cancelling while another connection writes ends at once, and disturbs it not."""
    target = Target("aiosqlite", f"sqlite:///{sqlite_path}")
    write(folder, files(target))
    with lend("sqlite3", sqlite_path, isolation_level=None) as other:
        other.execute("CREATE TABLE theirs (id int)")
        other.execute("BEGIN IMMEDIATE")

        async def main() -> float:
            apply = AsyncMigrator(target.url, folder, observer=target.events.append).apply
            return await overtaken(apply, lambda: bool(target.saw(LockWaited)))

        assert asyncio.run(main()) < BOUND
        other.execute("INSERT INTO theirs VALUES (1)")
        other.execute("COMMIT")
    assert target.query("SELECT count(*) FROM theirs") == [(1,)]
    assert finish(target, folder) == FINE
