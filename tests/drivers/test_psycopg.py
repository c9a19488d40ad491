"""
What is psycopg's own: results, protocol, settings, the caller's connection.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any

import psycopg
import pytest
from psycopg import generators, pq
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from drivers.attempts import quiet
from st44_migrate.drivers.psycopg import PsycopgConnection
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import ConfigError, DatabaseUnavailable, DriverError


def connect(database: object) -> PsycopgConnection:
    conn = driver_for(database).connect(timeout=5, readonly=False, notice=quiet)
    assert isinstance(conn, PsycopgConnection)
    return conn


@pytest.fixture
def conn(pg_url: str) -> Iterator[PsycopgConnection]:
    session = connect(pg_url)
    yield session
    session.close()


def failure(session: PsycopgConnection, *statements: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        session.run(statements)
    return caught.value


def wait_until_asleep(url: str, session: PsycopgConnection) -> None:
    """
    Return when *session* is in the middle of its ``pg_sleep``.
    """
    asleep = (
        f"SELECT 1 FROM pg_stat_activity WHERE pid = {session.backend_pid}"
        " AND wait_event = 'PgSleep'"
    )
    watcher = connect(url)
    while not watcher.fetch(asleep):
        pass
    watcher.close()


# --- what an error carries ----------------------------------------------------


def test_a_syntax_error_later_in_the_text_is_its_statements(conn: PsycopgConnection) -> None:
    """The server parses everything first, so nothing ran, yet the third is to blame."""
    error = failure(conn, "CREATE TABLE t (é int)", "SELECT '漢字'", "SELECT 1 FORM t", "COMMIT")
    assert (error.index, error.offset, error.sqlstate) == (2, 14, "42601")
    assert error.message == 'syntax error at or near "t"'
    assert conn.fetch("SELECT to_regclass('t')") == [(None,)]


def test_a_wrong_name_has_its_place(conn: PsycopgConnection) -> None:
    """An error of analysis comes when its statement is reached, with a position."""
    error = failure(conn, "BEGIN", "SELECT 'ü'", "SELECT nosuch", "COMMIT")
    assert (error.index, error.offset, error.sqlstate) == (2, 7, "42703")


def test_everything_the_server_says_is_kept(conn: PsycopgConnection) -> None:
    """Detail, hint, constraint, context: whatever there is."""
    conn.run(["CREATE TABLE t (id int CONSTRAINT small CHECK (id < 5))"])
    error = failure(conn, "BEGIN", "INSERT INTO t VALUES (9)")
    assert (error.index, error.offset, error.constraint) == (1, None, "small")
    assert error.detail == "Failing row contains (9)."
    conn.run(["ROLLBACK"])

    body = "RAISE 'no\nway' USING HINT = 'try', ERRCODE = 'ST440'"
    error = failure(conn, f"DO $$ BEGIN {body}; END $$")
    assert (error.message, error.hint, error.sqlstate) == ("no way", "try", "ST440")
    assert "inline_code_block line 1" in (error.context or "")


def test_an_error_inside_a_function_shows_the_inner_statement(conn: PsycopgConnection) -> None:
    """The place is that of the inner query, not of the one that was sent."""
    error = failure(conn, "SELECT 1", "DO $$ BEGIN EXECUTE 'SELECT nosuch'; END $$")
    assert (error.index, error.offset) == (1, None)
    assert (error.internal_query, error.internal_offset) == ("SELECT nosuch", 7)


def test_success_means_an_answer_to_every_statement(conn: PsycopgConnection) -> None:
    """What is empty, or is really two statements, is not taken for done."""
    assert "answered 1 of 2 statements" in failure(conn, "SELECT 1", "/* nothing */").message
    assert "answered 2 of 1 statements" in failure(conn, "SELECT 1; SELECT 2").message


def test_a_rule_that_answers_too_does_not_confuse_the_count(conn: PsycopgConnection) -> None:
    """DO ALSO SELECT sends more results than there are statements."""
    conn.run(
        [
            "CREATE TABLE t (a int)",
            "CREATE RULE one AS ON INSERT TO t DO ALSO SELECT 1",
            "CREATE RULE two AS ON INSERT TO t DO ALSO SELECT 2",
        ]
    )
    tags = ["BEGIN", "INSERT 0 1", "COMMIT"]
    assert list(conn.run(["BEGIN", "INSERT INTO t VALUES (1)", "COMMIT"])) == tags
    assert failure(conn, "BEGIN", "INSERT INTO t VALUES (1)", "SELECT 1/0").index == 2


def test_characters_that_cannot_be_sent_have_their_place(conn: PsycopgConnection) -> None:
    """NUL would end the text for libpq, and with it the COMMIT."""
    error = failure(conn, "BEGIN", "SELECT 'a\0b'", "COMMIT")
    assert (error.index, error.offset) == (1, 9)
    assert conn.fetch("SELECT 1") == [(1,)]


def test_copy_does_not_leave_the_session_stuck(conn: PsycopgConnection) -> None:
    """There is no data to copy in; what is copied out is dropped."""
    conn.run(["CREATE TABLE t (a int)"])
    error = failure(conn, "SELECT 1", "COPY t FROM STDIN", "SELECT 2")
    assert error.index == 1
    big = "COPY (SELECT repeat('x', 999) FROM generate_series(1, 9999)) TO STDOUT"
    assert list(conn.run([big, "SELECT 1"])) == ["COPY 9999", "SELECT 1"]
    assert conn.fetch("SELECT 1") == [(1,)]


# --- a session that ends ------------------------------------------------------


def test_a_terminated_backend_is_a_lost_session(conn: PsycopgConnection) -> None:
    """The server says why it hangs up, and which statement ran."""
    error = failure(conn, "SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2")
    assert (error.index, error.sqlstate, error.lost) == (1, "57P01", True)
    again = failure(conn, "SELECT 1")
    assert again.lost
    with pytest.raises(DriverError) as caught:
        conn.fetch("SELECT 1")
    assert caught.value.lost
    conn.cancel()


@pytest.mark.parametrize(
    ("statements", "index"),
    [
        (["SELECT 1", "SELECT pg_sleep(60)", "SELECT 2"], None),
        (["SELECT pg_sleep(60)"], 0),
    ],
)
def test_a_cut_connection_is_lost(
    conn: PsycopgConnection, pg_url: str, statements: list[str], index: int | None
) -> None:
    """No answer at all: with several statements nobody knows which one ran last."""

    def cut() -> None:
        wait_until_asleep(pg_url, conn)
        with socket.socket(fileno=os.dup(conn._conn.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    cutting = threading.Thread(target=cut)
    cutting.start()
    error = failure(conn, *statements)
    cutting.join()
    assert (error.index, error.lost) == (index, True)


def test_ctrl_c_stops_the_servers_query(conn: PsycopgConnection, pg_url: str) -> None:
    """KeyboardInterrupt goes through, and the session is free at once."""

    def press() -> None:
        wait_until_asleep(pg_url, conn)
        os.kill(os.getpid(), signal.SIGINT)

    # A process started in the background of a shell ignores SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            conn.run(["SELECT pg_sleep(60)"])
    finally:
        pressing.join()
        signal.signal(signal.SIGINT, before)
    assert conn.fetch("SELECT 1") == [(1,)]


@pytest.mark.parametrize("step", ["fetch", "execute"])
def test_ctrl_c_in_code_of_ours_stops_it_too(
    conn: PsycopgConnection, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """It ends the generator that takes the answers: they have to be taken all the same."""
    real = getattr(generators, step)

    def interrupted(pgconn: Any) -> Any:
        monkeypatch.setattr(generators, step, real)
        waiting = real(pgconn)
        yield next(waiting)
        raise KeyboardInterrupt

    monkeypatch.setattr(generators, step, interrupted)
    began = monotonic()
    asleep = "SELECT pg_sleep(60)"
    with pytest.raises(KeyboardInterrupt):
        _ = conn.run([asleep]) if step == "fetch" else conn.fetch(asleep)
    assert conn.fetch("SELECT 1") == [(1,)]
    assert monotonic() - began < 50


# --- the session's settings ---------------------------------------------------


def test_our_session_introduces_itself(conn: PsycopgConnection, pg_url: str) -> None:
    """It has a name, speaks UTF-8, commits by itself and prepares nothing."""
    assert conn.fetch("SHOW application_name") == [("st44-migrate",)]
    assert conn.fetch("SHOW client_encoding") == [("UTF8",)]
    assert (conn._conn.autocommit, conn._conn.prepare_threshold) == (True, None)
    named = connect(
        f"{pg_url}&application_name=mine" if "?" in pg_url else f"{pg_url}?application_name=mine"
    )
    assert named.fetch("SHOW application_name") == [("mine",)]
    named.close()


def test_an_open_transaction_keeps_no_snapshot(pg_url: str) -> None:
    """CREATE INDEX CONCURRENTLY waits for snapshots: a fetch leaves none, however often."""
    with psycopg.connect(pg_url, autocommit=True) as raw, psycopg.connect(pg_url) as watcher:
        session = connect(raw)
        session.run(["BEGIN"])
        for _ in range(10):
            session.fetch("SELECT '100%'")
        held = "SELECT state, backend_xmin FROM pg_stat_activity WHERE pid = %s"
        found = watcher.execute(held, [session.backend_pid]).fetchone()
        assert found == ("idle in transaction", None)
        session.run(["ROLLBACK"])
        assert session.fetch("SELECT count(*) FROM pg_prepared_statements") == [(0,)]
        session.close()


# --- the caller's connection --------------------------------------------------


def test_a_borrowed_connection_must_be_idle(pg_url: str) -> None:
    """In a transaction, in a pipeline, or closed: refused in words, and left alone."""
    with psycopg.connect(pg_url) as raw:
        raw.execute("CREATE TABLE kept (a int)")
        with pytest.raises(ConfigError, match="inside a transaction"):
            connect(raw)
        assert raw.info.transaction_status == pq.TransactionStatus.INTRANS
        raw.commit()
        with raw.pipeline(), pytest.raises(ConfigError, match="pipeline"):
            connect(raw)
    with pytest.raises(ConfigError, match="is closed"):
        connect(raw)
    assert driver_for(raw).describe() == "a closed psycopg connection"


def test_a_borrowed_connection_keeps_its_encoding(pg_url: str) -> None:
    """Text is sent in the session's own encoding, and what does not fit has its place."""
    with psycopg.connect(pg_url, client_encoding="LATIN1", autocommit=True) as raw:
        session = connect(raw)
        assert session.fetch("SELECT 'é', length('é')") == [("é", 1)]
        session.run(["SELECT 'é'"])
        error = failure(session, "SELECT 1", "SELECT '漢'")
        assert (error.index, error.offset) == (1, 8)
        assert "client_encoding" in error.message
        session.close()


