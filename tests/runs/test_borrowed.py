"""
A caller's own connection comes back as it was: open, idle, with its own settings (R9).
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from runs.conftest import empty
from st44_migrate import ApplyError, AsyncMigrator, ConfigError, Migrator
from targets import Target, write

STATE = {
    "set": "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name",
    "settings": "SELECT name, setting FROM pg_settings WHERE name !~ '^(transaction_|plpgsql[.])'",
    "role": "SELECT current_user, session_user, current_setting('role')",
    "own setting": "SELECT nullif(current_setting('app.tenant', true), '')",
    "temporary": "SELECT relname FROM pg_class WHERE relpersistence = 't' ORDER BY relname",
    "locks": "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    "prepared": "SELECT name FROM pg_prepared_statements",
    "listening": "SELECT pg_listening_channels()",
}
SETUPS = {
    "nothing": (),
    "settings": (
        "SET search_path = public, pg_catalog",
        "SET application_name = 'mine''s \\ own'",
        "SET statement_timeout = '77s'",
        "SET client_connection_check_interval = '7s'",
        "SET work_mem = '7MB'",
        "SET TimeZone = 'Asia/Kolkata'",
        "SET default_transaction_isolation = 'serializable'",
    ),
    "role": ("SET ROLE pg_database_owner",),
    "own setting": ("SELECT set_config('app.tenant', '7', false)",),
    "temporary table": ("CREATE TEMPORARY TABLE mine (id int)",),
    "more": ("PREPARE mine AS SELECT 1", "LISTEN mine", "SELECT pg_advisory_lock(18)"),
}
FIRST = {"001_first.sql": "CREATE TABLE first (id int);"}
OUTCOMES = {
    "idle": {},
    "good": {"002_a.sql": "CREATE TABLE a (id int);", "003_b.sql": "CREATE TABLE b (id int);"},
    "settings": {
        "002_a.sql": "SET search_path = pg_catalog; SET work_mem = '9MB'; SET ROLE pg_monitor;"
    },
    "own settings": {"002_a.sql": "SELECT set_config('app.tenant', '9', false);"},
    "own settings, stepwise": {
        "002_a.sql": "SET app.tenant = '9';\nCREATE INDEX CONCURRENTLY ON first (id);\n"
        "SELECT set_config('app.tenant', '10', false);"
    },
    "temporary table": {"002_a.sql": "CREATE TEMPORARY TABLE leak (id int);"},
    "locking": {"002_a.sql": "SELECT pg_advisory_lock(17);"},
    "failing": {
        "002_a.sql": "CREATE TABLE a (id int); SET search_path = pg_catalog;",
        "003_b.sql": "SET ROLE pg_monitor; SET work_mem = '9MB'; SELECT 1 / 0;",
    },
    "stepwise": {
        "002_a.sql": "SET work_mem = '9MB';\nCREATE INDEX CONCURRENTLY ON first (id);\n"
        "SET ROLE pg_monitor;",
    },
    "failing stepwise": {
        "002_a.sql": "SET work_mem = '9MB';\nCREATE INDEX CONCURRENTLY ON first (id);\n"
        "SET ROLE pg_monitor;\nSELECT 1 / 0;",
    },
}


def changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """
    Show what differs: only before, and only after.
    """
    return {
        name: (
            sorted(set(before[name]) - set(after[name])),
            sorted(set(after[name]) - set(before[name])),
        )
        for name in STATE
        if before[name] != after[name]
    }


def borrow(
    target: Target, folder: Path, setup: tuple[str, ...], *, autocommit: bool = False
) -> Any:
    """
    Run on a connection of our own; give the error, its flags, and its state before and after.
    """
    if target.is_async:
        return asyncio.run(_borrow_async(target, folder, setup, autocommit=autocommit))
    with psycopg.connect(target.url, autocommit=autocommit) as conn:

        def ask(sql: str) -> Any:
            rows = conn.execute(sql.encode()).fetchall()
            conn.commit()
            return rows

        for sql in setup:
            conn.execute(sql.encode())
        before = {name: ask(sql) for name, sql in STATE.items()}
        error = None
        try:
            Migrator(conn, folder).apply()
        except ApplyError as raised:
            error = raised
        flags = (conn.closed, conn.autocommit, conn.info.transaction_status.name)
        return error, flags, before, {name: ask(sql) for name, sql in STATE.items()}


async def _borrow_async(
    target: Target, folder: Path, setup: tuple[str, ...], *, autocommit: bool
) -> Any:
    async with await psycopg.AsyncConnection.connect(target.url, autocommit=autocommit) as conn:

        async def ask(sql: str) -> Any:
            rows = await (await conn.execute(sql.encode())).fetchall()
            await conn.commit()
            return rows

        for sql in setup:
            await conn.execute(sql.encode())
        before = {name: await ask(sql) for name, sql in STATE.items()}
        error = None
        try:
            await AsyncMigrator(conn, folder).apply()
        except ApplyError as raised:
            error = raised
        flags = (conn.closed, conn.autocommit, conn.info.transaction_status.name)
        return error, flags, before, {name: await ask(sql) for name, sql in STATE.items()}


@pytest.mark.parametrize("setup", SETUPS)
def test_a_borrowed_connection_comes_back_as_it_was(
    database: Target, folder: Path, setup: str
) -> None:
    """Whatever the files do, and however they end, the caller finds the session as it was."""
    wrong = {}
    for outcome, files in OUTCOMES.items():
        empty(database).apply(write(folder, FIRST))
        database.execute(
            "ALTER TABLE first OWNER TO pg_database_owner",
            "GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_database_owner",
            "GRANT ALL ON SCHEMA public TO pg_database_owner",
        )
        write(folder, FIRST | files)
        error, flags, before, after = borrow(database, folder, SETUPS[setup])
        assert (error is not None) == outcome.startswith("failing")
        assert flags == (False, False, "IDLE")
        wrong[outcome] = changes(before, after)
    assert wrong == {outcome: {} for outcome in OUTCOMES}


@pytest.mark.parametrize("autocommit", [False, True], ids=["transactions", "autocommit"])
@pytest.mark.parametrize("outcome", ["good", "failing", "stepwise"])
def test_the_first_run_leaves_no_more_behind_than_the_second(
    dialled: Target, folder: Path, outcome: str, autocommit: bool
) -> None:
    """The same, in both colours and both modes, where ledger and journal are created."""
    write(folder, FIRST | OUTCOMES[outcome])
    error, flags, before, after = borrow(dialled, folder, SETUPS["settings"], autocommit=autocommit)
    assert (error is not None) == outcome.startswith("failing")
    assert flags == (False, autocommit, "IDLE")
    assert changes(before, after) == {}


def test_a_borrowed_connection_inside_a_transaction_is_refused(
    dialled: Target, folder: Path
) -> None:
    """What the caller has not committed is the caller's: nothing is run or committed."""
    write(folder, FIRST)
    open_one = ("BEGIN", "CREATE TABLE mine (id int)")

    async def attempt() -> None:
        async with await psycopg.AsyncConnection.connect(dialled.url, autocommit=True) as conn:
            for sql in open_one:
                await conn.execute(sql.encode())
            with pytest.raises(ConfigError, match="transaction"):
                await AsyncMigrator(conn, folder).apply()
            await conn.execute("ROLLBACK")

    if dialled.is_async:
        asyncio.run(attempt())
    else:
        with psycopg.connect(dialled.url, autocommit=True) as conn:
            for sql in open_one:
                conn.execute(sql.encode())
            with pytest.raises(ConfigError, match="transaction"):
                Migrator(conn, folder).apply()
            conn.execute("ROLLBACK")
    assert dialled.tables() == set()


