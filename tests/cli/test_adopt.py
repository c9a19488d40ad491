"""
``adopt``: shown first, written with ``--yes``, found by every command afterwards.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from cli.harness import Project


def prepare(project: Project, *statements: str) -> None:
    with closing(sqlite3.connect(project.root / "app.db", isolation_level=None)) as conn:
        for sql in statements:
            conn.execute(sql)


@pytest.fixture
def legacy(project: Project) -> Project:
    """
    dbmate has applied the first of three files.
    """
    folder = project.root / "migrations"
    for file in folder.iterdir():
        file.unlink()
    for number, name in enumerate(("one", "two", "three"), 1):
        sql = f"-- migrate:up\nCREATE TABLE {name} (i int);\n-- migrate:down\nDROP TABLE {name};\n"
        project.write(f"{number:03}_{name}.sql", sql)
    prepare(
        project,
        "CREATE TABLE schema_migrations (version varchar(128) primary key)",
        "INSERT INTO schema_migrations VALUES ('001')",
        "CREATE TABLE one (i int)",
    )
    return project


def test_without_yes_nothing_is_written(legacy: Project) -> None:
    """What was found, where ours will be, and how to go on."""
    before = (legacy.root / "app.db").read_bytes()
    shown = legacy.on("adopt")
    assert (shown.code, shown.err) == (0, "")
    assert "schema_migrations is a ledger of dbmate:" in shown.out
    assert "1 applied; 2 files of the folder not applied." in shown.out
    assert "Our ledger will be st44_schema_migrations, since another tool has" in shown.out
    assert shown.out.endswith("Nothing was written. To adopt it, say the same with --yes.\n")
    assert (legacy.root / "app.db").read_bytes() == before


def test_with_yes_the_next_command_is_said(legacy: Project) -> None:
    """And it works as it is said."""
    done = legacy.on("adopt", "--yes")
    assert done.code == 0
    next_step = done.out.rpartition("Go on with: st44-migrate ")[2].split()
    assert next_step == ["up", "--layout", "dbmate"]
    assert "2 pending" in legacy.on("status", *next_step[1:]).out
    assert legacy.on(*next_step, "-q").out.startswith("applied 2, skipped 1, failed 0")
    assert legacy.on("check", *next_step[1:]).code == 0


def test_the_project_may_say_the_layout(legacy: Project) -> None:
    """Then there is nothing to add to the next command."""
    legacy.root.joinpath("pyproject.toml").write_text('[tool.st44-migrate]\nlayout = "dbmate"\n')
    done = legacy.on("adopt", "--yes")
    assert done.out.endswith("Go on with: st44-migrate up\n")
    assert legacy.on("up", "-q").code == 0


def test_the_document(legacy: Project) -> None:
    """Has all that is shown, and more."""
    shown = legacy.on("adopt", "--json").document
    assert shown == {
        "tool": "dbmate",
        "table": "schema_migrations",
        "ledger": "st44_schema_migrations",
        "written": False,
        "versions": [
            {
                "version": "001",
                "name": "one",
                "found": "applied",
                "key": "1",
                "applied_at": None,
                "verified": False,
                "path": "migrations/001_one.sql",
            }
        ],
        "pending": ["migrations/002_two.sql", "migrations/003_three.sql"],
        "obstacles": [],
    }
    assert legacy.on("adopt", "--yes", "--json").document["written"] is True


def test_what_has_to_be_settled_ends_with_4(legacy: Project) -> None:
    """Shown or tried, and in both documents."""
    prepare(
        legacy,
        "DROP TABLE schema_migrations",
        "CREATE TABLE schema_migrations (version uint64, dirty bool)",
        "INSERT INTO schema_migrations VALUES (2, 1)",
    )
    folder = ["--layout", "plain", "--set", "x=y"]
    shown = legacy.on("adopt", "--layout", "dbmate")
    assert shown.code == 4
    assert "error: schema_migrations says that 2 was begun and did not end" in shown.out
    assert shown.out.endswith("Nothing was written.\n")
    refused = legacy.on("adopt", "--layout", "dbmate", "--yes")
    assert (refused.code, refused.out) == (4, "")
    assert "migrate force 2" in refused.err
    assert legacy.on("adopt", *folder).code == 2
    (obstacle,) = legacy.on("adopt", "--layout", "dbmate", "--json").document["obstacles"]
    assert (obstacle["code"], obstacle["version"]) == ("dirty", "2")


def test_without_a_ledger_of_another_tool_it_ends_with_2(applied: Project) -> None:
    """Ours is none."""
    outcome = applied.on("adopt")
    assert outcome.code == 2
    assert "there is no other tool's ledger in this database" in outcome.err
    assert applied.on("adopt", "--from", "gose").code == 2


def test_without_adoption_every_command_names_it(legacy: Project) -> None:
    """Who runs `up` on another tool's database is told what to do."""
    refused = legacy.on("up", "--layout", "dbmate")
    assert refused.code == 4
    assert "st44-migrate adopt takes over what it says is applied" in refused.err
