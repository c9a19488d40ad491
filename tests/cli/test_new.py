"""
``new``: the next migration's file, without a database.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.harness import Project

HOUSEHOLD = Path(__file__).parents[2] / "examples" / "household" / "migrations"


def test_it_takes_the_next_number_and_prints_the_path(project: Project) -> None:
    """
    One above the highest, as wide; the path alone on stdout, to be opened.
    """
    outcome = project.run("new", "Add rewards table")
    assert (outcome.code, outcome.out, outcome.err) == (
        0,
        "migrations/004_add_rewards_table.sql\n",
        "",
    )
    text = (project.root / outcome.out.strip()).read_text()
    assert text.startswith("-- Migration: 004_add_rewards_table\n")


def test_what_it_writes_can_be_applied(empty: Project) -> None:
    """
    A file that says nothing yet is accepted as it is.
    """
    assert empty.run("new", "later").code == 0
    assert empty.on("check").code == 3
    assert empty.on("up", "-q").code == 0


def test_it_fills_the_folders_template(project: Project) -> None:
    """
    The household's own template makes a file with its number, name and date.
    """
    project.write("TEMPLATE.sql", (HOUSEHOLD / "TEMPLATE.sql").read_text())
    before = datetime.now(UTC).date()
    outcome = project.run("new", "Add rewards table")
    text = (project.root / outcome.out.strip()).read_text()
    assert "-- Migration: 004_add_rewards_table\n" in text
    assert "VALUES ('004', 'add_rewards_table')" in text
    (date,) = re.findall(r"^-- Date: (.*)$", text, re.MULTILINE)
    assert before <= datetime.fromisoformat(date).date() <= datetime.now(UTC).date()
    assert "NNN" not in text
    assert "descriptive_name" not in text


def test_line_ends_of_a_template_stay(project: Project) -> None:
    """
    A template written on Windows makes a file written on Windows.
    """
    project.write("TEMPLATE.sql", "-- NNN\r\n-- é\r\n")
    outcome = project.run("new", "later")
    assert (project.root / outcome.out.strip()).read_bytes() == "-- 004\r\n-- é\r\n".encode()


def test_the_folder_is_an_argument_or_from_the_environment(project: Project) -> None:
    """
    The same rules as everywhere.
    """
    (project.root / "other").mkdir()
    assert project.run("new", "first", "other").out == "other/001_first.sql\n"
    assert project.run("new", "second", ST44_MIGRATIONS="other").out == "other/002_second.sql\n"
    (project.root / "pyproject.toml").write_text('[tool.st44-migrate]\nmigrations = "other"\n')
    assert project.run("new", "third").out == "other/003_third.sql\n"


def test_a_timestamp_on_request(project: Project) -> None:
    """
    Fourteen digits, in UTC.
    """
    outcome = project.run("new", "later", "--timestamp")
    assert re.fullmatch(r"migrations/\d{14}_later\.sql\n", outcome.out)


def test_the_document(project: Project) -> None:
    """
    Number, name and path.
    """
    assert project.run("new", "later", "--json").document == {
        "version": "004",
        "name": "later",
        "path": "migrations/004_later.sql",
    }


def test_a_name_that_carries_its_number_already(project: Project) -> None:
    """
    The number is not written twice.
    """
    assert project.run("new", "004_later.sql").out == "migrations/004_later.sql\n"


@pytest.mark.parametrize("name", ["", "...", "日本", "Rollback", "down"])
def test_a_name_that_makes_no_migration(project: Project, name: str) -> None:
    """
    Nothing to name a file by, or a name that `up` would refuse: nothing is written.
    """
    before = sorted(Path("migrations").iterdir())
    outcome = project.run("new", name)
    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {name!r} does not make a migration's name\n")
    assert before == sorted(Path("migrations").iterdir())


def test_a_folder_that_is_not_there(project: Project) -> None:
    """
    It is not made in silence: the name may be misspelt.
    """
    outcome = project.run("new", "first", "migratons")
    assert outcome.code == 2
    assert outcome.err == (
        "error: migratons cannot be read: No such file or directory\n"
        "Nothing was written.\n"
        "If this is a new project: mkdir migratons\n"
    )
    assert not Path("migratons").exists()
    outcome = project.run("new", "first", ST44_MIGRATIONS="migratons")
    assert "No such file or directory (named by ST44_MIGRATIONS)" in outcome.err


def test_nothing_is_ever_overwritten(project: Project) -> None:
    """
    What has the new file's name already, a folder here, stays.
    """
    inside = project.root / "migrations" / "004_later.sql"
    inside.mkdir()
    outcome = project.run("new", "later")
    assert outcome.code == 2
    assert outcome.err.startswith("error: migrations/004_later.sql cannot be written: File exists")
    assert inside.is_dir()


def test_a_name_too_long_for_a_file(project: Project) -> None:
    """
    The system's reason, and nothing left behind.
    """
    before = sorted(Path("migrations").iterdir())
    outcome = project.run("new", "x" * 300)
    assert outcome.code == 2
    assert "cannot be written" in outcome.err
    assert before == sorted(Path("migrations").iterdir())


def test_a_template_that_is_not_text(project: Project) -> None:
    """
    It is named, and nothing is written.
    """
    (project.root / "migrations" / "TEMPLATE.sql").write_bytes(b"-- \xff")
    outcome = project.run("new", "later")
    assert outcome.code == 2
    assert outcome.err.startswith("error: migrations/TEMPLATE.sql cannot be read")