@pytest.mark.parametrize("outcome", ["good", "failing", "stepwise"])
def test_a_pool_gets_its_only_connection_back(dialled: Target, folder: Path, outcome: str) -> None:
    """A run on a pool checks one connection out and gives it back idle, open and unchanged."""
    write(folder, FIRST | OUTCOMES[outcome])
    ask = "SELECT pg_backend_pid(), current_setting('work_mem'), current_user, current_setting('role')"

    async def attempt() -> list[Any]:
        async with AsyncConnectionPool(dialled.url, min_size=1, max_size=1, open=False) as pool:
            seen = []
            for _ in range(2):
                async with pool.connection(5) as conn:
                    seen.append(await (await conn.execute(ask)).fetchone())
                with suppress(ApplyError):
                    await AsyncMigrator(pool, folder).apply()
            return seen

    if dialled.is_async:
        first, second = asyncio.run(attempt())
    else:
        with ConnectionPool(dialled.url, min_size=1, max_size=1, open=True) as pool:
            seen = []
            for _ in range(2):
                with pool.connection(5) as conn:
                    seen.append(conn.execute(ask.encode()).fetchone())
                with suppress(ApplyError):
                    Migrator(pool, folder).apply()
            first, second = seen
    assert first == second
    assert dialled.versions()[0] == "001"
