"""
Runs on what SQLAlchemy lends: exactly what the files say, and the caller's engine,
pool and transaction as they were.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, event
from sqlalchemy.pool import NullPool, StaticPool

from cutting import cutting
from drivers.engines import (
    AIOSQLITE_SETUPS,
    INSIDE,
    ONE,
    SQLITE_SETUPS,
    aiosqlite_engine,
    engine_on,
    sqlite_engine,
)
from drivers.lenders import LENT, Lender, lending, tell
from st44_migrate import (
    ApplyError,
    AsyncMigrator,
    ConfigError,
    DatabaseUnavailable,
    Memory,
    Migrator,
    Settings,
    migrate,
)
from targets import Target, applied, until, write

lent = pytest.mark.parametrize("lent", LENT)

FILES = {
    "001_one.sql": "CREATE TABLE one (id integer PRIMARY KEY, body text);\n",
    "002_two.sql": "CREATE TABLE two (id integer);\n",
}
BROKEN = FILES | {
    "003_bad.sql": "CREATE TABLE three (id integer);\nINSERT INTO two VALUES (3);\n"
    "INSERT INTO one VALUES (1, ''), (1, '');\nCREATE TABLE four (id integer);\n"
}


# --- to the byte --------------------------------------------------------------

PARAMETERS = ("%s", "%(x)s", "%%", "%", ":name", "::int", "?", "??", "{}", "{x}", "\\", "$1", "''")


@lent
def test_what_looks_like_a_parameter_is_text(target: Target, lent: str) -> None:
    """Neither SQLAlchemy nor the package underneath changes a byte of a file."""
    body = " ".join(PARAMETERS)
    modulo = "INSERT INTO one VALUES (7 % 4, 'a%s') -- 100% :sure? {}"
    files = FILES | {"003_text.sql": f"INSERT INTO one VALUES (1, '{body}');\n{modulo};\n"}

    async def story() -> None:
        async with lending(target, lent) as lender:
            assert applied(await lender.apply(Memory(files))) == ["001", "002", "003"]

    tell(story)
    assert target.query("SELECT id, body FROM one ORDER BY id") == [
        (1, body.replace("''", "'")),
        (3, "a%s"),
    ]


@pytest.mark.property
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PARAMETERS) | st.text("ab'\"é€ \n", max_size=3), max_size=9))
def test_any_text_arrives(tmp_path: Path, parts: list[str]) -> None:
    """What is written into a literal is read out of the table."""
    body = "".join(parts).replace("''", "'")
    literal = body.replace("'", "''")
    engine = create_engine("sqlite://")
    migrate(engine, Memory({"001_a.sql": f"CREATE TABLE a AS SELECT '{literal}' AS body;\n"}))
    with engine.connect() as conn:
        assert conn.exec_driver_sql("SELECT body FROM a").scalar() == body
    engine.dispose()


# --- whole or not at all ------------------------------------------------------


@lent
def test_a_failing_file_leaves_nothing(target: Target, folder: Path, lent: str) -> None:
    """What ran before it stays, and the caller goes on with the same engine."""

    async def story() -> None:
        async with lending(target, lent) as lender:
            with pytest.raises(ApplyError) as caught:
                await lender.apply(write(folder, BROKEN))
            assert caught.value.place is not None
            assert caught.value.place.line == 3
            assert applied(caught.value.report) == ["001", "002"]
            assert await lender.ask("SELECT count(*) FROM two") == [(0,)]
            report = await lender.apply(write(folder, FILES | {"003_ok.sql": "SELECT 1;"}))
            assert applied(report) == ["003"]

    tell(story)
    assert target.tables() == {"one", "two"}


TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'schema_%' ORDER BY name"
)


@pytest.mark.parametrize("setup", SQLITE_SETUPS)
def test_ddl_is_transactional_however_sqlite_is_set_up(setup: str, sqlite_path: Path) -> None:
    """Whatever begins and commits there by itself, a file is applied whole or not at all."""
    with sqlite_engine(setup, sqlite_path) as engine:
        for number in range(2):
            with pytest.raises(ApplyError):
                Migrator(engine, Memory(BROKEN)).apply()
            with engine.connect() as conn:
                assert conn.exec_driver_sql(TABLES).scalars().all() == ["one", "two"]
                assert conn.exec_driver_sql("SELECT count(*) FROM two").scalar() == 0
                conn.exec_driver_sql(f"INSERT INTO one VALUES ({number}, 'mine')")
                conn.rollback()
                conn.exec_driver_sql("INSERT INTO two VALUES (5)")
                conn.commit()
                conn.exec_driver_sql("DELETE FROM two")
                conn.commit()
        assert migrate(engine, Memory(FILES)).applied == ()
        with engine.connect() as conn:
            # AUTOCOMMIT has committed it, and nothing else may.
            kept = 2 * (setup == "autocommit")
            assert conn.exec_driver_sql("SELECT count(*) FROM one").scalar() == kept


@pytest.mark.parametrize("setup", AIOSQLITE_SETUPS)
def test_ddl_is_transactional_however_aiosqlite_is_set_up(setup: str, sqlite_path: Path) -> None:
    """The same, async."""

    async def story() -> None:
        async with aiosqlite_engine(setup, sqlite_path) as engine:
            for _ in range(2):
                with pytest.raises(ApplyError):
                    await AsyncMigrator(engine, Memory(BROKEN)).apply()
                async with engine.connect() as conn:
                    found = (await conn.exec_driver_sql(TABLES)).scalars().all()
                    assert found == ["one", "two"]
                    assert (await conn.exec_driver_sql("SELECT count(*) FROM two")).scalar() == 0

    tell(story)


# --- the caller's transaction -------------------------------------------------


def test_a_connection_inside_a_transaction_is_refused(target: Target) -> None:
    """It has begun one by its first statement: what is in it is still there, and the caller's."""

    async def story() -> None:
        async with lending(target, "connection") as lender:
            await lender.apply(Memory(FILES))
            await lender.ask("INSERT INTO two VALUES (5)", lender.lent)
            for call in (lender.plan, lender.apply):
                with pytest.raises(ConfigError, match="inside a transaction") as caught:
                    await call(Memory(FILES))
                assert "Commit or roll back before, or pass the engine" in str(caught.value)
            assert lender.lent.in_transaction()
            assert await lender.ask("SELECT id FROM two", lender.lent) == [(5,)]
            await lender.done(lender.lent.rollback())
            assert await lender.ask("SELECT id FROM two", lender.lent) == []
            await lender.done(lender.lent.rollback())
            assert (await lender.apply(Memory(FILES))).applied == ()

    tell(story)


