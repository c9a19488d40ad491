"""
Engines and connections of SQLAlchemy: which of them, what they are called, what goes
wrong when a connection is wanted.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from cutting import cutting
from drivers.attempts import COLOURS, attempt, quiet, refused
from drivers.engines import ONE, engine_on, url_of
from drivers.lenders import lending, tell
from st44_migrate import AsyncMigrator, Memory
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import ConfigError, DatabaseUnavailable
from targets import POSTGRES, Target, until

FILES = {"001_one.sql": "CREATE TABLE one (id integer);\n"}


def engine_of(colour: str, url: str) -> Any:
    """
    Make an engine that keeps nothing open.
    """
    make: Any = create_engine if colour == "blocking" else create_async_engine
    return make(url, poolclass=NullPool)


# --- which of them ------------------------------------------------------------


def test_the_colour_of_an_engine_counts() -> None:
    """The other migrator refuses it, and says which one to use."""
    engine, lite = create_engine("sqlite://"), create_async_engine("sqlite+aiosqlite://")
    assert driver_for(engine).dialect == async_driver_for(lite).dialect == "sqlite"
    with pytest.raises(ConfigError, match="Engine is blocking"):
        async_driver_for(engine)
    with pytest.raises(ConfigError, match="AsyncEngine is async"):
        driver_for(lite)
    with pytest.raises(ConfigError, match="AsyncConnection is async"):
        driver_for(lite.connect())
    with engine.connect() as conn:
        assert driver_for(conn).dialect == "sqlite"
        with pytest.raises(ConfigError, match="Connection is blocking"):
            async_driver_for(conn)


def test_the_blocking_side_of_an_async_engine_is_refused() -> None:
    """It would have to be awaited, and cannot be."""
    lite = create_async_engine("sqlite+aiosqlite://")
    with pytest.raises(ConfigError, match="aiosqlite is async, and this engine") as caught:
        driver_for(lite.sync_engine)
    assert "Pass its AsyncEngine" in caught.value.remedy


def test_a_connection_that_was_not_awaited_is_refused() -> None:
    """It is not one yet."""
    conn = create_async_engine("sqlite+aiosqlite://").connect()
    with pytest.raises(ConfigError, match="is not open"):
        asyncio.run(AsyncMigrator(conn, Memory(FILES)).apply())


def test_an_engine_with_options_is_an_engine() -> None:
    """What `execution_options` gives is of another class."""
    engine = create_engine("sqlite://").execution_options(isolation_level="AUTOCOMMIT")
    assert driver_for(engine).describe() == "an in-memory SQLite database"


@pytest.mark.parametrize(("package", "alone"), [("psycopg", False), ("psycopg2", True)])
def test_a_session_says_whether_it_sends_one_statement_at_a_time(
    pg_url: str, package: str, alone: bool
) -> None:
    """Behind a pooler of transactions such a run is refused: it asks the session."""
    engine = create_engine(pg_url.replace("postgresql:", f"postgresql+{package}:", 1))
    session: Any = driver_for(engine).connect(timeout=5, readonly=True, notice=quiet)
    try:
        assert session.one_by_one is alone
    finally:
        session.close()
        engine.dispose()


def test_an_engine_of_another_package_is_refused_in_words() -> None:
    """It is named, without a word of its URL."""
    pg8000 = ModuleType("pg8000")
    vars(pg8000).update(__version__="1.31.0", paramstyle="format")
    engine = create_engine("postgresql+pg8000://app:S3CR3T@db/shop", module=pg8000)
    with pytest.raises(ConfigError, match=r"an engine of postgresql\+pg8000 cannot") as caught:
        driver_for(engine)
    assert "postgresql+psycopg, " in str(caught.value)
    assert "S3CR3T" not in str(caught.value)


def test_a_session_of_the_orm_is_not_a_connection() -> None:
    """It has a transaction of its own; the message names what is accepted."""
    with (
        Session(create_engine("sqlite://")) as session,
        pytest.raises(ConfigError, match="Session is not a database") as caught,
    ):
        driver_for(session)
    assert "an engine or connection of SQLAlchemy" in caught.value.remedy


# --- what they are called -----------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://app:S3CR3T@db:5433/shop", "postgresql://app@db:5433/shop"),
        ("postgresql+psycopg://app:S3CR3T@db/shop", "postgresql://app@db:5432/shop"),
        ("postgresql+psycopg://app@[::1]/shop", "postgresql://app@[::1]:5432/shop"),
        ("postgresql+psycopg:///shop", "postgresql:///shop"),
        ("postgresql+psycopg://app@/s?host=/run/pg", "postgresql://app@/s?host=/run/pg"),
        ("postgresql+psycopg://app@/s?host=a:1&host=b:2", "postgresql://app@a:1,b:2/s"),
        ("postgresql+psycopg://db/s?sslpassword=S3CR3T", "postgresql://db:5432/s"),
        ("postgresql+psycopg://", "the postgresql database of the engine"),
        ("sqlite://", "an in-memory SQLite database"),
        ("sqlite:///:memory:", "an in-memory SQLite database"),
        ("sqlite:////data/app.db", "sqlite:////data/app.db"),
        ("sqlite:///file:/data/app.db?uri=true", "sqlite:///file:/data/app.db"),
        ("sqlite:///app.db", f"sqlite:///{Path.cwd() / 'app.db'}"),
    ],
)
def test_an_engine_is_named_by_its_url(url: str, shown: str) -> None:
    """As the URL itself would be, without secrets and parameters."""
    assert driver_for(create_engine(url)).describe() == shown


@pytest.mark.property
@given(st.text(max_size=12), st.text(alphabet="@:/?#%&=+[] \\'\"x1,.", max_size=12))
def test_a_password_of_an_engine_is_hidden(before: str, after: str) -> None:
    """However it is written."""
    password = f"{before}S3CR3T{after}"
    url = URL.create("postgresql+psycopg", "app", password, "db", 5433, "shop")
    driver = driver_for(create_engine(url))
    assert driver.describe() == "postgresql://app@db:5433/shop"
    assert "S3CR3T" not in f"{driver.describe()}{driver!r}{vars(driver)}"


# --- no connection ------------------------------------------------------------


@pytest.mark.parametrize("colour", COLOURS)
def test_a_server_that_is_not_there(colour: str) -> None:
    """The same words as for a URL."""
    engine = engine_of(colour, "postgresql+psycopg://app:S3CR3T@127.0.0.1:1/shop")
    error = refused(engine, colour)
    assert error.happened == "connection refused by 127.0.0.1:1"
    assert (error.transient, error.fault.value) == (True, "Connection refused")
    assert "S3CR3T" not in str(error)


@pytest.mark.parametrize("colour", COLOURS)
def test_a_database_that_is_not_there(colour: str, pg_url: str) -> None:
    """Waiting does not help."""
    engine = engine_of(colour, url_of(pg_url).replace("/st44_", "/not_"))
    error = refused(engine, colour)
    assert "does not exist" in error.happened
    assert (error.transient, error.fault.value) == (False, "Database not found")


@pytest.mark.parametrize("colour", COLOURS)
def test_a_file_that_cannot_be_opened(colour: str, tmp_path: Path) -> None:
    """A directory, or a path through nothing; looking at a file that is not there."""
    kind = "sqlite" if colour == "blocking" else "sqlite+aiosqlite"
    for path, said in (
        (tmp_path, "is a directory"),
        (tmp_path / "not" / "there.db", "does not exist"),
        (tmp_path / "there.db", "does not exist"),
    ):
        error = refused(engine_of(colour, f"{kind}:///{path}"), colour)
        assert said in error.happened
        assert error.fault.value == "Database not found"
    assert list(tmp_path.iterdir()) == []


def test_what_sqlite_says_itself_is_passed_on() -> None:
    """Only SQLite understands a URI."""
    engine = engine_of("blocking", "sqlite:///file:/not/there.db?mode=ro&uri=true")
    error = refused(engine, "blocking")
    assert error.happened == (
        "sqlite:///file:/not/there.db cannot be opened: unable to open database file"
    )
    assert not error.transient


@pytest.mark.parametrize("kind", POSTGRES)
def test_a_server_that_goes_away_meanwhile(kind: str, pg_url: str) -> None:
    """A connection that has to be made anew is not there: said as for the first."""
    if "host=/" not in pg_url:
        pytest.skip("the proxy speaks to a unix socket; this server has none")

    async def story() -> None:
        with cutting(pg_url, b"no such statement", deliver=False) as proxy:
            async with lending(Target(kind, proxy.url), "connection") as lender:
                await lender.done(lender.lent.invalidate())
                proxy.refuse = True
                with pytest.raises(DatabaseUnavailable) as caught:
                    await lender.apply(Memory(FILES))
                assert caught.value.transient
                proxy.refuse = False
                assert (await lender.apply(Memory(FILES))).latest == "001"

    tell(story)


@contextmanager
def silent() -> Iterator[int]:
    """
    Listen on a port, and never answer.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("colour", COLOURS)
