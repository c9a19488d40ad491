"""
Nothing leaks from one file to the next, nor into its record (R9).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from runs.conftest import empty
from st44_migrate import ApplyError
from targets import Target, applied, write

LEAKS = {
    "search_path": "SET search_path = pg_catalog;",
    "search_path emptied": "SELECT set_config('search_path', '', false);",
    "role": "SET ROLE pg_monitor;",
    "authorization": "SET SESSION AUTHORIZATION pg_monitor;",
    "authorization and role": "SET SESSION AUTHORIZATION pg_monitor; SET ROLE pg_read_all_stats;",
    "lock_timeout": "SET lock_timeout = '17min';",
    "statement_timeout": "SET statement_timeout = '17min';",
    "isolation": "SET default_transaction_isolation = serializable;",
    "read only": "SET default_transaction_read_only = on;",
    "strings": "SET standard_conforming_strings = off; SET escape_string_warning = off;",
    "replica": "SET session_replication_role = replica;",
    "encoding": "SET client_encoding = latin1;",
    "row_security": "SET row_security = off;",
    "own setting": "SELECT set_config('app.tenant', '7', false);",
    "temporary table": "CREATE TEMPORARY TABLE leak (id int); CREATE TEMPORARY VIEW lv AS SELECT 1;",
    "temporary ledger": "CREATE TEMPORARY TABLE schema_migrations (version text);",
    "prepared statement": "PREPARE leak AS SELECT 1;",
    "cursor": "DECLARE leak CURSOR WITH HOLD FOR SELECT 1;",
    "listening": "LISTEN leak;",
    "lock": "SELECT pg_advisory_lock(17);",
    "locks": "SELECT pg_advisory_lock(17), pg_advisory_lock(17), pg_advisory_lock_shared(17),"
    " pg_advisory_lock(-9000000000), pg_advisory_lock(3, -4), pg_advisory_lock_shared(-3, 4);",
}
PROBE = """
CREATE TABLE public.seen AS
SELECT 'role' AS what, current_user || ' ' || session_user AS value
UNION ALL SELECT name, setting FROM pg_settings
 WHERE name NOT LIKE 'transaction_%' AND name NOT LIKE 'plpgsql.%' -- there once it is loaded
UNION ALL SELECT 'app.tenant', nullif(current_setting('app.tenant', true), '')
UNION ALL SELECT 'temporary', relname FROM pg_class WHERE relpersistence = 't'
UNION ALL SELECT 'prepared', name FROM pg_prepared_statements
UNION ALL SELECT 'cursor', name FROM pg_cursors WHERE is_holdable
UNION ALL SELECT 'listening', pg_listening_channels()
UNION ALL SELECT 'lock', concat_ws(' ', classid, objid, objsubid, mode) FROM pg_locks
 WHERE locktype = 'advisory' AND pid = pg_backend_pid();
"""


def seen(target: Target) -> list[tuple[Any, ...]]:
    return target.query("SELECT * FROM seen ORDER BY 1, 2")


def test_a_file_changes_nothing_for_the_next(database: Target, folder: Path) -> None:
    """The second file sees the session that it would see without the first; both are recorded."""
    database.apply(write(folder, {"001_none.sql": "SELECT 1;", "002_probe.sql": PROBE}))
    plain = set(seen(database))
    leaked = {}
    for leak, sql in LEAKS.items():
        empty(database)
        report = database.apply(write(folder, {"001_leak.sql": sql, "002_probe.sql": PROBE}))
        assert applied(report) == ["001", "002"]
        recorded = database.query("SELECT version FROM public.schema_migrations ORDER BY 1")
        assert recorded == [("001",), ("002",)]
        leaked[leak] = sorted(plain ^ set(seen(database)))
    assert leaked == {leak: [] for leak in LEAKS}


def test_what_a_failing_file_sets_is_gone_too(database: Target, folder: Path) -> None:
    """A failure is noted in the journal under our own role, whatever the file had set."""
    everything = "\n".join(LEAKS[name] for name in ("role", "search_path", "read only", "lock"))
    with pytest.raises(ApplyError) as caught:
        database.apply(write(folder, {"001_leak.sql": everything + "\nSELECT 1 / 0;"}))
    assert caught.value.sqlstate == "22012"
    assert database.query("SELECT state FROM public.schema_migrations_journal") == [("failed",)]


def test_steps_of_one_file_share_their_session(database: Target, folder: Path) -> None:
    """A file that commits step by step keeps its settings and its role between the steps, as in psql."""
    database.execute("CREATE TABLE t (id int)", "GRANT ALL ON SCHEMA public TO pg_monitor")
    steps = (
        "SET ROLE pg_monitor;\nSET application_name = 'mine';\n"
        "CREATE TABLE who AS SELECT current_user::text AS name, current_setting('application_name');\n"
        "CREATE INDEX CONCURRENTLY ON who (name);\n"
        "INSERT INTO who SELECT current_user, current_setting('application_name');\n"
    )
    database.apply(write(folder, {"001_steps.sql": steps, "002_probe.sql": PROBE}))
    assert database.query("SELECT * FROM who") == [("pg_monitor", "mine")] * 2
    user = conninfo_to_dict(database.url)["user"]
    assert database.query("SELECT value FROM seen WHERE what = 'role'") == [(f"{user} {user}",)]
