"""
Which statements PostgreSQL refuses in a transaction: the tables against a server.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from sqltext.kit import read

ALONE = (
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "create unique index /* now */ concurrently\n if not exists i on t (a)",
    "DROP INDEX CONCURRENTLY IF EXISTS i",
    "REINDEX INDEX CONCURRENTLY i",
    "REINDEX (VERBOSE) TABLE CONCURRENTLY t",
    "REINDEX (CONCURRENTLY) INDEX i",
    "REINDEX (VERBOSE, CONCURRENTLY true) TABLE t",
    "REINDEX SCHEMA public",
    "REINDEX DATABASE",
    "REINDEX SYSTEM",
    "VACUUM",
    "VACUUM (ANALYZE) t",
    "CREATE DATABASE d",
    "DROP DATABASE IF EXISTS d",
    "ALTER DATABASE d SET TABLESPACE pg_default",
    "CREATE TABLESPACE s LOCATION '/nowhere'",
    "DROP TABLESPACE IF EXISTS s",
    "ALTER SYSTEM SET work_mem = '8MB'",
    "ALTER SYSTEM RESET ALL",
    "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY",
    'alter table if exists only "p" detach partition public.p1 concurrently',
    "CLUSTER",
    "CLUSTER VERBOSE",
    "CLUSTER (VERBOSE)",
    "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (enabled = false, copy_data = false)",
    "DISCARD ALL",
    "COMMIT PREPARED 'x'",
    "ROLLBACK PREPARED 'x'",
)

# They look like the above, and can run in a transaction.
TOGETHER = (
    "CREATE INDEX i ON t (a)",
    "CREATE INDEX concurrently_i ON t (a)",
    'CREATE INDEX "concurrently" ON t (a)',
    "CREATE TABLE u (vacuum int)",
    "CREATE VIEW v AS SELECT 'CREATE INDEX CONCURRENTLY i ON t (a)' AS c",
    "DROP INDEX IF EXISTS concurrently_i",
    "COMMENT ON TABLE t IS 'VACUUM; REINDEX (CONCURRENTLY)'",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    "REINDEX TABLE t",
    "REINDEX (VERBOSE) INDEX ti",
    "REINDEX (CONCURRENTLY false) TABLE t",
    "ANALYZE t",
    "CLUSTER t USING ti",
    "CLUSTER (VERBOSE) t USING ti",
    "ALTER TABLE p DETACH PARTITION p1",
    "ALTER DATABASE postgres SET a.tablespace = 'b'",
    "ALTER TYPE e ADD VALUE 'vacuum'",
    "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p WITH (connect = false)",
    "DISCARD TEMP",
    "DO 'BEGIN EXECUTE ''SELECT 1 -- VACUUM''; END'",
    "SELECT 1 AS vacuum",
)

# They need another server, or a subscription with a slot on one.
ALONE_UNTRIED = (
    "DROP SUBSCRIPTION s",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "ALTER SUBSCRIPTION s ADD PUBLICATION p, q",
    "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (copy_data = false)",
    "ALTER SUBSCRIPTION s SET (failover = true)",
)
TOGETHER_UNTRIED = (
    "ALTER SUBSCRIPTION s SET PUBLICATION p WITH (refresh = false)",
    "ALTER SUBSCRIPTION s DISABLE",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION a, b, c, d, e WITH (create_slot = false)",
)

PREPARATION = """
CREATE TABLE t (a int);
CREATE INDEX ti ON t (a);
CREATE TABLE p (a int) PARTITION BY LIST (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TYPE e AS ENUM ('a');
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a;
CREATE UNIQUE INDEX mi ON m (a);
"""

IN_A_TRANSACTION = "25001"


@pytest.fixture
def prepared(pg_url: str) -> Iterator[psycopg.Connection]:
    """
    Give an open transaction on a database in which the statements find what they name.
    """
    with psycopg.connect(pg_url) as conn:
        conn.execute(PREPARATION)
        conn.commit()
        yield conn
        conn.rollback()


@pytest.mark.parametrize("sql", [*ALONE, *ALONE_UNTRIED])
def test_what_cannot_run_in_a_transaction_runs_alone(sql: str) -> None:
    """The file commits unit by unit, without a header."""
    script = read(f"SELECT 1; {sql}")
    assert (script.transactional, script.autonomous) == (False, frozenset({1}))


@pytest.mark.parametrize("sql", [*TOGETHER, *TOGETHER_UNTRIED])
def test_everything_else_runs_in_the_transaction(sql: str) -> None:
    """Keywords in strings, comments and names mean nothing."""
    assert read(f"SELECT 1; {sql} /* CONCURRENTLY */; -- VACUUM").transactional


def test_the_server_refuses_in_a_transaction_what_runs_alone(prepared: psycopg.Connection) -> None:
    """Nothing is taken out of a transaction without need."""
    refused = {sql: sqlstate(prepared, sql) for sql in ALONE}
    assert {sql: state for sql, state in refused.items() if state != IN_A_TRANSACTION} == {}


def test_the_server_takes_in_a_transaction_what_does_not(prepared: psycopg.Connection) -> None:
    """Nothing is left in a transaction that cannot be there."""
    states = {sql: sqlstate(prepared, sql) for sql in TOGETHER}
    assert {sql: state for sql, state in states.items() if state != ""} == {}


def sqlstate(conn: psycopg.Connection, sql: str) -> str:
    """
    Run *sql* in a transaction, and return how it failed; ``""`` if it did not.
    """
    try:
        conn.execute("SELECT 1")
        conn.execute(sql.encode())
    except psycopg.Error as error:
        return error.sqlstate or "?"
    else:
        return ""
    finally:
        conn.rollback()