def test_a_server_that_never_answers(colour: str) -> None:
    """An engine without a timeout of its own is not waited for longer than is asked."""
    with silent() as port:
        engine = engine_of(colour, f"postgresql+psycopg://app@127.0.0.1:{port}/shop")
        error = refused(engine, colour, timeout=0.3)
    assert "gave no connection within" in error.happened
    assert error.transient


def test_ctrl_c_while_a_connection_is_waited_for(pg_url: str) -> None:
    """The wait ends, and what comes later goes back to the pool."""
    with engine_on(url_of(pg_url), **ONE | {"pool_timeout": 600}) as engine:
        driver = driver_for(engine)
        held = engine.connect()
        main = threading.main_thread()

        def interrupt() -> None:
            until(lambda: any(t.name == "st44-migrate checkout" for t in threading.enumerate()))
            signal.pthread_kill(main.ident or 0, signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            driver.connect(timeout=60.0, readonly=True, notice=quiet)
        interrupting.join()
        held.close()
        until(lambda: not any(t.name == "st44-migrate checkout" for t in threading.enumerate()))
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("after", [0.0, 0.001, 0.02, 0.1])
@pytest.mark.parametrize("kind", ["psycopg-async", "aiosqlite"])
def test_a_cancelled_run_gives_the_connection_back(
    kind: str, after: float, request: pytest.FixtureRequest
) -> None:
    """Wherever it was: nothing is half open, nothing of the file stays, and the next run runs."""
    url = request.getfixturevalue("pg_url" if kind == "psycopg-async" else "sqlite_path")
    target = Target(kind, url if kind == "psycopg-async" else f"sqlite:///{url}")
    slow = (
        "SELECT pg_sleep(60);"
        if target.is_postgres
        else "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;"
    )

    async def story() -> None:
        async with lending(target, **ONE) as lender:
            files = Memory({"001_slow.sql": f"CREATE TABLE one (id integer);\n{slow}\n"})
            run = asyncio.ensure_future(AsyncMigrator(lender.engine, files).apply())
            await asyncio.sleep(after)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(run, 30)
            assert lender.pool.checkedout() == 0
            assert (await lender.apply(Memory(FILES))).latest == "001"

    tell(story)
    assert target.tables() == {"one"}


def test_an_attempt_that_is_cancelled_leaves_nothing_open(pg_url: str) -> None:
    """The connection that arrives all the same goes back to the pool."""

    async def story() -> None:
        async with lending(Target("psycopg-async", pg_url), **ONE) as lender:
            driver = async_driver_for(lender.engine)
            for after in (0, 1, 2, 3, 5, 8):
                opening = asyncio.ensure_future(
                    driver.connect(timeout=10.0, readonly=True, notice=quiet)
                )
                for _ in range(after):
                    await asyncio.sleep(0)
                opening.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await opening
                assert lender.pool.checkedout() == 0
            session = await driver.connect(timeout=10.0, readonly=True, notice=quiet)
            await session.close()
            assert lender.pool.checkedout() == 0

    tell(story)


@pytest.mark.parametrize("colour", COLOURS)
def test_an_attempt_takes_and_gives_back(colour: str, sqlite_path: Path) -> None:
    """A file that may be created is created, with as many slashes as SQLAlchemy wants."""
    kind = "sqlite" if colour == "blocking" else "sqlite+aiosqlite"
    attempt(engine_of(colour, f"{kind}:///{sqlite_path}"), colour, readonly=False)
    assert sqlite_path.exists()


def test_an_old_server_is_refused_and_the_connection_given_back(
    pg_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the driver underneath refuses, the pool has all of its connections."""
    monkeypatch.setattr("st44_migrate.drivers._pgsaid.OLDEST", 99)
    with engine_on(url_of(pg_url), **ONE) as engine:
        for _ in range(2):
            with pytest.raises(DatabaseUnavailable, match="99 or later is needed"):
                driver_for(engine).connect(timeout=5.0, readonly=True, notice=quiet)
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
