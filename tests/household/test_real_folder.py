"""
The acceptance case: the household app's own folder, as it stands.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest

from st44_migrate import ApplyError, SourceError
from targets import POSTGRES, Target, applied, codes, labels

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ST44_HOUSEHOLD", ROOT.parent / "shared" / "household"))
MIGRATIONS = SHARED / "migrations"

pytestmark = pytest.mark.skipif(
    not MIGRATIONS.is_dir(), reason="the household folder is not at hand (ST44_HOUSEHOLD)"
)

FIRST_TWELVE = ["000", "001", *(f"0{number}" for number in range(11, 21))]
EIGHT = FIRST_TWELVE[:8]


@pytest.fixture(params=POSTGRES)
def target(request: pytest.FixtureRequest, pg_url: str) -> Target:
    return Target(request.param, pg_url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with one of the two 040 renamed, as the error proposes."""
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    copy.chmod(0o755)
    (copy / "040_add_single_task_type.sql").rename(copy / "052_add_single_task_type.sql")
    return copy


def by_hand(url: str, *files: Path) -> None:
    """Apply files as the guide does it: each with psql, on its own."""
    with psycopg.connect(url, autocommit=True) as conn:
        for file in files:
            conn.execute(file.read_bytes())


def test_two_files_with_one_number_run_nothing(target: Target) -> None:
    """As it stands nothing runs; both files are named, and the way out."""
    with pytest.raises(SourceError) as caught:
        target.apply(MIGRATIONS)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert "040_add_single_task_type.sql" in text
    assert "040_add_user_name_fields.sql" in text
    assert "052_" in text
    assert target.tables() == set()


def test_it_stops_at_021_with_the_first_twelve_applied(target: Target, folder: Path) -> None:
    """021 fails with line and column; exactly twelve files stay."""
    with pytest.raises(ApplyError) as caught:
        target.apply(folder)
    error = caught.value
    assert error.place is not None
    assert error.place.path.endswith("021_rename_due_date_to_date.sql")
    assert (error.place.line, error.place.column) == (10, 15)
    assert error.sqlstate == "42703"
    assert applied(error.report) == FIRST_TWELVE
    assert target.versions() == FIRST_TWELVE
    assert target.journal()["21"] == "failed"


def test_after_a_mark_the_second_run_ends_and_a_third_does_nothing(
    target: Target, folder: Path
) -> None:
    """040 and 052 included; 046 to 049 run once and are warned about."""
    with pytest.raises(ApplyError):
        target.apply(folder)
    target.mark(folder, "021", "020 renamed the column")
    report = target.apply(folder)
    expected = sorted(
        {file.name.partition("_")[0] for file in folder.glob("[0-9]*.sql")} - {*FIRST_TWELVE, "021"}
    )
    assert applied(report) == expected
    assert {"040", "046", "047", "048", "049", "050", "052"} <= set(expected)
    warned = {p.version for p in target.plan(folder).problems if p.code == "number"}
    assert warned == {"046", "047", "048", "049"}
    assert applied(target.apply(folder)) == []
    assert labels(target.plan(folder)) == []
    ledger = target.versions()
    assert "46" in ledger
    assert "046" not in ledger
    assert ledger.count("040") == 1
    assert "052" in ledger


def test_no_rollback_script_ever_runs(target: Target, folder: Path) -> None:
    """The sub-folder is not entered: the tables that it drops are there."""
    with pytest.raises(ApplyError):
        target.apply(folder)
    assert {"households", "children", "tasks", "task_assignments"} <= target.tables()
    assert not [p for p in target.plan(folder).pending if p.migration.path.endswith("_down.sql")]


def schema(url: str) -> list[tuple[object, ...]]:
    """Tables with columns, indexes, constraints, policies, functions, triggers, views."""
    query = """
    select 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')
      from information_schema.columns where table_schema = 'public'
       and table_name not like 'schema_migrations%'
    union all select 'index', tablename, indexname, indexdef, '', '' from pg_indexes
      where schemaname = 'public' and tablename not like 'schema_migrations%'
    union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
      from pg_constraint where connamespace = 'public'::regnamespace and contype <> 'n'
       and conrelid::regclass::text not like 'schema_migrations%'
    union all select 'policy', tablename, policyname, coalesce(qual, ''), coalesce(with_check, ''), cmd
      from pg_policies
    union all select 'rls', relname, relrowsecurity::text, relforcerowsecurity::text, '', ''
      from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
    union all select 'function', proname, prosrc, '', '', '' from pg_proc
      where pronamespace = 'public'::regnamespace
    union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', ''
      from pg_trigger where not tgisinternal
    union all select 'view', viewname, definition, '', '', '' from pg_views where schemaname = 'public'
    order by 1, 2, 3"""
    with psycopg.connect(url, autocommit=True) as conn:
        rows = conn.execute(query).fetchall()
    return [row for row in rows if "schema_migrations" not in str(row[1])]


def test_the_schema_is_what_psql_makes(target: Target, folder: Path, other_pg_url: str) -> None:
    """Every table, index and policy is as psql leaves it, file after file."""
    with pytest.raises(ApplyError):
        target.apply(folder)
    target.mark(folder, "021")
    target.apply(folder)
    files = sorted(folder.glob("[0-9]*.sql"))
    by_hand(other_pg_url, *(f for f in files if not f.name.startswith("021")))
    assert len(schema(target.url)) > 200
    assert schema(target.url) == schema(other_pg_url)


@pytest.mark.parametrize("count", [8, 2, 1])
def test_what_was_applied_by_hand_counts(target: Target, folder: Path, count: int) -> None:
    """The guide's eight, all or some, applied with psql: only the rest runs."""
    for file in folder.glob("[0-9]*.sql"):
        if file.name[:3] not in EIGHT:
            file.unlink()
    by_hand(target.url, *sorted(folder.glob("[0-9]*.sql"))[:count])
    report = target.apply(folder)
    assert applied(report) == EIGHT[count:]
    assert report.skipped == count
    assert target.versions() == EIGHT
    assert "edited" not in codes(target.plan(folder))


def test_a_file_applied_in_an_emergency_counts(target: Target, folder: Path) -> None:
    """After a run, the next file applied with psql is seen, and the rest runs."""
    for file in folder.glob("[0-9]*.sql"):
        if file.name[:3] not in {*EIGHT, "017", "018"}:
            file.rename(file.with_suffix(".later"))
    (folder / "018_implement_row_level_security.sql").rename(folder / "018.later")
    (folder / "017_add_performance_indexes.sql").rename(folder / "017.later")
    target.apply(folder)
    by_hand(target.url, folder / "017.later")
    (folder / "017.later").rename(folder / "017_add_performance_indexes.sql")
    (folder / "018.later").rename(folder / "018_implement_row_level_security.sql")
    assert applied(target.apply(folder)) == ["018"]


def test_psql_on_the_command_line_agrees(target: Target, folder: Path) -> None:
    """The real psql, where there is one, is understood like our own by_hand."""
    psql = shutil.which("psql")
    if psql is None:
        pytest.skip("psql is not installed")
    file = folder / "000_create_migrations_table.sql"
    done = subprocess.run([psql, target.url, "-q", "-f", file], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.match("000", labels(target.plan(folder))[0]) is None
