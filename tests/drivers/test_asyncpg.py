"""
What is asyncpg's own: statements one by one, the caller's connection and pool.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import psycopg
import pytest

from drivers.attempts import quiet
from st44_migrate.drivers.asyncpg import AsyncpgConnection
from st44_migrate.drivers.url import async_driver_for
from st44_migrate.errors import ConfigError, DatabaseUnavailable, DriverError

Check = Callable[[AsyncpgConnection, Any], Awaitable[None]]


async def connect(database: object) -> AsyncpgConnection:
    conn = await async_driver_for(database).connect(timeout=5, readonly=False, notice=quiet)
    assert isinstance(conn, AsyncpgConnection)
    return conn


@asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[tuple[Any, AsyncpgConnection]]:
    """
    Give a connection of asyncpg, and the session that has borrowed it.
    """
    raw = await asyncpg.connect(url, **options)
    try:
        session = await connect(raw)
        yield raw, session
        await session.close()
    finally:
        await raw.close()


async def failure(session: AsyncpgConnection, *statements: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        await session.run(statements)
    return caught.value


async def until_asleep(watcher: psycopg.AsyncConnection, session: AsyncpgConnection) -> None:
    asleep = f"SELECT 1 FROM pg_stat_activity WHERE pid = {session.backend_pid}"
    while not await (
        await watcher.execute(f"{asleep} AND wait_event = 'PgSleep'".encode())
    ).fetchall():
        pass


# --- what an error carries ----------------------------------------------------


def test_everything_the_server_says_is_kept(pg_url: str) -> None:
    """Place, detail, hint, constraint, context: whatever there is."""

    async def check() -> None:
        async with opened(pg_url) as (_, conn):
            error = await failure(conn, "BEGIN", "SELECT 'ü'", "SELECT nosuch", "COMMIT")
            assert (error.index, error.offset, error.sqlstate) == (2, 7, "42703")
            await conn.run(["ROLLBACK"])
            await conn.run(["CREATE TABLE t (id int CONSTRAINT small CHECK (id < 5))"])
            error = await failure(conn, "INSERT INTO t VALUES (9)")
            assert (error.index, error.offset, error.constraint) == (0, None, "small")
            assert error.detail == "Failing row contains (9)."
            body = "RAISE 'no\nway' USING HINT = 'try', ERRCODE = 'ST440'"
            error = await failure(conn, f"DO $$ BEGIN {body}; END $$")
            assert (error.message, error.hint, error.sqlstate) == ("no way", "try", "ST440")
            assert "inline_code_block line 1" in (error.context or "")
            error = await failure(conn, "SELECT 1", "DO $$ BEGIN EXECUTE 'SELECT nosuch'; END $$")
            assert (error.index, error.offset) == (1, None)
            assert (error.internal_query, error.internal_offset) == ("SELECT nosuch", 7)

    asyncio.run(check())


def test_a_statement_of_nothing_is_not_taken_for_done(pg_url: str) -> None:
    """asyncpg stumbles over an answer without a tag; the session goes on."""

    async def check() -> None:
        async with opened(pg_url) as (_, conn):
            error = await failure(conn, "SELECT 1", "/* nothing */")
            assert (error.index, error.lost) == (1, False)
            assert "is empty" in error.message
            assert await conn.fetch("SELECT 1") == [(1,)]

    asyncio.run(check())


@pytest.mark.parametrize(
    "statement",
    [
        "COPY t FROM STDIN",
        "/* a; */ copy t (a)\n-- b\nFROM /* c */ stdin WITH (FORMAT csv)",
        'COPY "public"."t" from stdin',
        """COPY "it's" /* it's */ FROM STDIN""",
    ],
)
def test_copying_in_does_not_hang(pg_url: str, statement: str) -> None:
    """asyncpg would wait for the server, which waits for data: it is not sent."""

    async def check() -> None:
        async with opened(pg_url) as (_, conn):
            await conn.run(["CREATE TABLE t (a int)"])
            error = await failure(conn, "SELECT 1", statement, "SELECT 2")
            assert (error.index, error.lost) == (1, False)
            assert "no data on its standard input" in error.message
            assert await conn.fetch("SELECT 1") == [(1,)]

    asyncio.run(check())


def test_copying_out_is_dropped(pg_url: str) -> None:
    """As a query's rows are; a path or a text that only looks like STDIN is none."""

    async def check() -> None:
        async with opened(pg_url) as (_, conn):
            big = "COPY (SELECT repeat('x', 999) FROM generate_series(1, 9999)) TO STDOUT"
            assert list(await conn.run([big, "SELECT 1"])) == ["COPY 9999", "SELECT 1"]
            await conn.run(["COPY (SELECT ' from stdin ') TO STDOUT", "CREATE TABLE t (a int)"])
            error = await failure(conn, "COPY t FROM '/nowhere/from stdin'")
            assert "No such file" in error.message

    asyncio.run(check())


