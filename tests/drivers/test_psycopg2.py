"""
What is psycopg2's own: statements one by one, notices as texts, waiting in C.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions, extras
from psycopg2.pool import SimpleConnectionPool

from drivers.attempts import quiet
from st44_migrate.drivers._pgspoken import spoken
from st44_migrate.drivers.psycopg2 import Psycopg2Connection
from st44_migrate.drivers.url import driver_for
from st44_migrate.errors import ConfigError, DatabaseUnavailable, DriverError
from targets import Target, until


def connect(database: object) -> Psycopg2Connection:
    conn = driver_for(database).connect(timeout=5, readonly=False, notice=quiet)
    assert isinstance(conn, Psycopg2Connection)
    return conn


@pytest.fixture
def raw(pg_url: str) -> Iterator[Any]:
    with closing(psycopg2.connect(pg_url)) as conn:
        yield conn


@pytest.fixture
def conn(raw: Any) -> Iterator[Psycopg2Connection]:
    session = connect(raw)
    yield session
    session.close()


def failure(session: Psycopg2Connection, *statements: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        session.run(statements)
    return caught.value


def when_asleep(pg_url: str, session: Psycopg2Connection, act: Callable[[], None]) -> Any:
    """
    Act, in a thread, when *session* is in the middle of its ``pg_sleep``.
    """
    asleep = f"SELECT 1 FROM pg_stat_activity WHERE pid = {session.backend_pid}"
    watcher = Target("psycopg", pg_url)

    def watch() -> None:
        until(lambda: watcher.query(f"{asleep} AND wait_event = 'PgSleep'"))
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


# --- what an error carries ----------------------------------------------------


def test_everything_the_server_says_is_kept(conn: Psycopg2Connection) -> None:
    """Place, detail, hint, constraint, context: whatever there is."""
    error = failure(conn, "BEGIN", "SELECT 'ü'", "SELECT nosuch", "COMMIT")
    assert (error.index, error.offset, error.sqlstate) == (2, 7, "42703")
    conn.run(["ROLLBACK", "CREATE TABLE t (id int CONSTRAINT small CHECK (id < 5))"])
    error = failure(conn, "INSERT INTO t VALUES (9)")
    assert (error.index, error.offset, error.constraint) == (0, None, "small")
    assert error.detail == "Failing row contains (9)."
    body = "RAISE 'no\nway' USING HINT = 'try', ERRCODE = 'ST440'"
    error = failure(conn, f"DO $$ BEGIN {body}; END $$")
    assert (error.message, error.hint, error.sqlstate) == ("no way", "try", "ST440")
    assert "inline_code_block line 1" in (error.context or "")
    error = failure(conn, "SELECT 1", "DO $$ BEGIN EXECUTE 'SELECT nosuch'; END $$")
    assert (error.index, error.offset) == (1, None)
    assert (error.internal_query, error.internal_offset) == ("SELECT nosuch", 7)


def test_the_place_is_that_of_the_query(conn: Psycopg2Connection) -> None:
    """What is said before it, about its time, does not count."""
    with pytest.raises(DriverError) as caught:
        conn.fetch("SELECT 1, nosuch", within=5)
    assert caught.value.offset == 10


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("/* nothing */", "empty query"),
        ("COPY t FROM STDIN", "can't execute COPY FROM"),
        ("COPY t TO STDOUT", "can't execute COPY TO"),
        ("SELECT 'a\0b'", "NUL"),
        ("SELECT '\ud800'", "does not exist in"),
    ],
)
def test_what_psycopg2_does_not_send_has_its_index(
    conn: Psycopg2Connection, statement: str, said: str
) -> None:
    """It is not taken for done, and the session goes on."""
    conn.run(["CREATE TABLE t (a int)"])
    error = failure(conn, "SELECT 1", statement, "SELECT 2")
    assert (error.index, error.lost) == (1, False)
    assert said in error.message
    assert conn.fetch("SELECT 1") == [(1,)]


def test_text_is_sent_in_the_sessions_encoding(conn: Psycopg2Connection) -> None:
    """A file may change it."""
    conn.run(["SET client_encoding = LATIN1"])
    assert conn.fetch("SELECT length('é')") == [(1,)]
    assert "client_encoding" in failure(conn, "SELECT '漢'").message


def test_values_that_python_cannot_hold_are_not_read(conn: Psycopg2Connection) -> None:
    """What a file selects is the file's business."""
    heard: list[Any] = []
    conn.run(
        ["SELECT '294276-12-31'::timestamp", "SELECT 7, '294276-12-31'::date", "SELECT 7"],
        lambda _tag, value: heard.append(value),
    )
    assert heard == [None, None, 7]


# --- notices ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NOTICE:  a: b\n", ("NOTICE", "a: b", None, None)),
        ("WARNING:  a\nb\nDETAIL:  c\nd\nHINT:  e\n", ("WARNING", "a\nb", "c\nd", "e")),
        ("LOG:  00000: a\nHINT:  e\nCONTEXT:  f\nLOCATION:  g, h.c:1\n", ("LOG", "a", None, "e")),
        ("HINWEIS:  a\nTIPP:  b\n", ("HINWEIS", "a\nTIPP:  b", None, None)),
        ("nothing of the kind", ("NOTICE", "nothing of the kind", None, None)),
    ],
)
def test_a_notice_is_taken_apart(text: str, said: object) -> None:
    """libpq prints it, and gives it in no other way."""
    assert spoken(text) == said


