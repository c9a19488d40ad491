"""
The drivers on SQLAlchemy beyond their contract: URLs, colours, refusals, and Core's grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.dialects import mssql, oracle
from sqlalchemy.ext.asyncio import create_async_engine

from mariadb_server import MariaDBServer
from st44_migrate import (
    ApplyError,
    ConfigError,
    DatabaseUnavailable,
    LedgerName,
    Memory,
    Migrator,
    migrate,
)
from st44_migrate.drivers._coregrammar import CoreGrammar
from st44_migrate.drivers.core import CoreDriver
from st44_migrate.drivers.url import async_driver_for, driver_for
from targets import applied

FILES = {
    "001_a.sql": "CREATE TABLE a (id int, said text);\nINSERT INTO a VALUES (1, '100% :x ?');",
    "002_b.sql": "INSERT INTO a VALUES (2, 'it''s');",
}


# --- any other database -------------------------------------------------------


@pytest.fixture
def engine(pg_url: str) -> Iterator[Engine]:
    """
    Give an engine on PostgreSQL, which stands for a database that only SQLAlchemy knows.
    """
    engine = create_engine(re.sub("^postgresql", "postgresql+psycopg", pg_url))
    yield engine
    engine.dispose()


def foreign(engine: Engine) -> CoreDriver:
    """
    Make a driver whose SQL Core writes, whatever the engine is connected to.
    """
    driver = CoreDriver(engine)
    driver.grammar = CoreGrammar(engine.dialect)
    return driver


def test_core_writes_the_ledger(engine: Engine) -> None:
    """A run, a second one, a failure: on a server, in its words, to the byte."""
    driver = foreign(engine)
    assert applied(migrate(driver, Memory(FILES))) == ["001", "002"]
    assert applied(migrate(driver, Memory(FILES))) == []
    assert Migrator(driver, Memory(FILES)).show("1").applied_sql == FILES["001_a.sql"]
    more = {**FILES, "003_c.sql": "CREATE TABLE c (id int);\nSELECT * FROM nowhere;"}
    with pytest.raises(ApplyError, match=r"003_c.sql:2:15: .*nowhere.*42P01") as caught:
        migrate(driver, Memory(more))
    assert "rolled back whole" in caught.value.unchanged
    with engine.connect() as conn:
        said = conn.execute(text("SELECT said FROM a ORDER BY id")).scalars().all()
        assert said == ["100% :x ?", "it's"]
        assert conn.execute(text("SELECT to_regclass('c')")).scalar() is None


def test_a_name_with_a_percent_sign_is_quoted(engine: Engine) -> None:
    """Core doubles it where parameters are looked for; here they are not."""
    grammar = CoreGrammar(engine.dialect)
    assert grammar.quote("50% off") == '"50% off"'
    assert grammar.literal("50%% off") == "'50%% off'"


@pytest.mark.parametrize("module", [mssql, oracle])
def test_texts_compile_for_databases_that_are_not_here(module: object) -> None:
    """Names, literals, types and casts in their words."""
    grammar = CoreGrammar(module.dialect())  # type: ignore[attr-defined]
    tables = grammar.tables(LedgerName("done", "ops"))
    said = " ".join(
        (
            *grammar.types,
            *grammar.upsert(tables.journal, {"version": "'1'", "name": "'a'"}, {"at": grammar.now}),
            grammar.inspect(LedgerName("done"), borrowed=False),
            grammar.concat("'a'", "'b'"),
            grammar.literal("it's"),
        )
    )
    assert "it''s" in said
    assert tables.ledger in {"[ops].[done]", '"ops"."done"'}
    assert ("'a' + 'b'" in said) == (grammar.name == "mssql")


def test_a_database_without_autocommit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a transaction of SQLAlchemy's, BEGIN and COMMIT would not be ours."""
    engine = create_engine("sqlite://")
    monkeypatch.setattr(engine.dialect, "get_isolation_level_values", lambda _: ["SERIALIZABLE"])
    with pytest.raises(ConfigError, match="no autocommit mode for sqlite"):
        migrate(foreign(engine), Memory(FILES))
    engine.dispose()