@pytest.mark.parametrize("setup", [name for name in SQLITE_SETUPS if "memory" in name])
def test_a_transaction_on_the_only_connection_survives(setup: str, sqlite_path: Path) -> None:
    """
    In memory, an engine has one connection: whoever gives it back to the pool would
    roll back what another has begun.
    """
    with sqlite_engine(setup, sqlite_path) as engine:
        migrate(engine, Memory(FILES))
        with engine.connect() as conn:
            conn.exec_driver_sql("INSERT INTO two VALUES (5)")
            with pytest.raises(ConfigError, match="inside a transaction"):
                migrate(engine, Memory(BROKEN))
            conn.commit()
        with engine.connect() as conn:
            assert conn.exec_driver_sql("SELECT id FROM two").scalars().all() == [5]
            conn.rollback()
            assert conn.exec_driver_sql(TABLES).scalars().all() == ["one", "two"]


def test_a_transaction_on_the_only_async_connection_survives(sqlite_path: Path) -> None:
    """The same, async."""

    async def story() -> None:
        async with aiosqlite_engine("memory", sqlite_path) as engine:
            await AsyncMigrator(engine, Memory(FILES)).apply()
            async with engine.connect() as conn:
                await conn.exec_driver_sql("INSERT INTO two VALUES (5)")
                with pytest.raises(ConfigError, match="inside a transaction"):
                    await AsyncMigrator(engine, Memory(BROKEN)).apply()
                await conn.commit()
            async with engine.connect() as conn:
                assert (await conn.exec_driver_sql("SELECT id FROM two")).scalars().all() == [5]

    tell(story)


