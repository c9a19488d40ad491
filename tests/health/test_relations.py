"""
Which tables the migrations leave behind, with real databases for an oracle.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import Folder, Memory, Settings, SourceError
from st44_migrate.health import FromMigrations
from st44_migrate.health.expected import expect
from targets import Target

HOUSEHOLD = Path(__file__).parents[2] / "examples" / "household" / "migrations"

CASES = {
    "plain": "CREATE TABLE a (id integer); CREATE TABLE IF NOT EXISTS b (id integer)",
    "case": 'create table Users (id integer); CREATE TABLE "Tasks" (id integer)',
    "comments": "CREATE /* not TABLE x */ TABLE -- y\n a (id integer)",
    "dropped": "CREATE TABLE a (id integer); CREATE TABLE b (id integer); DROP TABLE IF EXISTS a",
    "again": "CREATE TABLE a (id integer); DROP TABLE a; CREATE TABLE a (id bigint)",
    "renamed": "CREATE TABLE a (id integer); ALTER TABLE a RENAME TO b",
    "column": "CREATE TABLE a (id integer); ALTER TABLE a RENAME COLUMN id TO key",
    "rebuilt": "CREATE TABLE a (id integer); CREATE TABLE new_a (id bigint); DROP TABLE a;"
    " ALTER TABLE new_a RENAME TO a",
    "temporary": "CREATE TEMPORARY TABLE a (id integer); CREATE TEMP TABLE b (id integer)",
    "from a query": "CREATE TABLE a AS SELECT 1 AS id",
    "in a text": "CREATE TABLE a (body text DEFAULT 'CREATE TABLE b (id integer)')",
}

POSTGRESQL = {
    "schema": "CREATE SCHEMA app; CREATE TABLE app.a (id integer); CREATE TABLE public.b (id int)",
    "schema dropped": "CREATE SCHEMA app; CREATE TABLE app.a (id integer); DROP SCHEMA app CASCADE",
    "moved": "CREATE SCHEMA app; CREATE TABLE a (id integer); ALTER TABLE a SET SCHEMA app",
    "several": "CREATE TABLE a (id int); CREATE TABLE b (id int); CREATE TABLE c (id int);"
    " DROP TABLE a, public.b CASCADE",
    "kinds": "CREATE UNLOGGED TABLE a (id int); CREATE TABLE p (id int) PARTITION BY RANGE (id);"
    " CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9)",
    "quotes": 'CREATE SCHEMA "My App"; CREATE TABLE "My App"."a""b" (id int)',
    "renamed in a schema": "CREATE SCHEMA app; CREATE TABLE app.a (id int);"
    " ALTER TABLE IF EXISTS app.a RENAME TO b",
}


def derived(files: dict[str, str], dialect: str = "postgresql") -> list[str]:
    expected = expect(Memory(files), Settings(), FromMigrations(), dialect)
    return sorted(expected.relations)


def there(target: Target) -> list[str]:
    """
    Ask the catalog, as the names are written here.
    """
    if not target.is_postgres:
        return sorted(target.tables())
    rows = target.query(
        "SELECT CASE schemaname WHEN 'public' THEN '' ELSE schemaname || '.' END || tablename"
        " FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        " AND tablename NOT LIKE 'schema_migrations%'"
    )
    return sorted(row[0] for row in rows)


@pytest.mark.parametrize("name", [*CASES, *POSTGRESQL])
def test_postgresql_agrees(name: str, pg_url: str) -> None:
    """After the run exactly those tables exist."""
    target, files = Target("psycopg", pg_url), {"001_it.sql": (CASES | POSTGRESQL)[name]}
    target.apply(Memory(files))
    assert derived(files) == there(target)


@pytest.mark.parametrize("name", CASES)
def test_sqlite_agrees(name: str, sqlite_path: Path) -> None:
    """But for the case of a name, which SQLite keeps and does not mind."""
    target, files = Target("sqlite3", f"sqlite:///{sqlite_path}"), {"001_it.sql": CASES[name]}
    target.apply(Memory(files))
    found = [table.lower() for table in there(target)]
    assert [table.lower() for table in derived(files, "sqlite")] == sorted(found)


def test_the_household(pg_url: str) -> None:
    """The example's own folder, over several files."""
    target = Target("psycopg", pg_url)
    target.apply(Folder(HOUSEHOLD))
    expected = expect(Folder(HOUSEHOLD), Settings(), FromMigrations(), "postgresql")
    assert sorted(expected.relations) == there(target)
    assert "users" in expected.relations


def test_the_order_and_the_exceptions() -> None:
    """As created; our own two tables never, those that may be missing not."""
    files = {
        "001_a.sql": "CREATE TABLE schema_migrations (version text); CREATE TABLE b (id int);",
        "002_b.sql": "CREATE TABLE a (id int); CREATE TABLE tmp_import (id int);",
    }
    critical = FromMigrations(without=("tmp_import",))
    assert expect(Memory(files), Settings(), critical, "postgresql").relations == ("b", "a")


def test_files_that_cannot_be_read_do_not_hinder() -> None:
    """An applied one may be as it likes; a pending one is told elsewhere."""
    files = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "SELECT 'open"}
    assert derived(files) == ["a"]


def test_a_list_is_taken_as_written() -> None:
    """One name alone is a list of one."""
    assert expect(Memory({"001_a.sql": "SELECT 1"}), Settings(), "users", "sqlite").relations == (
        "users",
    )


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """There is nothing to expect: never "all is applied"."""
    with pytest.raises(SourceError):
        expect(Folder(tmp_path / "migratoins"), Settings(), (), "postgresql")
