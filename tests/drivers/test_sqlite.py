"""
What is SQLite's own: files, locks, threads, places of errors, the caller's connection.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.attempts import COLOURS, attempt, quiet, refused
from st44_migrate.drivers._sqlitetext import constraint_in, offset_in, tag_of
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import ConfigError, DriverError
from st44_migrate.protocols import Connection


def connect(database: object) -> Connection:
    return driver_for(database).connect(timeout=5, readonly=False, notice=quiet)


def failure(session: Connection, *statements: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        session.run(statements)
    return caught.value


@pytest.fixture
def conn(sqlite_path: Path) -> Iterator[Connection]:
    session = connect(f"sqlite:///{sqlite_path}")
    yield session
    session.close()


# --- files --------------------------------------------------------------------


@pytest.mark.parametrize("colour", COLOURS)
class TestFiles:
    def test_reading_never_creates(self, colour: str, sqlite_path: Path) -> None:
        """A file that is not there is said to be missing, and is still not there."""
        error = refused(f"sqlite:///{sqlite_path}", colour)
        assert error.happened == f"the SQLite database {sqlite_path} does not exist"
        assert error.remedy == "st44-migrate up creates it."
        assert not error.transient
        assert not sqlite_path.exists()

    def test_writing_creates(self, colour: str, sqlite_path: Path) -> None:
        """The first session that may write makes the file."""
        attempt(f"sqlite:///{sqlite_path}", colour, readonly=False)
        attempt(f"sqlite:///{sqlite_path}", colour)
        assert sqlite_path.exists()

    def test_a_name_is_taken_literally(self, colour: str, tmp_path: Path) -> None:
        """Blanks, percent and hash signs belong to the name."""
        path = tmp_path / "a b%20#c.db"
        attempt(f"sqlite:///{path}", colour, readonly=False)
        assert [found.name for found in tmp_path.iterdir()] in ([path.name], [])
        assert path.exists()

    def test_a_missing_directory_is_an_error(self, colour: str, tmp_path: Path) -> None:
        """SQLite would only say that it is unable to open the file."""
        with pytest.raises(Exception, match=f"the directory {tmp_path}/no does not exist"):
            attempt(f"sqlite:///{tmp_path}/no/app.db", colour, readonly=False)

    def test_a_directory_is_no_database(self, colour: str, tmp_path: Path) -> None:
        """Named as what it is."""
        assert "is a directory" in refused(f"sqlite:///{tmp_path}", colour).happened

    def test_another_file_is_no_database(self, colour: str, sqlite_path: Path) -> None:
        """Found out when it is opened, not at the first statement."""
        sqlite_path.write_text("something else entirely" * 99)
        assert "file is not a database" in refused(f"sqlite:///{sqlite_path}", colour).happened

    def test_a_reading_session_cannot_write(self, colour: str, sqlite_path: Path) -> None:
        """SQLite itself refuses."""
        attempt(f"sqlite:///{sqlite_path}", colour, readonly=False)
        reader = driver_for(f"sqlite:///{sqlite_path}").connect(
            timeout=5, readonly=True, notice=quiet
        )
        assert failure(reader, "CREATE TABLE t (a)").sqlstate == "SQLITE_READONLY"
        reader.close()

    def test_a_locked_file_is_still_a_database(self, colour: str, sqlite_path: Path) -> None:
        """Opening does not fail for a lock: the one who waits for it comes later."""
        with sqlite3.connect(sqlite_path, isolation_level=None) as holder:
            holder.execute("CREATE TABLE t (a)")
            holder.execute("BEGIN EXCLUSIVE")
            attempt(f"sqlite:///{sqlite_path}", colour)
        holder.close()


# --- statements ---------------------------------------------------------------


def test_a_lock_is_waited_for_only_briefly(conn: Connection, sqlite_path: Path) -> None:
    """The caller polls and says who may hold it; the driver answers soon."""
    conn.run(["CREATE TABLE t (a)"])
    holder = sqlite3.connect(sqlite_path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    error = failure(conn, "BEGIN IMMEDIATE", "DROP TABLE t")
    assert (error.index, error.sqlstate, error.lost) == (0, "SQLITE_BUSY", False)
    holder.close()
    conn.run(["BEGIN IMMEDIATE", "DROP TABLE t", "COMMIT"])


def test_schema_changes_roll_back(conn: Connection) -> None:
    """No commit happens behind our back before DDL."""
    failure(conn, "BEGIN", "CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE a (x)")
    conn.run(["ROLLBACK"])
    assert conn.fetch("SELECT name FROM sqlite_schema") == []


def test_one_statement_at_a_time(conn: Connection) -> None:
    """What is really two statements is refused, not half executed."""
    error = failure(conn, "CREATE TABLE a (x); CREATE TABLE b (x)")
    assert error.index == 0
    assert conn.fetch("SELECT name FROM sqlite_schema") == []


def test_a_batch_can_be_stopped_between_two_statements(conn: Connection) -> None:
    """SQLite has nothing to interrupt there, and would go on with the next one."""

    class Stopping(tuple[str, ...]):
        __slots__ = ()

        def __iter__(self) -> Iterator[str]:
            for statement in super().__iter__():
                yield statement
                conn.cancel()

    with pytest.raises(DriverError) as caught:
        conn.run(Stopping(["CREATE TABLE first (a)", "CREATE TABLE second (a)"]))
    assert (caught.value.index, caught.value.sqlstate) == (1, "SQLITE_INTERRUPT")
    assert conn.fetch("SELECT name FROM sqlite_schema") == [("first",)]


def test_constraints_are_named(conn: Connection) -> None:
    """By SQLite's name of the error and by the constraint's."""
    conn.run(["CREATE TABLE t (id UNIQUE, n, CONSTRAINT small CHECK (n < 5))"])
    error = failure(conn, "INSERT INTO t VALUES (1, 9)")
    assert (error.sqlstate, error.constraint) == ("SQLITE_CONSTRAINT_CHECK", "small")
    error = failure(conn, "INSERT INTO t VALUES (1, 1), (1, 2)")
    assert (error.sqlstate, error.constraint) == ("SQLITE_CONSTRAINT_UNIQUE", "t.id")


def test_a_character_that_is_none_is_an_error(conn: Connection) -> None:
    """Half a surrogate pair or NUL cannot be sent."""
    assert failure(conn, "SELECT 1", "SELECT '\ud800'").index == 1
    assert failure(conn, "SELECT 1", "SELECT 'a\0b'").index == 1


@pytest.mark.parametrize(
    ("statement", "tag"),
    [
        ("create table t (a)", "CREATE TABLE"),
        ("CREATE TEMP TABLE t (a)", "CREATE TABLE"),
        ("CREATE\n  UNIQUE\tINDEX IF NOT EXISTS i ON t (a)", "CREATE INDEX"),
        ("CREATE VIRTUAL TABLE v USING fts5(x)", "CREATE TABLE"),
        ("CREATE TEMPORARY TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TRIGGER"),
        ("ALTER TABLE t ADD b", "ALTER TABLE"),
        ("DROP VIEW v", "DROP VIEW"),
        ("insert into t values (1)", "INSERT"),
        ("BEGIN IMMEDIATE", "BEGIN"),
        ("PRAGMA foreign_keys = ON", "PRAGMA"),
        ("(SELECT 1)", ""),
    ],
)
def test_tags(statement: str, tag: str) -> None:
    """SQLite gives no command tag: the verb is taken, and the kind of object."""
    assert tag_of(statement) == tag


# --- places of errors ---------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "rest"),
    [
        ("SELEC 1", "SELEC 1"),
        ("SELECT 'é', nosuch FROM t", "nosuch FROM t"),
        ("SELECT x1, x FROM (SELECT 1 AS x1)", "x FROM (SELECT 1 AS x1)"),
        ("SELECT 1 FROM main.nosuch", "nosuch"),
        ("SELECT nosuch()", "nosuch()"),
        ("SELECT 'open", "'open"),
        ("SELECT (1", ""),
        ("CREATE TABLE u (a int,, b)", None),
        ("SELECT 1 FROM nosuch -- nosuch", None),
        ("CREATE TABLE t (a)", None),
    ],
)
def test_the_place_is_told_if_only_one_is_possible(
    conn: Connection, statement: str, rest: str | None
) -> None:
    """SQLite names a token; where it stands once, that is the place."""
    conn.run(["CREATE TABLE t (a)"])
    error = failure(conn, statement)
    assert rest == (None if error.offset is None else statement[error.offset :])


words = st.lists(
    st.sampled_from(
        [
            "SELECT",
            "a",
            ",",
            "FROM",
            "WHERE",
            "x",
            "=",
            "1",
            "(",
            ")",
            "'q'",
            '"i"',
            "--",
            "\n",
            "é",
            ";",
        ]
    ),
    min_size=1,
    max_size=12,
).map(" ".join)


@pytest.mark.property
@given(words)
def test_a_place_is_where_sqlites_token_is(statement: str) -> None:
    """Whatever SQLite complains about, an offset points at the token it names."""
    with sqlite3.connect(":memory:") as raw:
        try:
            raw.execute(statement)
        except (sqlite3.Error, sqlite3.Warning) as error:
            message = str(error)
        else:
            message = "no error"
    raw.close()
    offset = offset_in(statement, message)
    if offset is not None and message != "incomplete input":
        token = message.partition('"')[2].rpartition('"')[0] or message.rpartition(": ")[2]
        assert statement[offset:].startswith(token)


def test_messages_without_a_place() -> None:
    """A token that stands twice, or nowhere, has no place."""
    assert offset_in("SELECT x, x", "no such column: x") is None
    assert offset_in("SELECT y", "no such column: x") is None
    assert offset_in("SELECT x", "database is locked") is None
    assert offset_in("SELECT x", "incomplete input") == 8
    assert constraint_in("database is locked") is None


# --- the caller's connection --------------------------------------------------


def test_a_connection_in_a_transaction_is_refused(sqlite_path: Path) -> None:
    """Taking it over would commit what the caller has not."""
    with sqlite3.connect(sqlite_path) as raw:
        raw.execute("CREATE TABLE t (a)")
        raw.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(ConfigError, match="inside a transaction"):
            connect(raw)
        assert raw.in_transaction
        assert raw.isolation_level is not None
        raw.rollback()
        connect(raw).close()
    raw.close()


def test_a_closed_connection_is_refused() -> None:
    """In words, and it can still be described."""
    raw = sqlite3.connect(":memory:")
    raw.close()
    with pytest.raises(ConfigError, match="closed database"):
        connect(raw)
    assert driver_for(raw).describe() == "the caller's SQLite connection"


def test_a_connection_closed_under_us_is_lost() -> None:
    """Whoever closed it, the session is gone, and closing it again is harmless."""
    raw = sqlite3.connect(":memory:")
    session = connect(raw)
    raw.close()
    assert failure(session, "SELECT 1").lost
    session.cancel()
    session.close()


def test_another_threads_connection_is_refused() -> None:
    """sqlite3 would raise in the middle of a run: it is found out before."""
    raw = sqlite3.connect(":memory:")
    raised: list[Exception] = []

    def elsewhere() -> None:
        try:
            connect(raw)
        except ConfigError as error:
            raised.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert "in the thread that made it" in str(raised[0])
    assert raw.isolation_level is not None
    raw.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the attribute came with Python 3.12")
def test_a_connection_that_never_leaves_its_transaction_is_refused(sqlite_path: Path) -> None:
    """autocommit=False keeps a transaction open at all times; True is welcome."""
    open_it: Any = sqlite3.connect  # The parameter is as new as the attribute.
    never = open_it(sqlite_path, autocommit=False)
    with pytest.raises(ConfigError, match="autocommit=False"):
        connect(never)
    never.close()
    always = open_it(sqlite_path, autocommit=True)
    session = connect(always)
    failure(session, "BEGIN", "CREATE TABLE t (a)", "nonsense")
    session.close()
    assert (always.autocommit, always.in_transaction) == (True, False)
    assert always.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    always.close()


def test_a_callers_database_is_named(sqlite_path: Path) -> None:
    """The file, whatever the connection makes of rows and texts."""
    raw = sqlite3.connect(sqlite_path)
    raw.row_factory = sqlite3.Row
    assert driver_for(raw).describe() == f"sqlite:///{sqlite_path}"
    raw.close()


# --- aiosqlite ----------------------------------------------------------------


def test_no_thread_is_left(sqlite_path: Path) -> None:
    """The worker is not a daemon: whatever happens, it ends."""
    before = set(threading.enumerate())
    attempt(f"sqlite:///{sqlite_path}", "async", readonly=False)
    sqlite_path.write_text("no database" * 99)
    refused(f"sqlite:///{sqlite_path}", "async")
    refused(f"sqlite:///{sqlite_path}.not", "async")
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert not set(threading.enumerate()) - before


def test_closing_while_cancelled_still_ends_the_thread(sqlite_path: Path) -> None:
    """A task that is cancelled in `close` leaves no thread behind either."""

    async def check() -> None:
        driver = async_driver_for(f"sqlite:///{sqlite_path}")
        conn = await driver.connect(timeout=5, readonly=False, notice=quiet)
        await conn.run(["BEGIN", "CREATE TABLE t (a)"])
        closing = asyncio.ensure_future(conn.close())
        await asyncio.sleep(0)
        closing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await closing

    before = set(threading.enumerate())
    asyncio.run(check())
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert not set(threading.enumerate()) - before


async def until_written(path: Path) -> None:
    while not await asyncio.to_thread(lambda: path.stat().st_size):  # noqa: ASYNC110 -- SQLite has no event for it
        await asyncio.sleep(0)


def test_a_cancelled_batch_goes_no_further(sqlite_path: Path) -> None:
    """What runs is interrupted, what comes after it does not run."""

    async def check() -> None:
        driver = async_driver_for(f"sqlite:///{sqlite_path}")
        conn = await driver.connect(timeout=5, readonly=False, notice=quiet)
        endless = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
        )
        batch = ["CREATE TABLE first (a)", endless, "CREATE TABLE second (a)"]
        task = asyncio.ensure_future(conn.run(batch))
        await until_written(sqlite_path)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await conn.fetch("SELECT name FROM sqlite_schema") == [("first",)]
        await conn.close()

    asyncio.run(check())


def test_an_aiosqlite_connection_must_be_open_and_idle() -> None:
    """In a transaction, or closed, before or under us."""

    async def check() -> None:
        async with aiosqlite.connect(":memory:") as raw:
            driver = async_driver_for(raw)
            await raw.execute("BEGIN")
            with pytest.raises(ConfigError, match="inside a transaction"):
                await driver.connect(timeout=5, readonly=False, notice=quiet)
            assert raw.in_transaction
            await raw.rollback()
            session = await driver.connect(timeout=5, readonly=False, notice=quiet)
        with pytest.raises(DriverError) as caught:
            await session.run(["SELECT 1"])
        assert caught.value.lost
        await session.cancel()
        await session.close()
        with pytest.raises(ConfigError, match="is closed"):
            await driver.connect(timeout=5, readonly=False, notice=quiet)

    asyncio.run(check())


def test_a_cancelled_borrowing_gives_back(sqlite_path: Path) -> None:
    """The worker takes the connection over although nobody waits for it any more."""

    async def check() -> None:
        async with aiosqlite.connect(sqlite_path) as raw:
            busy = threading.Event()
            working = asyncio.ensure_future(raw._execute(busy.wait))  # type: ignore[no-untyped-call]
            driver = async_driver_for(raw)
            task = asyncio.ensure_future(driver.connect(timeout=5, readonly=False, notice=quiet))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.sleep(0)
            busy.set()
            with pytest.raises(asyncio.CancelledError):
                await task
            await working
            assert raw.isolation_level is not None
            timeout = await (await raw.execute("PRAGMA busy_timeout")).fetchone()
            assert timeout == (5000,)

    asyncio.run(check())