def test_what_nobody_can_tell_is_refused(sqlite_path: Path) -> None:
    """
    One connection for everybody, which is always inside a transaction: it may be empty
    or not.
    """
    options = {"poolclass": StaticPool, "connect_args": INSIDE | {"check_same_thread": False}}
    with engine_on(f"sqlite:///{sqlite_path}", **options) as engine:
        with pytest.raises(ConfigError, match="autocommit=False"):
            migrate(engine, Memory(FILES))
        with engine.begin() as conn:
            conn.exec_driver_sql("CREATE TABLE mine (id integer)")
            with pytest.raises(ConfigError, match="inside a transaction") as caught:
                migrate(engine, Memory(FILES))
            assert "nobody can tell" in caught.value.remedy
        with engine.connect() as conn:
            assert conn.exec_driver_sql(TABLES).scalars().all() == ["mine"]
            conn.rollback()
            with pytest.raises(ConfigError, match="autocommit=False"):
                migrate(conn, Memory(FILES))


def test_one_connection_of_postgresql_for_everybody(database: Target) -> None:
    """A StaticPool on a server is no different."""

    async def story() -> None:
        async with lending(database, poolclass=StaticPool) as lender:
            await lender.apply(Memory(FILES))
            with lender.engine.connect() as conn:
                assert (await lender.apply(Memory(FILES))).applied == ()
                conn.exec_driver_sql("INSERT INTO two VALUES (5)")
                with pytest.raises(ConfigError, match="inside a transaction"):
                    await lender.apply(Memory(FILES))
                conn.commit()

    tell(story)
    assert database.query("SELECT id FROM two") == [(5,)]


@lent
def test_a_file_that_runs_in_steps_needs_no_second_connection(pg: Target, lent: str) -> None:
    """An index is built CONCURRENTLY, with a pool of one."""
    files = FILES | {"003_index.sql": "CREATE INDEX CONCURRENTLY two_id ON two (id);\n"}

    async def story() -> None:
        async with lending(pg, lent, **ONE) as lender:
            assert applied(await lender.apply(Memory(files))) == ["001", "002", "003"]

    tell(story)
    assert pg.query("SELECT indisvalid FROM pg_index WHERE indexrelid = 'two_id'::regclass") == [
        (True,)
    ]


STATE = (
    "SELECT name, setting FROM pg_settings WHERE source = 'session' ORDER BY name",
    "SELECT current_user, current_setting('role')",
    "SELECT relname FROM pg_class WHERE relpersistence = 't' ORDER BY relname",
    "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
)


@pytest.mark.parametrize("isolation", ["AUTOCOMMIT", "SERIALIZABLE"])
def test_a_connection_keeps_what_its_owner_has_set(pg: Target, isolation: str) -> None:
    """Settings, role, temporary tables and the isolation level of the connection."""
    files = FILES | {
        "003_set.sql": "SET work_mem = '9MB'; SET ROLE pg_monitor; CREATE TEMP TABLE w (i int);\n",
        "004_bad.sql": "SET search_path = pg_catalog; SELECT 1 / 0;\n",
    }

    async def story() -> None:
        async with lending(pg, "connection", **ONE) as lender:
            conn = lender.lent
            await lender.done(conn.execution_options(isolation_level=isolation))

            async def state() -> list[Any]:
                seen: list[Any] = [await lender.ask(sql, conn) for sql in STATE]
                seen.append(await lender.done(conn.get_isolation_level()))
                await lender.done(conn.rollback())
                return seen

            for sql in ("SET work_mem = '7MB'", "CREATE TEMP TABLE mine (id integer)"):
                await lender.ask(sql, conn)
            await lender.done(conn.commit())
            before = await state()
            with pytest.raises(ApplyError):
                await lender.apply(Memory(files))
            assert await state() == before

    tell(story)


# --- the pool -----------------------------------------------------------------


@pytest.mark.parametrize("files", [FILES, BROKEN], ids=["good", "failing"])
def test_the_only_connection_goes_back_to_the_pool(
    target: Target, folder: Path, files: dict[str, str]
) -> None:
    """One is enough, and the next who takes it finds the same session as before."""
    write(folder, files)

    async def story() -> None:
        async with lending(target, **ONE) as lender:
            seen = []
            for _ in range(3):
                assert lender.pool.checkedout() == 0
                seen.append(await lender.ask(_WHO[target.is_postgres]))
                try:
                    await lender.apply(folder)
                except ApplyError:
                    assert files is BROKEN
                await lender.plan(folder)
            assert seen[0] == seen[1] == seen[2]
            assert lender.pool.checkedout() == 0

    tell(story)


_WHO = {
    True: "SELECT pg_backend_pid(), current_setting('search_path'), current_setting('lock_timeout')",
    False: "PRAGMA busy_timeout",
}