def test_characters_that_cannot_be_sent_have_their_place(pg_url: str) -> None:
    """asyncpg would end the session over them, and write UTF-8 where other is expected."""

    async def check() -> None:
        async with opened(pg_url) as (_, conn):
            error = await failure(conn, "BEGIN", "SELECT 'a\0b'", "COMMIT")
            assert (error.index, error.offset) == (1, 9)
            error = await failure(conn, "ROLLBACK", "SELECT '\ud800'")
            assert (error.index, error.offset) == (1, 8)
            await conn.run(["SET client_encoding = LATIN1", "SELECT 'plain'"])
            error = await failure(conn, "SELECT 'é'")
            assert "LATIN1" in error.message
            await conn.run(["RESET client_encoding", "SELECT 'é'"])

    asyncio.run(check())


# --- values -------------------------------------------------------------------


def test_only_plain_values_are_read(pg_url: str) -> None:
    """Types of the file's own are not asked about: the rows are dropped unseen."""
    heard: list[tuple[str, Any]] = []
    statements = [
        "CREATE TYPE colour AS ENUM ('red')",
        "CREATE TABLE t (id bigint, c colour)",
        "INSERT INTO t VALUES (1, 'red') RETURNING id",
        "INSERT INTO t VALUES (2, 'red') -- returning nothing",
        "SELECT c FROM t",
        "SELECT '294276-12-31'::timestamp",
        "PREPARE p AS SELECT 7",
        "EXECUTE p",
        "WITH gone AS (DELETE FROM t RETURNING 1) SELECT count(*) FROM gone",
        "SELECT 1 INTO other",
    ]

    async def check() -> None:
        async with opened(pg_url) as (raw, conn):
            await conn.run(statements, lambda tag, value: heard.append((tag, value)))
            assert [value for _, value in heard] == [None, None, 1, *[None] * 4, 7, 2, None]
            assert [tag.split()[0] for tag, _ in heard][-3:] == ["SELECT"] * 3
            assert [row[0] for row in await raw.fetch("SELECT name FROM pg_prepared_statements")][
                :1
            ] == ["p"]

    asyncio.run(check())


def test_nothing_is_prepared_in_the_callers_session(pg_url: str) -> None:
    """Nor is a snapshot held: CREATE INDEX CONCURRENTLY would wait for it."""

    async def check() -> None:
        async with (
            opened(pg_url) as (_, conn),
            await psycopg.AsyncConnection.connect(pg_url) as watcher,
        ):
            await conn.run(["BEGIN"])
            for _ in range(10):
                await conn.fetch("SELECT '100%'")
                await conn.fetch("SELECT '100%'", within=5)
            held = "SELECT state, backend_xmin FROM pg_stat_activity WHERE pid = %s"
            found = await watcher.execute(held, [conn.backend_pid])
            assert await found.fetchone() == ("idle in transaction", None)
            await conn.run(["ROLLBACK"])
            assert await conn.fetch("SELECT count(*) FROM pg_prepared_statements") == [(0,)]

    asyncio.run(check())


def test_a_query_has_its_time_only(pg_url: str) -> None:
    """The server gives up in time, and the session is as it was."""

    async def check() -> None:
        async with opened(pg_url) as (raw, conn):
            with pytest.raises(DriverError) as caught:
                await conn.fetch("SELECT pg_sleep(60)", within=0.2)
            assert (caught.value.sqlstate, caught.value.lost) == ("57014", False)
            assert not raw.is_in_transaction()
            assert await conn.fetch("SHOW statement_timeout", within=5) == [("4250ms",)]
            assert await conn.fetch("SHOW statement_timeout") == [("0",)]

    asyncio.run(check())


