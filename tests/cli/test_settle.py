"""
``baseline``, ``mark``, ``repair``: decisions, recorded with their reasons.
"""

from __future__ import annotations

import pytest

from cli.harness import Project


def test_baseline_takes_a_database_as_it_is(project: Project) -> None:
    """
    Everything up to the version counts as applied, the rest is pending.
    """
    outcome = project.on("baseline", "002")
    assert outcome.code == 0
    assert outcome.out == (
        "001 create_users\n002 create_tasks\n2 versions recorded as applied, nothing was run\n"
    )
    assert project.on("plan").out.startswith("1.  migrations/003_add_name.sql")


def test_mark_records_one_file(applied: Project) -> None:
    """
    For what was done by hand; the reason is there to be read.
    """
    applied.write("004_by_hand.sql", "CREATE TABLE by_hand (id);\n")
    outcome = applied.on("mark", "4", "--reason", "applied in the night")
    assert outcome.out == "004 by_hand\n1 version recorded as applied, nothing was run\n"
    assert "applied in the night" in applied.on("show", "4").out
    assert applied.on("check").code == 0


def test_repair_accepts_an_edit(applied: Project) -> None:
    """
    Refused before, fine afterwards.
    """
    applied.write("003_add_name.sql", "ALTER TABLE users ADD COLUMN name varchar;\n")
    assert applied.on("check").code == 4
    outcome = applied.on("repair", "003", "--reason", "same effect")
    assert outcome.out == "003 add_name\n1 version accepted as it is, nothing was run\n"
    assert applied.on("check").code == 0


def test_the_document(project: Project) -> None:
    """
    The versions that were touched.
    """
    document = project.on("baseline", "002", "--json").document
    assert [version["version"] for version in document["versions"]] == ["001", "002"]
    assert {version["state"] for version in document["versions"]} == {"applied"}


@pytest.mark.parametrize("command", ["mark", "repair"])
def test_a_reason_is_not_optional(applied: Project, command: str) -> None:
    """
    Somebody will ask, in half a year.
    """
    outcome = applied.on(command, "003")
    assert outcome.code == 2
    assert "--reason" in outcome.err.splitlines()[0]


@pytest.mark.parametrize("command", ["baseline", "mark", "repair"])
def test_a_version_that_is_not_there(applied: Project, command: str) -> None:
    """
    Nothing is recorded about what nobody has.
    """
    outcome = applied.on(command, "999", "--reason", "because")
    assert outcome.code == 2
    assert "999" in outcome.err.splitlines()[0]
    assert applied.on(command, "x", "--reason", "because", "--json").document["error"]
