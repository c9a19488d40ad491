"""
A caller's own SQLite connection (R10): refused in a transaction, worked on, and
given back as it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import aiosqlite
import pytest

from lending import Lent, lend
from st44_migrate import ApplyError, ConfigError, DatabaseUnavailable, SourceError
from st44_migrate.events import RunFailed
from targets import SQLITE, applied, labels, write

FILES = {
    "001_one.sql": "PRAGMA foreign_keys = ON;\nCREATE TABLE one (id integer PRIMARY KEY);\n",
    "002_two.sql": "CREATE TABLE two (id integer REFERENCES one (id));\n",
}
BROKEN = FILES | {
    "003_bad.sql": "CREATE TABLE three (id integer);\nINSERT INTO three VALUES (1);\n"
    "INSERT INTO one VALUES (1), (1);\nCREATE TABLE never (id integer);\n"
}


@pytest.fixture(params=SQLITE)
def kind(request: pytest.FixtureRequest) -> str:
    """
    Name each colour in turn.
    """
    return str(request.param)


@pytest.fixture(params=["", None, "EXCLUSIVE"], ids=["legacy", "autocommit", "exclusive"])
def lent(kind: str, request: pytest.FixtureRequest, sqlite_path: Path) -> Iterator[Lent]:
    """
    Lend connections that manage transactions in different ways, each with habits.
    """
    with lend(kind, sqlite_path, isolation_level=request.param, timeout=3.0) as lent:
        lent.conn.row_factory = sqlite3.Row
        lent.conn.text_factory = bytes
        lent.execute("PRAGMA foreign_keys = ON")
        yield lent


def tables(lent: Lent) -> list[bytes]:
    """
    The tables that the files have made, as this connection gives text.
    """
    rows = lent.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows if b"schema_migrations" not in name]


def test_it_comes_back_as_it_was(lent: Lent, folder: Path) -> None:
    """
    Open, idle, with its row factory, its text and its transactions.
    """
    before = lent.state()
    assert applied(lent.apply(write(folder, FILES))) == ["001", "002"]
    assert lent.state() == before
    assert lent.apply(folder).applied == ()
    assert lent.plan(folder).pending == ()
    assert lent.state() == before
    assert tables(lent) == [b"one", b"two"]


def test_it_comes_back_as_it_was_from_a_failure(lent: Lent, folder: Path) -> None:
    """
    Nothing of the failed file stays, and no statement behind the error was run.
    """
    before = lent.state()
    with pytest.raises(ApplyError) as caught:
        lent.apply(write(folder, BROKEN))
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (3, 1)
    assert applied(caught.value.report) == ["001", "002"]
    assert lent.state() == before
    assert tables(lent) == [b"one", b"two"]
    with pytest.raises(SourceError):
        lent.apply(write(folder, FILES | {"003_bad.sql": "SELECT '"}))
    assert lent.state() == before
    lent.execute("CREATE TABLE theirs (id integer)")
    assert applied(lent.apply(write(folder, FILES | {"003_ok.sql": "SELECT 1;"}))) == ["003"]


@pytest.mark.parametrize("end", ["", "SELECT broken;\n"], ids=["applied", "failed"])
def test_what_files_set_and_leave_does_not_reach_the_caller(
    lent: Lent, folder: Path, end: str
) -> None:
    """
    Settings of the session, temporary tables and attached files are undone.
    """
    lent.execute("CREATE TEMP TABLE mine (id integer)")
    lent.execute("PRAGMA synchronous = NORMAL")
    before = lent.state()
    text = (
        "PRAGMA synchronous = OFF;\nPRAGMA recursive_triggers = ON;\n"
        "PRAGMA legacy_alter_table = ON;\nPRAGMA ignore_check_constraints = ON;\n"
        "CREATE TEMP TABLE w (id integer);\n"
    )
    side = "ATTACH ':memory:' AS side;\n"
    write(folder, FILES | {"003_set.sql": text + end, "004_attach.sql": side})
    if end:
        with pytest.raises(ApplyError):
            lent.apply(folder)
    else:
        lent.apply(folder)
    assert lent.state() == before


def test_one_inside_a_transaction_is_refused_and_keeps_it(lent: Lent, folder: Path) -> None:
    """
    What the caller has begun is neither committed nor rolled back.
    """
    lent.execute("CREATE TABLE theirs (id integer)")
    if not lent.conn.in_transaction:
        lent.execute("BEGIN")
    lent.execute("INSERT INTO theirs VALUES (5)")
    before = lent.state()
    write(folder, FILES)
    for call in (lent.apply, lent.plan):
        with pytest.raises(ConfigError, match="inside a transaction") as caught:
            call(folder)
        assert "Commit or roll back before" in caught.value.remedy
    assert lent.state() == before
    assert lent.conn.in_transaction
    lent.execute("ROLLBACK")
    assert lent.execute("SELECT count(*) FROM sqlite_master WHERE name = 'one'") == [(0,)]


def test_a_database_in_memory_is_migrated_once(kind: str, folder: Path) -> None:
    """
    The second run finds what the first has done, on the same connection.
    """
    write(folder, FILES)
    with lend(kind, ":memory:") as lent:
        assert labels(lent.plan(folder)) == ["001", "002"]
        assert lent.execute("SELECT count(*) FROM sqlite_master") == [(0,)]
        assert applied(lent.apply(folder)) == ["001", "002"]
        assert lent.apply(folder).applied == ()
        assert lent.execute("SELECT version FROM schema_migrations") == [("001",), ("002",)]


def test_the_disk_may_be_full(kind: str, folder: Path, sqlite_path: Path) -> None:
    """
    SQLite says so, nothing of the file stays, and with room it applies.
    """
    rows = "INSERT INTO one SELECT value FROM generate;\n"
    big = (
        "CREATE TABLE generate AS WITH RECURSIVE g (value) AS (SELECT 1 UNION ALL\n"
        "  SELECT value + 1 FROM g WHERE value < 20000) SELECT value FROM g;\n" + rows
    )
    with lend(kind, sqlite_path) as lent:
        lent.apply(write(folder, FILES))
        ((pages,),) = lent.execute("PRAGMA page_count")
        lent.execute(f"PRAGMA max_page_count = {pages + 20}")
        before = lent.state()
        with pytest.raises(ApplyError, match="full") as caught:
            lent.apply(write(folder, FILES | {"003_big.sql": big}))
        assert caught.value.sqlstate == "SQLITE_FULL"
        assert applied(caught.value.report) == []
        assert lent.state() == before
        assert lent.execute("SELECT count(*) FROM sqlite_master WHERE name = 'generate'") == [(0,)]
        lent.execute("PRAGMA max_page_count = 100000")
        assert applied(lent.apply(folder)) == ["003"]
        assert lent.execute("SELECT count(*) FROM one") == [(20000,)]


def test_one_that_may_only_read_is_refused_in_words(
    kind: str, folder: Path, sqlite_path: Path
) -> None:
    """
    However the caller has said so; where nothing is pending, reading is enough.
    """
    with lend(kind, sqlite_path) as lent:
        lent.apply(write(folder, {"001_one.sql": FILES["001_one.sql"]}))
        lent.execute("PRAGMA query_only = ON")
        before = lent.state()
        assert lent.apply(folder).applied == ()
        write(folder, FILES)
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            lent.apply(folder)
        assert isinstance(lent.events[-1], RunFailed)
        assert lent.state() == before
        assert lent.execute("PRAGMA query_only") == [(1,)]
        assert labels(lent.plan(folder)) == ["002"]


def test_rows_of_any_shape_do_not_confuse_the_ledger(
    kind: str, folder: Path, sqlite_path: Path
) -> None:
    """
    A row factory that makes dictionaries is the caller's business.
    """

    def named(cursor: sqlite3.Cursor, row: tuple[object, ...]) -> dict[str, object]:
        return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}

    with lend(kind, sqlite_path) as lent:
        lent.conn.row_factory = named
        lent.apply(write(folder, FILES))
        assert lent.plan(folder).pending == ()
        assert lent.conn.row_factory is named


def test_a_closed_connection_is_refused(folder: Path) -> None:
    """
    It is a mistake of the program, and said to be one.
    """
    write(folder, FILES)
    with lend("sqlite3", ":memory:") as lent:
        lent.conn.close()
        with pytest.raises(ConfigError):
            lent.apply(folder)
    with lend("aiosqlite", ":memory:") as lent:
        assert lent.loop is not None
        lent.loop.run(lent.conn.close())
        with pytest.raises(ConfigError, match="closed"):
            lent.apply(folder)


def test_a_connection_of_the_wrong_colour_is_refused(folder: Path) -> None:
    """
    The error names the runner that takes it.
    """
    with lend("sqlite3", ":memory:") as blocking, lend("aiosqlite", ":memory:") as lent:
        assert isinstance(lent.conn, aiosqlite.Connection)
        lent.conn, blocking.conn = blocking.conn, lent.conn
        try:
            with pytest.raises(ConfigError, match="AsyncMigrator"):
                blocking.apply(folder)
            with pytest.raises(ConfigError, match="Migrator or migrate"):
                lent.apply(folder)
        finally:
            lent.conn, blocking.conn = blocking.conn, lent.conn
