"""
Where the ledger cannot be trusted nothing is assumed, run or written.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from runs.conftest import Login
from st44_migrate import DatabaseUnavailable, LedgerError, LedgerName, MigrateError, Settings
from targets import Target, applied, labels, write

FILES = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}
TOOLS = {
    "golang-migrate": "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean NOT NULL)",
    "dbmate": "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)",
    "Rails": "CREATE TABLE schema_migrations (version varchar PRIMARY KEY)",
    "Ecto": "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0))",
    "another program": "CREATE TABLE schema_migrations (version text, name text, applied_at timestamptz,"
    " batch int NOT NULL)",
    "is a view": "CREATE VIEW schema_migrations AS SELECT '1'::text AS version, 'a'::text AS name,"
    " now() AS applied_at",
    "is a materialized view": "CREATE MATERIALIZED VIEW schema_migrations AS"
    " SELECT '1'::text AS version, 'a'::text AS name, now() AS applied_at",
}


def role_in(conninfo: str) -> str:
    return str(conninfo_to_dict(conninfo)["user"])


def catalog(target: Target) -> list[tuple[Any, ...]]:
    return target.query("SELECT oid, relname, relnamespace, relfilenode FROM pg_class ORDER BY oid")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_table_of_another_tool_is_never_written_to(
    database: Target, folder: Path, tool: str
) -> None:
    """Its shape is recognised, the error names it and the way out, and nothing changes."""
    database.execute(TOOLS[tool])
    before = catalog(database)
    write(folder, FILES)
    for attempt in (database.plan, database.apply):
        with pytest.raises(LedgerError) as caught:
            attempt(folder)
        assert tool in caught.value.happened
        assert "--ledger" in caught.value.remedy
        assert "not written to" in caught.value.unchanged
    assert before == catalog(database)
    if "view" not in tool:
        assert database.query("SELECT count(*) FROM schema_migrations") == [(0,)]


def test_reading_never_writes(database: Target, folder: Path, login: Login) -> None:
    """plan() works where nothing can be written, takes no lock, and leaves the catalog as it is."""
    role = login(options="SUPERUSER")
    database.execute(f"ALTER ROLE {role_in(role)} SET default_transaction_read_only = on")
    write(folder, FILES)
    before = catalog(database)
    assert labels(database.plan(folder, database=role)) == ["001", "002"]
    assert before == catalog(database)
    database.apply(folder)
    before = catalog(database)
    write(folder, FILES | {"003_c.sql": "SELECT 1;"})
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE schema_migrations, schema_migrations_journal IN EXCLUSIVE MODE")
        assert labels(database.plan(folder, database=role)) == ["003"]
        assert database.show(folder, "001").applied_sql == FILES["001_a.sql"]
    assert before == catalog(database)


def test_a_read_only_session_is_refused_in_words(
    database: Target, folder: Path, login: Login
) -> None:
    """A role or database that may only read is named as such before anything is tried."""
    role = login(options="SUPERUSER")
    database.execute(f"ALTER ROLE {role_in(role)} SET default_transaction_read_only = on")
    before = catalog(database)
    with pytest.raises(DatabaseUnavailable, match="read-only") as caught:
        database.apply(write(folder, FILES), database=role)
    assert not caught.value.transient
    assert before == catalog(database)


def test_where_nothing_is_pending_a_read_only_session_will_do(
    database: Target, folder: Path, login: Login
) -> None:
    """A second run only reads, so it succeeds wherever reading does."""
    database.apply(write(folder, FILES))
    role = login(options="SUPERUSER")
    database.execute(f"ALTER ROLE {role_in(role)} SET default_transaction_read_only = on")
    assert database.apply(folder, database=role).skipped == 2


def test_a_hidden_schema_may_hold_the_ledger(database: Target, folder: Path, login: Login) -> None:
    """A schema of the search_path that may not be used drops out of it: that is an error."""
    write(folder, FILES)
    database.execute('CREATE SCHEMA "Secret"', "GRANT ALL ON SCHEMA public TO public")
    database.apply(folder, settings=Settings(ledger=LedgerName(schema="Secret")))
    conninfo = login()
    path = """ '-c search_path="Secret",public' """
    role = make_conninfo(conninfo, options=path.strip().strip("'"))
    for attempt in (database.plan, database.apply):
        with pytest.raises(LedgerError, match="'Secret'") as caught:
            attempt(folder, database=role)
        assert "USAGE" in caught.value.remedy
    named = Settings(ledger=LedgerName(schema="public"))
    assert labels(database.plan(folder, database=role, settings=named)) == ["001", "002"]


def test_a_hidden_schema_is_found_however_it_is_written(
    database: Target, folder: Path, login: Login
) -> None:
    """The server folds SECRET to secret, and takes a comma inside quotes for a letter."""
    write(folder, FILES)
    database.execute("CREATE SCHEMA secret", 'CREATE SCHEMA "a,b"')
    database.execute("GRANT ALL ON SCHEMA public TO public")
    conninfo = login()
    for written in ("SECRET", '"a,b"'):
        role = make_conninfo(conninfo, options=f"-c search_path={written},public")
        with pytest.raises(LedgerError):
            database.plan(folder, database=role)


@pytest.mark.parametrize("hidden", ["schema_migrations", "schema_migrations_journal"])
def test_a_ledger_that_may_not_be_read_is_not_an_empty_one(
    database: Target, folder: Path, login: Login, hidden: str
) -> None:
    """Without SELECT on ledger or journal the error says what to grant."""
    database.apply(write(folder, FILES))
    role = login()
    database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO public")
    database.execute(f"REVOKE SELECT ON {hidden} FROM public")
    for attempt in (database.plan, database.apply):
        with pytest.raises(LedgerError, match="cannot be read") as caught:
            attempt(folder, database=role)
        assert "Grant this role SELECT" in caught.value.remedy
        assert caught.value.exit_code == 4


def test_rows_hidden_by_a_policy_are_not_an_empty_ledger(
    database: Target, folder: Path, login: Login
) -> None:
    """Row level security hides rows without a word: what was applied must not count as pending."""
    database.apply(write(folder, FILES))
    role = login()
    database.execute(
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO public",
        "GRANT ALL ON SCHEMA public TO public",
        "ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY",
    )
    for attempt in (database.plan, database.apply):
        with pytest.raises(LedgerError):
            attempt(folder, database=role)


def test_a_role_that_may_not_create_is_told_so(
    database: Target, folder: Path, login: Login
) -> None:
    """Without CREATE on the schema the error names the schema and what to do, and nothing runs."""
    database.execute("REVOKE CREATE ON SCHEMA public FROM public")
    role = login()
    with pytest.raises(LedgerError, match="cannot be created") as caught:
        database.apply(write(folder, FILES), database=role)
    assert "'public'" in caught.value.remedy
    with pytest.raises(LedgerError, match="cannot be created"):
        database.apply(
            folder, database=role, settings=Settings(ledger=LedgerName(schema="missing"))
        )
    assert database.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def test_a_role_that_may_not_write_the_ledger_runs_nothing(
    database: Target, folder: Path, login: Login
) -> None:
    """SELECT alone lets one look; an attempt to apply fails, in words, and leaves no table."""
    database.apply(write(folder, FILES))
    role = login()
    database.execute(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO public",
        "GRANT ALL ON SCHEMA public TO public",
    )
    write(folder, FILES | {"003_c.sql": "CREATE TABLE c (id int);"})
    assert labels(database.plan(folder, database=role)) == ["003"]
    with pytest.raises(MigrateError, match="permission denied") as caught:
        database.apply(folder, database=role)
    assert "Fix the file" not in str(caught.value)
    assert database.tables() == {"a", "b"}


def test_a_search_path_without_a_schema_has_no_place_for_a_ledger(
    database: Target, folder: Path
) -> None:
    """Where nothing can be created the error asks for a name, and a name is enough."""
    nowhere = make_conninfo(database.url, options="-c search_path=nowhere")
    with pytest.raises(LedgerError, match="no schema"):
        database.apply(write(folder, FILES), database=nowhere)
    files = {name: text.replace("TABLE ", "TABLE public.") for name, text in FILES.items()}
    named = Settings(ledger=LedgerName(schema="public"))
    report = database.apply(write(folder, files), database=nowhere, settings=named)
    assert applied(report) == ["001", "002"]