def test_the_callers_notices_stay(raw: Any) -> None:
    """Ours are told, and are not kept among the caller's."""
    told: list[Any] = []
    say = "DO $$ BEGIN RAISE NOTICE '%'; END $$"
    with raw.cursor() as cursor:
        cursor.execute(say.replace("%", "before"))
    raw.commit()
    session = driver_for(raw).connect(
        timeout=5, readonly=False, notice=lambda *said: told.append(said)
    )
    session.run([say.replace("%", "during")])
    session.close()
    assert raw.notices == ["NOTICE:  before\n"]
    assert told == [("NOTICE", "during", None, None)]


# --- a session that ends, and one that is interrupted -------------------------


def test_a_terminated_backend_is_a_lost_session(conn: Psycopg2Connection, raw: Any) -> None:
    """The statement that ran is known; closing what is broken is harmless."""
    error = failure(conn, "SELECT 1", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT 2")
    assert (error.index, error.lost) == (1, True)
    assert failure(conn, "SELECT 1").lost
    with pytest.raises(DriverError) as caught:
        conn.fetch("SELECT 1")
    assert caught.value.lost
    conn.cancel()
    conn.close()
    assert raw.closed


def test_a_cut_connection_is_lost(conn: Psycopg2Connection, raw: Any, pg_url: str) -> None:
    """No answer at all: the statement on its way is named."""

    def cut() -> None:
        with socket.socket(fileno=os.dup(raw.fileno())) as line:
            line.shutdown(socket.SHUT_RDWR)

    cutting = when_asleep(pg_url, conn, cut)
    error = failure(conn, "SELECT 1", "SELECT pg_sleep(60)")
    cutting.join()
    assert (error.index, error.lost) == (1, True)


@pytest.mark.parametrize("waits", [None, extras.wait_select], ids=["in C", "in Python"])
def test_ctrl_c_stops_the_servers_query(conn: Psycopg2Connection, pg_url: str, waits: Any) -> None:
    """It goes through at once, and the session is free; or the application's own way."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    extensions.set_wait_callback(waits)
    pressing = when_asleep(pg_url, conn, lambda: os.kill(os.getpid(), signal.SIGINT))
    try:
        with pytest.raises(DriverError if waits else KeyboardInterrupt):
            conn.run(["SELECT pg_sleep(60)"])
        assert conn.fetch("SELECT 1") == [(1,)]
    finally:
        pressing.join()
        extensions.set_wait_callback(None)
        signal.signal(signal.SIGINT, before)


def test_the_thread_that_waits_ends_with_the_session(conn: Psycopg2Connection) -> None:
    """There is one, and none for a caller that no signal reaches."""

    def named() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "st44-migrate"]

    elsewhere = threading.Thread(target=conn.fetch, args=("SELECT 1",))
    elsewhere.start()
    elsewhere.join()
    assert named() == []
    conn.fetch("SELECT 1")
    assert len(named()) == 1
    conn.close()
    until(lambda: not named())


# --- the caller's connection --------------------------------------------------


def test_a_borrowed_connection_must_be_idle(raw: Any, pg_url: str) -> None:
    """In a transaction, prepared, asynchronous, or closed: refused in words, and left alone."""
    with raw.cursor() as cursor:
        cursor.execute("CREATE TABLE kept (a int)")
        with pytest.raises(ConfigError, match="inside a transaction"):
            connect(raw)
    assert raw.info.transaction_status == extensions.TRANSACTION_STATUS_INTRANS
    raw.close()
    with pytest.raises(ConfigError, match="is closed"):
        connect(raw)
    assert driver_for(raw).describe() == "a closed psycopg2 connection"
    unready = psycopg2.connect(pg_url, async_=True)
    extras.wait_select(unready)
    with pytest.raises(ConfigError, match="is asynchronous"):
        connect(unready)
    unready.close()


def test_a_session_in_a_mode_of_its_own_comes_back_in_it(raw: Any) -> None:
    """What psycopg2 says for its own transactions is not said for ours."""
    raw.set_session(isolation_level="SERIALIZABLE", readonly=True)
    session = connect(raw)
    session.run(["CREATE TABLE t (a int)"])
    session.close()
    with raw.cursor() as cursor:
        cursor.execute("SHOW transaction_isolation")
        assert cursor.fetchall() == [("serializable",)]
    assert (raw.autocommit, raw.readonly) == (False, True)


# --- pools --------------------------------------------------------------------


def test_a_pool_that_gives_nothing_is_unavailable(pg_url: str) -> None:
    """All connections are in use: worth trying again, and none is lost."""
    pool = SimpleConnectionPool(1, 1, pg_url)
    driver = driver_for(pool)
    taken = pool.getconn()
    with pytest.raises(DatabaseUnavailable, match="gave no connection") as caught:
        driver.connect(timeout=5, readonly=False, notice=quiet)
    assert caught.value.transient
    pool.putconn(taken)
    driver.connect(timeout=5, readonly=False, notice=quiet).close()
    pool.closeall()
    with pytest.raises(ConfigError, match="is closed"):
        driver.connect(timeout=5, readonly=False, notice=quiet)


def test_a_pool_whose_server_is_gone_is_unavailable(tmp_path: object) -> None:
    """Why it gives no connection is said as for a URL, without its password."""
    pool = SimpleConnectionPool(0, 1, f"postgresql://app:S3CR3T@/shop?host={tmp_path}")
    with pytest.raises(DatabaseUnavailable, match="no server listens on the socket") as caught:
        connect(pool)
    assert caught.value.transient
    assert "S3CR3T" not in f"{caught.value}{caught.value.__cause__}"