# --- URLs and colours ---------------------------------------------------------


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "mysql+pymysql", "mariadb+aiomysql"])
def test_a_url_opens_in_either_colour(mariadb: MariaDBServer, scheme: str) -> None:
    """Whatever package it names: each colour takes one that speaks it."""
    with mariadb.database() as url:
        other = re.sub(r"^[^:]+", scheme, url)
        assert applied(migrate(other, Memory(FILES))) == ["001", "002"]
        base = scheme.partition("+")[0]
        for driver, package in (
            (async_driver_for(other), "aiomysql"),
            (driver_for(other), "pymysql"),
        ):
            assert re.fullmatch(rf"{base}://root@localhost:3306/\w+", driver.describe())
            engine: Any = vars(driver)["_engine"]
            assert engine.dialect.driver == package


def test_a_password_with_an_at_sign_is_asked_to_be_escaped() -> None:
    """What stands behind it would be taken for the host, and shown."""
    with pytest.raises(ConfigError, match="more than one @") as caught:
        driver_for("mysql://app:S3@CR3T@db/shop")
    assert "CR3T" not in str(caught.value)


def test_a_package_that_is_missing_is_named() -> None:
    """The server's protocol is another package's."""
    with pytest.raises(ConfigError, match="pip install"):
        driver_for("mysql+cymysql://app@db/shop")


def test_the_wrong_colour_is_refused(mariadb: MariaDBServer) -> None:
    """An engine is async or it is not."""
    engine = create_async_engine(mariadb.url("x").replace("pymysql", "aiomysql"))
    with pytest.raises(ConfigError, match="AsyncEngine is async"):
        driver_for(engine)
    with pytest.raises(ConfigError, match="Engine is blocking"):
        async_driver_for(create_engine(mariadb.url("x")))


def test_a_server_that_is_not_there_may_come(mariadb_url: str) -> None:
    """Nobody listens: waiting may help.  No database: it does not."""
    with pytest.raises(DatabaseUnavailable, match="gives no connection") as caught:
        migrate("mysql://root@127.0.0.1:1/x", Memory(FILES))
    assert caught.value.transient
    with pytest.raises(DatabaseUnavailable, match="Unknown database") as caught:
        migrate(mariadb_url.replace("?", "_gone?"), Memory(FILES))
    assert not caught.value.transient


# --- what the caller has open -------------------------------------------------


def test_a_connection_in_a_transaction_is_refused(mariadb_url: str) -> None:
    """It would be committed by ours."""
    engine = create_engine(mariadb_url)
    with engine.connect() as conn:
        conn.execute(text("SELECT 1"))
        with pytest.raises(ConfigError, match="inside a transaction"):
            migrate(conn, Memory(FILES))
        conn.rollback()
        assert applied(migrate(conn, Memory(FILES))) == ["001", "002"]
        count = text("SELECT count(*) FROM a WHERE said LIKE :what")
        assert conn.execute(count, {"what": "100%"}).scalar() == 1
    with pytest.raises(ConfigError, match="is not open"):
        migrate(conn, Memory(FILES))
    engine.dispose()


def test_the_engine_gets_its_connection_back_as_it_was(mariadb_url: str) -> None:
    """Settings of a file, the database in use and the lock do not stay in the pool."""
    engine = create_engine(mariadb_url, pool_size=1, max_overflow=0)
    look = text("SELECT @@sql_mode, DATABASE(), @@autocommit, IS_USED_LOCK('x'), CONNECTION_ID()")
    with engine.connect() as conn:
        before = tuple(conn.execute(look).one())
    files = {**FILES, "003_c.sql": "SET sql_mode = '';\nUSE information_schema;\nSELECT 1;"}
    assert len(migrate(engine, Memory(files)).applied) == 3
    with engine.connect() as conn:
        assert tuple(conn.execute(look).one()) == before
    engine.dispose()
