"""
What was found in a real folder, each once more in files written for it: numbers
used twice, files that record themselves, and rollbacks beside them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import ApplyError, SourceError
from st44_migrate.events import MigrationStarted, ProblemFound
from st44_migrate.model import Severity
from targets import Target, applied, codes, labels, write

LEDGER = (
    "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(10) PRIMARY KEY,\n"
    "  name varchar(255) NOT NULL, applied_at timestamp DEFAULT CURRENT_TIMESTAMP);\n"
)
PEOPLE = "CREATE TABLE people (id integer, name text);\n"


def record(version: str, name: str) -> str:
    """
    Write the statement with which a file records itself, as people do.
    """
    return f"INSERT INTO schema_migrations (version, name) VALUES ('{version}', '{name}');\n"


# --- numbers ------------------------------------------------------------------


def test_two_files_with_one_number_stop_the_run_before_it_begins(
    target: Target, folder: Path
) -> None:
    """
    Both are named, with a number that is free; renamed, all of it applies.
    """
    files = {"001_people.sql": PEOPLE, "040_points.sql": "SELECT 1;\n", "41_last.sql": "SELECT 1;"}
    write(folder, files | {"040_names.sql": "SELECT 2;\n"})
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    text = str(caught.value)
    assert f"{folder}/040_names.sql and {folder}/040_points.sql" in text
    assert "042_points.sql" in text
    assert target.tables() == set()
    assert target.saw(MigrationStarted) == []
    (folder / "040_points.sql").rename(folder / "042_points.sql")
    assert applied(target.apply(folder)) == ["001", "040", "41", "042"]


def test_the_same_number_with_other_zeros_is_the_same_number(target: Target, folder: Path) -> None:
    """
    Numbers are compared as integers: 040 and 40 are one.
    """
    write(folder, {"040_a.sql": PEOPLE, "40_b.sql": "SELECT 1;\n"})
    with pytest.raises(SourceError, match="the number 040 is used by"):
        target.apply(folder)


def test_of_two_files_with_one_number_the_applied_one_keeps_it(
    target: Target, folder: Path
) -> None:
    """
    The way out is to rename the other, which never ran.
    """
    target.apply(write(folder, {"001_people.sql": PEOPLE, "002_points.sql": "SELECT 1;\n"}))
    (folder / "002_names.sql").write_text("SELECT 2;\n")
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    assert f"rename {folder}/002_names.sql to 003_names.sql" in str(caught.value)
    (folder / "002_names.sql").rename(folder / "003_names.sql")
    assert applied(target.apply(folder)) == ["003"]


# --- files that record themselves ---------------------------------------------


def test_a_file_may_create_the_ledger_and_record_itself(target: Target, folder: Path) -> None:
    """
    The first file of many a folder does, for the runner it was written for.
    """
    first = LEDGER + record("000", "create_ledger")
    write(folder, {"000_create_ledger.sql": first, "001_people.sql": PEOPLE})
    assert applied(target.apply(folder)) == ["000", "001"]
    assert target.versions() == ["000", "001"]
    assert target.apply(folder).applied == ()


def test_a_file_that_wants_to_be_unrecorded_finds_itself_so(pg: Target, folder: Path) -> None:
    """
    It raises if its number is in the ledger, and records itself without ON
    CONFLICT: it sees what psql would have shown it.
    """
    guarded = (
        "BEGIN;\nDO $$ BEGIN\n"
        "  IF EXISTS (SELECT 1 FROM schema_migrations WHERE version = '002') THEN\n"
        "    RAISE EXCEPTION '002 has been applied already';\n  END IF;\nEND $$;\n"
        f"ALTER TABLE people ADD first_name text;\n{record('002', 'first_name')}COMMIT;\n"
    )
    write(folder, {"001_people.sql": PEOPLE, "002_first_name.sql": guarded})
    assert applied(pg.apply(folder)) == ["001", "002"]
    assert pg.versions() == ["001", "002"]
    assert pg.apply(folder).applied == ()
    assert pg.plan(folder).problems == ()


def test_a_file_that_records_itself_does_so_once_also_after_a_failure(
    target: Target, folder: Path
) -> None:
    """
    The journal knows of the failed attempt, the ledger does not.
    """
    text = record("001", "people") + PEOPLE
    write(folder, {"001_people.sql": text + "SELECT nothing;\n"})
    with pytest.raises(ApplyError):
        target.apply(folder)
    assert target.versions() == []
    write(folder, {"001_people.sql": text})
    assert applied(target.apply(folder)) == ["001"]
    assert target.query("SELECT version, name FROM schema_migrations") == [("001", "people")]


def test_a_file_recorded_without_its_zeros_is_applied_once(target: Target, folder: Path) -> None:
    """
    046 records itself as '46': one row, one warning, never pending again.
    """
    write(folder, {"046_fix.sql": PEOPLE + record("46", "fix")})
    assert applied(target.apply(folder)) == ["046"]
    assert target.versions() == ["46"]
    warned = [event.problem for event in target.saw(ProblemFound)]
    assert [(p.code, p.severity) for p in warned] == [("number", Severity.WARNING)]
    assert "'46', not '046'" in warned[0].message
    for _ in range(2):
        assert target.apply(folder).applied == ()
    assert codes(target.plan(folder)) == ["number"]
    assert target.versions() == ["46"]


def test_a_renamed_file_that_records_its_old_number_applies(pg: Target, folder: Path) -> None:
    """
    It comes after the file that keeps the number, and both end up recorded.
    """
    old = "INSERT INTO schema_migrations VALUES ('040', 'names') ON CONFLICT DO NOTHING;\n"
    write(folder, {"040_points.sql": PEOPLE, "052_names.sql": "SELECT 1;\n" + old})
    assert applied(pg.apply(folder)) == ["040", "052"]
    assert pg.versions() == ["040", "052"]
    assert pg.query("SELECT name FROM schema_migrations WHERE version = '040'") == [("points",)]


def test_a_file_that_records_a_later_one_is_found_out(target: Target, folder: Path) -> None:
    """
    The later file did not run, so it is not passed over as if it had.
    """
    write(
        folder,
        {
            "001_people.sql": PEOPLE + record("002", "people"),
            "002_b.sql": "CREATE TABLE b (i int);",
        },
    )
    with pytest.raises(ApplyError) as caught:
        target.apply(folder)
    text = str(caught.value)
    assert "002 was recorded meanwhile" in text
    assert f"by {folder}/001_people.sql" in text
    assert applied(caught.value.report) == ["001"]
    assert target.tables() == {"people"}
    target.execute("DELETE FROM schema_migrations WHERE version = '002'")
    assert applied(target.apply(folder)) == ["002"]


# --- what follows from a failure ----------------------------------------------

STORY = {
    "001_people.sql": PEOPLE,
    "002_rename.sql": "ALTER TABLE people RENAME COLUMN name TO full_name;\n",
    "003_again.sql": "BEGIN;\n\nALTER TABLE people RENAME COLUMN name TO full_name;\n\nCOMMIT;\n",
    "004_points.sql": "ALTER TABLE people ADD COLUMN points integer;\n",
    "005_uses.sql": "INSERT INTO people (id, points) VALUES (1, 2);\n",
}


def test_a_rename_that_was_done_before_stops_the_run_there(target: Target, folder: Path) -> None:
    """
    What came before stays; what comes after, and depends on it, never runs.
    """
    write(folder, STORY)
    with pytest.raises(ApplyError) as caught:
        target.apply(folder)
    error = caught.value
    assert error.place is not None
    assert (Path(error.place.path).name, error.place.line) == ("003_again.sql", 3)
    assert applied(error.report) == ["001", "002"]
    assert target.versions() == ["001", "002"]
    assert labels(target.plan(folder)) == ["003", "004", "005"]
    write(folder, STORY | {"003_again.sql": "SELECT 1; -- done in 002\n"})
    assert applied(target.apply(folder)) == ["003", "004", "005"]
    assert target.query("SELECT id, points FROM people") == [(1, 2)]


def test_what_an_early_failure_leaves_out_is_not_missed_by_later_files(
    target: Target, folder: Path
) -> None:
    """
    A file that needs the columns of a failed one is not even tried.
    """
    write(folder, STORY | {"003_again.sql": "SELECT 1;", "004_points.sql": "SELECT broken;\n"})
    with pytest.raises(ApplyError) as caught:
        target.apply(folder)
    assert caught.value.migration.label == "004"
    assert [e.migration.label for e in target.saw(MigrationStarted)] == ["001", "002", "003", "004"]
    write(folder, STORY | {"003_again.sql": "SELECT 1;"})
    assert applied(target.apply(folder)) == ["004", "005"]


# --- what lies beside the files -----------------------------------------------


def test_a_sub_folder_is_never_entered(target: Target, folder: Path) -> None:
    """
    Neither rollbacks, nor a folder that is called like a migration.
    """
    write(folder, {"011_people.sql": PEOPLE})
    for name in ("rollback", "012_more.sql", ".git"):
        write(folder / name, {"011_down.sql": "DROP TABLE people;", "012_x.sql": "SELECT broken;"})
    assert applied(target.apply(folder)) == ["011"]
    assert target.tables() == {"people"}
    assert target.apply(folder).applied == ()


def test_templates_and_notes_are_not_migrations(target: Target, folder: Path) -> None:
    """
    They lie in the folder and are neither run nor complained of.
    """
    write(folder, {"001_people.sql": PEOPLE, "TEMPLATE.sql": "SELECT broken;", "README.md": "#"})
    (folder / "001_people.sql.orig").write_text("SELECT broken;")
    assert applied(target.apply(folder)) == ["001"]
    assert target.plan(folder).problems == ()