def test_a_session_without_a_pool_is_ended(pg: Target) -> None:
    """NullPool keeps nothing: no session stays at the server."""

    async def story() -> None:
        async with lending(pg, poolclass=NullPool) as lender:
            await lender.apply(Memory(FILES))

    tell(story)
    others = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    until(lambda: pg.query(others) == [(0,)])


def test_an_exhausted_pool_is_said_to_be_one(pg: Target) -> None:
    """Not after the pool's own patience, but after ours; and it has all back in the end."""

    async def story() -> None:
        async with lending(pg, **ONE | {"pool_timeout": 600}) as lender:
            conn = await lender.done(lender.engine.connect())
            with pytest.raises(DatabaseUnavailable, match="gave no connection within") as caught:
                await lender.apply(Memory(FILES), settings=Settings(wait=1.0))
            assert (caught.value.transient, caught.value.fault.value) == (
                True,
                "Connection pool timeout",
            )
            await lender.done(conn.close())
            # Whoever waited for it in vain takes it, and gives it back.
            assert applied(await lender.apply(Memory(FILES))) == ["001", "002"]
            for _ in range(1000):
                if lender.pool.checkedout() == 0:
                    break
                await asyncio.sleep(0.01)
            assert lender.pool.checkedout() == 0

    tell(story)


def test_the_pool_of_files_has_its_own_patience(sqlite_path: Path) -> None:
    """A connection of SQLite is of use in the thread that takes it: nobody else can wait."""
    with engine_on(f"sqlite:///{sqlite_path}", **ONE | {"pool_timeout": 0.05}) as engine:
        with engine.connect(), pytest.raises(DatabaseUnavailable, match="in time") as caught:
            migrate(engine, Memory(FILES))
        assert caught.value.fault.value == "Connection pool timeout"
        assert applied(migrate(engine, Memory(FILES))) == ["001", "002"]


# --- sessions that are lost ---------------------------------------------------

SUICIDE = "SELECT pg_terminate_backend(pg_backend_pid());\n"


@lent
def test_a_session_that_is_killed_is_not_given_back(pg: Target, lent: str) -> None:
    """The error says that it was lost; what the caller has goes on, with a new session."""
    files = FILES | {"003_cut.sql": f"CREATE TABLE three (id integer);\n{SUICIDE}"}

    async def story() -> None:
        async with lending(pg, lent, **ONE) as lender:
            with pytest.raises(ApplyError) as caught:
                await lender.apply(Memory(files))
            assert "terminating connection" in str(caught.value)
            assert applied(caught.value.report) == ["001", "002"]
            report = await lender.apply(Memory(FILES | {"003_ok.sql": "SELECT 1;"}))
            assert applied(report) == ["003"]
            assert await lender.ask(
                "SELECT count(*) FROM two", lender.lent if lent == "connection" else None
            ) == [(0,)]

    tell(story)
    assert pg.tables() == {"one", "two"}


async def outcome(lender: Lender, files: Memory) -> str:
    """
    Run, and give what is said of 002.
    """
    try:
        report = await lender.apply(files)
    except ApplyError as error:
        found = re.search(r"(\w+)_two.sql (was rolled back whole)", error.unchanged)
        return f"{found[1]} {found[2]}" if found else error.unchanged
    return "applied" if "002" in applied(report) else "skipped"


@lent
@pytest.mark.parametrize("deliver", [True, False], ids=["answer lost", "message lost"])
def test_a_connection_cut_around_commit_is_looked_up(pg: Target, lent: str, deliver: bool) -> None:
    """SQLAlchemy connects again, so that the run can see whether the file was committed."""
    if "host=/" not in pg.url:
        pytest.skip("the proxy speaks to a unix socket; this server has none")
    files = Memory(FILES | {"003_three.sql": "CREATE TABLE three (id integer);\n"})

    async def story() -> None:
        with cutting(pg.url, b"CREATE TABLE two", deliver=deliver) as proxy:
            async with lending(Target(pg.kind, proxy.url), lent, **ONE) as lender:
                said = await outcome(lender, files)
                # The server may find the client gone before it commits.
                assert deliver or said == "002 was rolled back whole"
                assert ("two" in pg.tables()) == (said == "applied")
                assert proxy.cuts == 1
                assert (await lender.apply(files)).latest == "003"

    tell(story)
    assert pg.tables() == {"one", "two", "three"}
    assert pg.versions() == ["001", "002", "003"]