def test_the_callers_own_limit_does_not_stop_a_migration(pg_url: str) -> None:
    """A command_timeout is for the application's queries: asyncpg would not say what became of it."""

    async def check() -> None:
        async with opened(pg_url, command_timeout=0.05) as (_, conn):
            assert list(await conn.run(["SELECT pg_sleep(0.3)"])) == ["SELECT 1"]
            await conn.fetch("SELECT pg_sleep(0.3)")

    asyncio.run(check())


# --- a session that ends, and a task that is cancelled ------------------------


def test_a_terminated_backend_is_a_lost_session(pg_url: str) -> None:
    """The statement that ran is known, and so is that nothing more can be said."""

    async def check() -> None:
        async with opened(pg_url) as (raw, conn):
            end = "SELECT pg_terminate_backend(pg_backend_pid())"
            error = await failure(conn, "SELECT 1", end, "SELECT 2")
            assert (error.index, error.lost) == (1, True)
            assert (await failure(conn, "SELECT 1")).lost
            with pytest.raises(DriverError) as caught:
                await conn.fetch("SELECT 1")
            assert caught.value.lost
            await conn.cancel()
            await conn.close()
            assert raw.is_closed()

    asyncio.run(check())


def test_a_cut_connection_is_lost(pg_url: str) -> None:
    """No answer at all: the statement on its way is named."""

    async def check() -> None:
        async with (
            opened(pg_url) as (raw, conn),
            await psycopg.AsyncConnection.connect(pg_url, autocommit=True) as watcher,
        ):
            task = asyncio.ensure_future(failure(conn, "SELECT 1", "SELECT pg_sleep(60)"))
            await until_asleep(watcher, conn)
            line = raw._transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(line.fileno())) as cut:
                cut.shutdown(socket.SHUT_RDWR)
            error = await task
            assert (error.index, error.lost) == (1, True)

    asyncio.run(check())


@pytest.mark.parametrize("within", [None, 50.0])
def test_a_cancelled_task_frees_its_locks(pg_url: str, within: float | None) -> None:
    """The server's query is gone when the cancellation arrives, and the session lives."""

    async def check() -> None:
        async with (
            opened(pg_url) as (raw, conn),
            await psycopg.AsyncConnection.connect(pg_url, autocommit=True) as watcher,
        ):
            running = conn.run(["BEGIN", "SELECT pg_sleep(60)", "COMMIT"])
            asking = conn.fetch("SELECT pg_sleep(60)", within=within)
            for work in (running, asking):
                task = asyncio.ensure_future(work)
                await until_asleep(watcher, conn)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                if raw.is_in_transaction():
                    await conn.run(["ROLLBACK"])
                assert await conn.fetch("SELECT 1") == [(1,)]

    asyncio.run(check())