def test_a_handler_of_the_callers_stays(pg_url: str) -> None:
    """Ours goes with the session, theirs hears everything."""
    heard: list[Any] = []
    told: list[Any] = []
    say = ["DO $$ BEGIN RAISE NOTICE 'hello'; END $$"]
    with psycopg.connect(pg_url, autocommit=True) as raw:
        raw.add_notice_handler(lambda diag: heard.append(diag.message_primary))
        session = driver_for(raw).connect(
            timeout=5, readonly=False, notice=lambda *said: told.append(said)
        )
        session.run(say)
        session.close()
        raw.execute(say[0].encode())
    assert heard == ["hello", "hello"]
    assert told == [("NOTICE", "hello", None, None)]


def test_ctrl_c_while_a_notice_is_told_is_not_lost(pg_url: str) -> None:
    """libpq would print and forget it; the server stops, and the session is of use afterwards."""

    def interrupted(*_said: object) -> None:
        raise KeyboardInterrupt

    began = monotonic()
    session = driver_for(pg_url).connect(timeout=5, readonly=False, notice=interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.run(["DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$"])
    with pytest.raises(KeyboardInterrupt):
        session.fetch("DO $$ BEGIN RAISE NOTICE 'at once'; END $$")
    assert session.fetch("SELECT 1") == [(1,)]
    session.close()
    assert monotonic() - began < 50


def test_closing_a_broken_borrowed_connection_is_harmless(pg_url: str) -> None:
    """The caller finds it as broken as it is."""
    with psycopg.connect(pg_url) as raw:
        session = connect(raw)
        failure(session, "SELECT pg_terminate_backend(pg_backend_pid())")
        session.close()
        assert raw.closed


# --- pools --------------------------------------------------------------------


def test_a_pool_that_gives_nothing_is_unavailable(pg_url: str) -> None:
    """All connections are in use: worth waiting for, and none is lost."""
    with ConnectionPool(pg_url, min_size=1, max_size=1, name="web", open=True) as pool:
        driver = driver_for(pool)
        assert driver.describe().startswith("postgresql://")
        with (
            pool.connection(),
            pytest.raises(DatabaseUnavailable, match="the pool web gave") as caught,
        ):
            driver.connect(timeout=0.05, readonly=False, notice=quiet)
        assert caught.value.transient
        driver.connect(timeout=5, readonly=False, notice=quiet).close()
    with pytest.raises(ConfigError, match="the pool web is closed"):
        driver.connect(timeout=5, readonly=False, notice=quiet)


def test_a_pools_connection_goes_back_when_it_is_refused(pg_url: str) -> None:
    """A connection that cannot be used is not kept from the pool."""
    with ConnectionPool(pg_url, min_size=1, max_size=1, open=True) as pool:
        taken = pool.getconn()
        taken.close()
        pool.putconn(taken)
        driver_for(pool).connect(timeout=5, readonly=False, notice=quiet).close()


def test_an_async_pool_that_gives_nothing_is_unavailable(pg_url: str) -> None:
    """The same in async: busy, then closed."""

    async def check() -> None:
        async with AsyncConnectionPool(pg_url, min_size=1, max_size=1, open=False) as pool:
            driver = async_driver_for(pool)
            async with pool.connection():
                with pytest.raises(DatabaseUnavailable, match="gave no connection"):
                    await driver.connect(timeout=0.05, readonly=False, notice=quiet)
            await (await driver.connect(timeout=5, readonly=False, notice=quiet)).close()
        with pytest.raises(ConfigError, match="is closed"):
            await driver.connect(timeout=5, readonly=False, notice=quiet)

    asyncio.run(check())


def test_an_async_connection_must_be_idle(pg_url: str) -> None:
    """In a transaction, or closed: refused in words."""

    async def check() -> None:
        async with await psycopg.AsyncConnection.connect(pg_url) as raw:
            driver = async_driver_for(raw)
            await raw.execute("SELECT 1")
            with pytest.raises(ConfigError, match="inside a transaction"):
                await driver.connect(timeout=5, readonly=False, notice=quiet)
        with pytest.raises(ConfigError, match="is closed"):
            await driver.connect(timeout=5, readonly=False, notice=quiet)

    asyncio.run(check())


def test_a_cancelled_task_frees_its_locks(pg_url: str) -> None:
    """The server's query is gone when the cancellation arrives, and the session lives."""

    async def check() -> None:
        driver = async_driver_for(pg_url)
        conn = await driver.connect(timeout=5, readonly=False, notice=quiet)
        watcher = await driver.connect(timeout=5, readonly=False, notice=quiet)
        task = asyncio.ensure_future(conn.run(["BEGIN", "SELECT pg_sleep(60)", "COMMIT"]))
        asleep = (
            f"SELECT count(*) FROM pg_stat_activity WHERE pid = {conn.backend_pid}"
            " AND wait_event = 'PgSleep'"
        )
        while await watcher.fetch(asleep) != [(1,)]:
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await watcher.fetch(asleep) == [(0,)]
        await conn.run(["ROLLBACK"])
        await conn.close()
        await watcher.close()

    asyncio.run(check())