def test_connections_that_died_in_the_pool_are_thrown_away(pg: Target) -> None:
    """The server was restarted since the app had used them: the run gets a live one."""
    size = 3

    async def story() -> None:
        async with lending(pg, pool_size=size, max_overflow=0) as lender:
            conns = [await lender.done(lender.engine.connect()) for _ in range(size)]
            pids = [(await lender.ask("SELECT pg_backend_pid()", c))[0][0] for c in conns]
            for conn in conns:
                await lender.done(conn.close())
            for pid in pids:
                pg.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
            assert applied(await lender.apply(Memory(FILES))) == ["001", "002"]
            assert lender.pool.checkedout() == 0

    tell(story)


def test_a_connection_that_was_invalidated_connects_again(target: Target) -> None:
    """As it would for its owner."""

    async def story() -> None:
        async with lending(target, "connection") as lender:
            await lender.done(lender.lent.invalidate())
            assert applied(await lender.apply(Memory(FILES))) == ["001", "002"]

    tell(story)


def test_a_closed_connection_is_refused(target: Target) -> None:
    """It is a mistake of the program, and said to be one."""

    async def story() -> None:
        async with lending(target, "connection") as lender:
            await lender.done(lender.lent.close())
            with pytest.raises(ConfigError, match="is not open"):
                await lender.apply(Memory(FILES))

    tell(story)


# --- what listens -------------------------------------------------------------


def test_what_listens_to_the_pool_is_heard_and_statements_are_not(pg: Target) -> None:
    """What an engine sets up for its connections counts; the files are nobody's statements."""
    pg.execute("CREATE SCHEMA app")
    heard: list[str] = []

    async def story() -> None:
        async with lending(pg, connect_args={"options": "-c lock_timeout=7s"}) as lender:
            sync = lender.engine.sync_engine if pg.is_async else lender.engine

            @event.listens_for(sync, "connect")
            def connected(conn: Any, record: object) -> None:
                heard.append("connect")

            @event.listens_for(sync, "checkout")
            def checked_out(conn: Any, record: object, proxy: object) -> None:
                heard.append("checkout")

            @event.listens_for(sync, "checkin")
            def checked_in(conn: Any, record: object) -> None:
                heard.append("checkin")

            @event.listens_for(sync, "engine_connect")
            def begun(conn: Any) -> None:
                heard.append("engine_connect")
                conn.exec_driver_sql("SET search_path = app")

            @event.listens_for(sync, "before_cursor_execute")
            def executed(conn: Any, cursor: Any, sql: str, *rest: object) -> None:
                heard.append(sql)

            await lender.apply(Memory(FILES))

    tell(story)
    assert heard == ["connect", "checkout", "engine_connect", "SET search_path = app", "checkin"]
    assert pg.query("SELECT tablename FROM pg_tables WHERE schemaname = 'app' ORDER BY 1") == [
        ("one",),
        ("schema_migrations",),
        ("schema_migrations_journal",),
        ("two",),
    ]


# --- exactly once -------------------------------------------------------------


def test_two_engines_race(target: Target) -> None:
    """Each file is applied by one of them."""
    racers = 4
    ready = Barrier(racers)
    files = FILES | {
        f"{n:03}_more.sql": f"CREATE TABLE more_{n} (id integer);" for n in range(3, 9)
    }

    def race(_: int) -> list[str]:
        done: list[str] = []

        async def story() -> None:
            async with lending(target) as lender:
                ready.wait()
                done.extend(applied(await lender.apply(Memory(files))))

        tell(story)
        return done

    with ThreadPoolExecutor(racers) as pool:
        results = list(pool.map(race, range(racers)))
    assert sorted(version for done in results for version in done) == sorted(target.versions())
    assert len(target.versions()) == len(files)


# --- reading ------------------------------------------------------------------


def test_looking_creates_no_file(sqlite_path: Path) -> None:
    """A plan of a database that is not there is refused; SQLite would create it."""
    for kind in ("sqlite3", "aiosqlite"):
        target = Target(kind, f"sqlite:///{sqlite_path}")

        async def story(target: Target = target) -> None:
            async with lending(target) as lender:
                with pytest.raises(DatabaseUnavailable, match="does not exist"):
                    await lender.plan(Memory(FILES))

        tell(story)
    assert not sqlite_path.exists()