def test_a_server_that_does_not_stop_loses_the_session(
    pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled task does not wait for ever: its session is ended, and with it the query."""
    monkeypatch.setattr("st44_migrate.drivers._pgasyncsession.CANCEL_TIMEOUT", 0.2)

    async def deaf(_conn: object) -> None:
        """Ask nobody."""

    monkeypatch.setattr("st44_migrate.drivers._pgasyncsession.ask_to_stop", deaf)

    async def check() -> None:
        async with (
            opened(pg_url) as (raw, conn),
            await psycopg.AsyncConnection.connect(pg_url, autocommit=True) as watcher,
        ):
            task = asyncio.ensure_future(conn.run(["SELECT pg_sleep(60)"]))
            await until_asleep(watcher, conn)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert raw.is_closed()

    asyncio.run(check())


# --- the caller's connection --------------------------------------------------


def test_a_borrowed_connection_must_be_idle(pg_url: str) -> None:
    """In a transaction, busy, or closed: refused in words, and left alone."""

    async def check() -> None:
        raw: Any = await asyncpg.connect(pg_url)
        assert async_driver_for(raw).describe().startswith("postgresql://")
        transaction = raw.transaction()
        await transaction.start()
        with pytest.raises(ConfigError, match="inside a transaction"):
            await connect(raw)
        assert raw.is_in_transaction()
        await transaction.rollback()
        busy = asyncio.ensure_future(raw.execute("SELECT pg_sleep(0.5)"))
        await asyncio.sleep(0)
        with pytest.raises(ConfigError, match="busy with another statement"):
            await connect(raw)
        await busy
        await raw.close()
        with pytest.raises(ConfigError, match="is closed"):
            await connect(raw)

    asyncio.run(check())


def test_a_listener_of_the_callers_stays(pg_url: str) -> None:
    """Ours goes with the session, theirs hears everything."""
    heard: list[Any] = []
    told: list[Any] = []
    say = "DO $$ BEGIN RAISE NOTICE 'hello'; END $$"

    async def check() -> None:
        raw: Any = await asyncpg.connect(pg_url)
        raw.add_log_listener(theirs := lambda _conn, message: heard.append(message.message))
        session = await async_driver_for(raw).connect(
            timeout=5, readonly=False, notice=lambda *said: told.append(said)
        )
        await session.run([say])
        await session.close()
        await raw.execute(say)
        raw.remove_log_listener(theirs)
        await raw.close()

    asyncio.run(check())
    assert heard == ["hello", "hello"]
    assert told == [("NOTICE", "hello", None, None)]


def test_what_the_caller_has_cached_does_not_go_stale(pg_url: str) -> None:
    """A query of the application, planned before the migration, works after it."""

    async def check() -> None:
        raw: Any = await asyncpg.connect(pg_url)
        await raw.execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        assert [dict(row) for row in await raw.fetch("SELECT * FROM t")] == [{"a": 1}]
        session = await connect(raw)
        await session.run(["ALTER TABLE t ADD COLUMN b int"])
        await session.close()
        async with raw.transaction():
            rows = await raw.fetch("SELECT * FROM t")
        assert [dict(row) for row in rows] == [{"a": 1, "b": None}]
        await raw.close()

    asyncio.run(check())


# --- pools --------------------------------------------------------------------


def test_a_pool_that_gives_nothing_is_unavailable(pg_url: str) -> None:
    """All connections are in use: worth waiting for, and none is lost."""

    async def check() -> None:
        async with asyncpg.create_pool(pg_url, min_size=1, max_size=1) as pool:
            driver = async_driver_for(pool)
            async with pool.acquire():
                with pytest.raises(DatabaseUnavailable, match="no connection in time") as caught:
                    await driver.connect(timeout=0.05, readonly=False, notice=quiet)
            assert caught.value.transient
            await (await driver.connect(timeout=5, readonly=False, notice=quiet)).close()
        with pytest.raises(ConfigError, match="gives no connection"):
            await driver.connect(timeout=5, readonly=False, notice=quiet)
        with pytest.raises(ConfigError, match="not initialized"):
            await connect(asyncpg.create_pool(pg_url))

    asyncio.run(check())


def test_a_pool_whose_server_is_gone_is_unavailable(tmp_path: object, pg_url: str) -> None:
    """Why it gives no connection is said as for a URL, without its password."""

    async def check() -> None:
        # Empty to begin with: it connects when somebody asks.
        nowhere = f"postgresql://app:S3CR3T@/shop?host={tmp_path}"
        unknown = pg_url.replace(pg_url.rpartition("/st44_")[2].partition("?")[0], "nosuch")
        for url, said, transient in (
            (nowhere, "no server listens on the socket", True),
            (unknown, 'database "st44_nosuch" does not exist', False),
        ):
            async with asyncpg.create_pool(url, min_size=0) as pool:
                with pytest.raises(DatabaseUnavailable, match=said) as caught:
                    await connect(pool)
            assert caught.value.transient is transient
            assert "S3CR3T" not in f"{caught.value}{caught.value.__cause__}"

    asyncio.run(check())


def test_a_connection_of_a_pool_is_a_connection(pg_url: str) -> None:
    """What a pool lends its caller may be lent on."""

    async def check() -> None:
        async with asyncpg.create_pool(pg_url, min_size=1, max_size=1) as pool:
            async with pool.acquire() as proxy:
                session = await connect(proxy)
                assert await session.fetch("SELECT 1") == [(1,)]
                await session.close()
                assert await proxy.fetchval("SELECT 2") == 2
            assert pool.get_idle_size() == 1

    asyncio.run(check())
