"""
While a ledger is adopted, its tool is kept out; while the tool works, nobody adopts.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest

from adoption.conftest import DONE, legacy_of
from dressing import dress
from recording import RECORDS
from st44_migrate import Adoption, LockTimeout, Settings
from st44_migrate.adoption.tools import BUILT_IN, builtin
from st44_migrate.events import LockWaited
from st44_migrate.model import ForeignTable
from targets import until

# The keys as others have written them down, for the database "mydb" where that counts.
KEYS = {
    "golang-migrate": {616192132, 2103762914},
    "goose": {4097083626},
    "prisma": {72707369},
    "tern": {9628173550095224},
    "node-pg-migrate": {7241865325823964},
    "postgres-migrations": {-8525285245963000605},
}


@pytest.mark.parametrize("tool", KEYS)
def test_the_keys_are_those_of_the_tools(tool: str) -> None:
    """To the letter: another key keeps nobody out."""
    ledger = builtin(tool)
    assert set(ledger.locks(ForeignTable("public", ledger.table, (), "mydb"))) == KEYS[tool]


def test_a_name_is_hashed_as_java_does() -> None:
    """The polynomial over UTF-16 units, in 32 bits, signed; above Flyway's constant."""

    def java(text: str) -> int:
        units = memoryview(text.encode("utf-16-be"))
        total: int = sum(
            int.from_bytes(units[at : at + 2], "big")
            * pow(31, len(units) // 2 - 1 - at // 2, 2**32)
            for at in range(0, len(units), 2)
        )
        return (total + 2**31) % 2**32 - 2**31

    assert java("hello") == 99162322  # as every JVM says
    for name in ("flyway_schema_history", "Änderungen 😀"):
        (key,) = builtin("flyway").locks(ForeignTable("public", name, ()))
        assert key == 77431708279161 + java(f'"public"."{name}"')


EVERYWHERE = [(tool, dialect) for tool, record in RECORDS.items() for dialect in record.dialects]
LOCKING = [tool for tool in RECORDS if builtin(tool).locks(ForeignTable("public", "t", (), "d"))]


@pytest.mark.parametrize("tool", LOCKING)
def test_nothing_is_adopted_while_the_tool_holds_its_lock(
    tool: str, request: pytest.FixtureRequest
) -> None:
    """Who waits too long is told whom for; the lock is free again at the end."""
    legacy = legacy_of("psycopg", tool, request)
    with psycopg.connect(legacy.target.url, autocommit=True) as conn:
        row = conn.execute("SELECT current_database()").fetchone()
        assert row is not None
        keys = builtin(tool).locks(ForeignTable("public", legacy.record.table, (), row[0]))
        conn.execute("SELECT pg_advisory_lock(%s)", [keys[-1]])
        legacy.target.settings = Settings(lock_wait=0)
        with pytest.raises(LockTimeout, match=f"{tool} is at work") as caught:
            legacy.adopt()
        assert caught.value.unchanged == "Nothing was adopted."
        # Both tables of ours are there by now, and there is nothing in them.
        ours = str(legacy.adoption().ledger)
        assert legacy.target.query(f"SELECT * FROM {ours}") == []
        conn.execute("SELECT pg_advisory_unlock_all()")
        assert legacy.adopt().written
        for key in keys:
            row = conn.execute("SELECT pg_try_advisory_lock(%s)", [key]).fetchone()
            assert row == (True,)


@pytest.mark.parametrize("kind", ["psycopg", "psycopg-async"])
def test_what_the_tool_is_about_to_record_is_waited_for(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """A row that was on its way when we came is adopted too."""
    legacy = legacy_of(kind, "sql-migrate", request)
    made: list[Adoption] = []
    adopting = threading.Thread(target=lambda: made.append(legacy.adopt()))
    with psycopg.connect(legacy.target.url) as conn:
        conn.execute("CREATE TABLE ten (i integer)")
        conn.execute("INSERT INTO gorp_migrations VALUES ('10-ten.sql', now())")
        adopting.start()
        until(lambda: legacy.target.saw(LockWaited))
        conn.commit()
    adopting.join()
    assert [adopted.label for adopted in made[0].versions] == ["1-one", "2-two", "10-ten"]
    assert legacy.apply().applied == ()


@pytest.mark.parametrize("kind", ["psycopg", "sqlite3", "aiosqlite"])
def test_the_row_that_is_a_lock_is_heeded(kind: str, request: pytest.FixtureRequest) -> None:
    """yoyo's lock is taken as it takes it, and is no more there afterwards."""
    legacy = legacy_of(kind, "yoyo", request)
    legacy.target.execute("INSERT INTO yoyo_lock VALUES (1, CURRENT_TIMESTAMP, 4711)")
    legacy.target.settings = Settings(lock_wait=0)
    with pytest.raises(LockTimeout, match="yoyo is at work"):
        legacy.adopt()
    assert legacy.target.query("SELECT pid FROM yoyo_lock") == [(4711,)]
    legacy.target.execute("DELETE FROM yoyo_lock")
    assert legacy.adopt().written
    assert legacy.target.query("SELECT pid FROM yoyo_lock") == []


@pytest.mark.parametrize("kind", ["sqlite3", "aiosqlite"])
def test_a_writer_on_sqlite_is_waited_for(kind: str, request: pytest.FixtureRequest) -> None:
    """What it commits is adopted."""
    legacy = legacy_of(kind, "goose", request)
    path = legacy.target.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("CREATE TABLE ten (i integer)")
        conn.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (10, 1)")
        commit = threading.Timer(0.3, lambda: conn.execute("COMMIT"))
        commit.start()
        made = legacy.adopt()
        commit.join()
    assert made.written
    assert legacy.apply().applied == ()


@pytest.mark.parametrize(("tool", "dialect"), EVERYWHERE)
def test_every_table_is_one_tools_only(tool: str, dialect: str) -> None:
    """No ledger of a tool could be taken for another's, whatever it is called."""
    record = RECORDS[tool]
    table = created(record.write(dialect, dress(record.layout, DONE), DONE))
    assert [name for name in BUILT_IN if builtin(name).fits(table)] == [tool]


def created(statements: list[str]) -> ForeignTable:
    """
    Read a table's columns off the statement that creates it, by letting SQLite do it.
    """
    with closing(sqlite3.connect(":memory:")) as conn:
        for sql in statements[:2]:
            if sql.startswith("CREATE"):
                conn.execute(
                    sql.replace("GENERATED BY DEFAULT AS IDENTITY", "").replace("now()", "0")
                )
        names = [
            name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type='table'")
        ]
        columns = conn.execute(f"SELECT name, lower(type) FROM pragma_table_info('{names[0]}')")
        beside = frozenset(names) & {"ar_internal_metadata", "yoyo_lock"}
        return replace(ForeignTable("main", "t", tuple(columns)), beside=beside)
