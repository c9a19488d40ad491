"""
``up``: what it applies, what it says, and what it says when it cannot.
"""

from __future__ import annotations

import sqlite3

import pytest

from cli.harness import Project


def tables(project: Project) -> set[str]:
    with sqlite3.connect(project.root / "app.db") as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        names = {name for (name,) in rows}
    connection.close()
    return names - {"schema_migrations", "schema_migrations_journal"}


BROKEN = (
    "-- A column\n-- that is not there.\n\nCREATE TABLE t (a);\nINSERT INTO t (b) VALUES (1);\n"
)


def test_it_applies_what_is_pending_and_sums_up(project: Project) -> None:
    """
    The result is the summary, on stdout; what happened on the way is on stderr.
    """
    outcome = project.spawn("up", "--url", project.url)
    assert outcome.code == 0
    assert outcome.out == "applied 3, skipped 0, failed 0; latest 003, 3 in the ledger\n"
    for name in ("001_create_users", "002_create_tasks", "003_add_name"):
        assert name in outcome.err
    assert tables(project) == {"users", "tasks"}


def test_a_second_time_there_is_nothing_to_do(applied: Project) -> None:
    """
    It says so in one line.
    """
    outcome = applied.on("up")
    assert outcome.code == 0
    assert outcome.out == "up to date: 3 applied already; latest 003, 3 in the ledger\n"


def test_migrate_is_another_name_for_it(project: Project) -> None:
    """
    People who come from other tools type it.
    """
    assert project.on("migrate").out.startswith("applied 3,")


def test_a_new_file_is_all_that_runs(applied: Project) -> None:
    """
    What was applied is skipped.
    """
    applied.write("004_later.sql", "CREATE TABLE later (id);\n")
    assert applied.on("up").out == "applied 1, skipped 3, failed 0; latest 004, 4 in the ledger\n"


def test_the_document(project: Project) -> None:
    """
    Exactly the promised one on stdout; once more, and it is current.
    """
    outcome = project.spawn("up", "--url", project.url, "--json")
    document = outcome.document
    for applied in document["applied"]:
        assert applied.pop("duration_ms") >= 0
    assert document == {
        "status": "applied",
        "applied": [
            {"version": "001", "name": "create_users", "statements": 1},
            {"version": "002", "name": "create_tasks", "statements": 2},
            {"version": "003", "name": "add_name", "statements": 1},
        ],
        "latest": "003",
        "count": 3,
        "error": None,
    }
    assert project.on("up", "--json").document == {
        "status": "current",
        "applied": [],
        "latest": "003",
        "count": 3,
        "error": None,
    }


def test_quiet_leaves_the_result_alone(project: Project) -> None:
    """
    Progress is gone, the summary stays.
    """
    outcome = project.on("up", "--quiet")
    assert outcome.err == ""
    assert outcome.out.startswith("applied 3,")


def test_a_failure_names_the_place_and_what_stays(project: Project) -> None:
    """
    One line has place and cause; the summary counts; what ran before stays.
    """
    project.write("002_create_tasks.sql", BROKEN)
    outcome = project.spawn("up", "--url", project.url)
    assert outcome.code == 1
    assert outcome.out == "applied 1, skipped 0, failed 1; latest 001, 1 in the ledger; 1 not run\n"
    lines = outcome.err.splitlines()
    (first,) = [line for line in lines if line.startswith("migrations/002_create_tasks.sql:5:")]
    assert "error:" in first
    assert "table t has no column named b" in first
    assert "INSERT INTO t (b) VALUES (1);" in outcome.err
    assert "^" in outcome.err
    assert "Traceback" not in outcome.err
    assert tables(project) == {"users"}

    project.write("002_create_tasks.sql", BROKEN.replace("(b)", "(a)"))
    assert project.on("up").out == "applied 2, skipped 1, failed 0; latest 003, 3 in the ledger\n"


def test_the_document_of_a_failure(project: Project) -> None:
    """
    What was applied before, and everything about the error; nothing else on stdout.
    """
    project.write("002_create_tasks.sql", BROKEN)
    outcome = project.spawn("up", "--url", project.url, "--json")
    document = outcome.document
    assert outcome.code == 1
    assert (document["status"], document["latest"], document["count"]) == ("failed", "001", 1)
    assert [applied["version"] for applied in document["applied"]] == ["001"]
    error = document["error"]
    assert (error["code"], error["path"], error["line"]) == (
        "apply",
        "migrations/002_create_tasks.sql",
        5,
    )
    assert error["statement"] == "INSERT INTO t (b) VALUES (1)"
    assert error["message"].startswith("table t has no column named b")
    assert isinstance(error["column"], int)
    assert set(error) == {
        *("code", "message", "path", "line", "column", "statement"),
        *("sqlstate", "detail", "hint"),
    }


def test_no_database_is_an_error_and_not_a_fresh_file(project: Project) -> None:
    """
    A deploy that forgot its URL fails, and reads every way to give one.
    """
    outcome = project.spawn("up")
    assert outcome.code == 2
    assert outcome.err.startswith("error: no database is named\n")
    for name in ("--url", "ST44_DATABASE_URL", "DATABASE_URL", "DB_HOST", "DB_PASSWORD"):
        assert name in outcome.err
    assert not (project.root / "app.db").exists()


@pytest.mark.parametrize("name", ["ST44_DATABASE_URL", "DATABASE_URL"])
def test_the_database_is_named_by_the_environment(project: Project, name: str) -> None:
    """
    No option needed.
    """
    assert project.run("up", **{name: project.url}).code == 0
    assert project.run("check", "--url", project.url).code == 0


def test_a_misspelt_folder_is_an_error(project: Project) -> None:
    """
    Nothing to do would be a lie; the origin of the name is told.
    """
    given = project.on("up", "migratons")
    set_before = project.run("up", "--url", project.url, ST44_MIGRATIONS="migratons")
    for outcome in (given, set_before):
        assert outcome.code == 2
        assert outcome.err.startswith("error: ")
        assert "migratons" in outcome.err.splitlines()[0]
    assert "'migratons' is named by ST44_MIGRATIONS" in set_before.err
    assert not (project.root / "app.db").exists()


def test_two_files_with_one_number(project: Project) -> None:
    """
    Nothing runs, both are named, and so is the way out.
    """
    project.write("003_other.sql", "SELECT 1;\n")
    outcome = project.on("up")
    assert outcome.code == 2
    assert "migrations/003_add_name.sql" in outcome.err
    assert "migrations/003_other.sql" in outcome.err
    assert "004_" in outcome.err
    assert outcome.out == ""


def test_an_edited_file_is_refused(applied: Project) -> None:
    """
    Exit 4, both ways out, and a document that says the same.
    """
    applied.write("001_create_users.sql", "CREATE TABLE users (id bigint);\n")
    outcome = applied.on("up")
    assert outcome.code == 4
    assert "001_create_users.sql" in outcome.err.splitlines()[0]
    assert "st44-migrate repair 001" in outcome.err
    document = applied.on("up", "--json").document
    assert (document["status"], document["error"]["code"]) == ("failed", "plan")
    assert document["error"]["path"] == "migrations/001_create_users.sql"


def test_late_files_need_a_word(applied: Project) -> None:
    """
    Refused, unless --allow-late says otherwise.
    """
    (applied.root / "migrations" / "001_create_users.sql").rename(
        applied.root / "migrations" / "000_create_users.sql"
    )
    applied.on("repair", "001", "--reason", "renamed")
    assert applied.on("up").code == 4
    applied.write("000_create_users.sql", "SELECT 1;\n")
    assert applied.on("up", "--allow-late").out.startswith("applied 1,")


def test_the_ledger_has_another_name(project: Project) -> None:
    """
    By option, or by pyproject.toml.
    """
    assert project.on("up", "--ledger", "applied_here", "-q").code == 0
    assert "applied_here" in tables(project)
    (project.root / "pyproject.toml").write_text('[tool.st44-migrate]\nledger = "applied_here"\n')
    assert project.on("up").out.startswith("up to date")


def test_a_secret_is_never_printed(project: Project) -> None:
    """
    Not in the text, not in the document, not when the port is closed.
    """
    url = "postgresql://app:hunter2@127.0.0.1:1/st44"
    for shape in (("-q",), ("--json",)):
        outcome = project.run("up", "--wait", "0", *shape, DATABASE_URL=url)
        assert outcome.code == 6
        assert "hunter2" not in outcome.out + outcome.err
        assert "The database is named by DATABASE_URL." in outcome.err


def test_the_origin_is_told_where_it_helps(applied: Project) -> None:
    """
    A URL that is none, from the environment; not where the option named it.
    """
    told = "The database is named by ST44_DATABASE_URL."
    assert told in applied.run("up", ST44_DATABASE_URL="nonsense").err
    assert "named by" not in applied.run("up", "--url", "nonsense").err
    assert "named by" not in applied.run("show", "999", ST44_DATABASE_URL=applied.url).err


def test_waiting_is_shown_while_it_waits(project: Project) -> None:
    """
    A closed port may open: the reason is told until the time is up.
    """
    outcome = project.run("up", "--wait", "1", "--url", "postgresql://127.0.0.1:1/st44")
    assert outcome.code == 6
    assert "waiting for the database" in outcome.err.lower()
    assert "refused" in outcome.err


def test_errors_under_github_actions_are_annotations(project: Project) -> None:
    """
    The place of the error becomes an annotation of the file.
    """
    project.write("002_create_tasks.sql", BROKEN)
    outcome = project.spawn("up", "--url", project.url, GITHUB_ACTIONS="true")
    assert outcome.code == 1
    assert "::error file=migrations/002_create_tasks.sql,line=5" in outcome.err


def test_an_unexpected_exception_shows_its_traceback(project: Project) -> None:
    """
    A bug is not dressed up: traceback, exit 1, and still one document.
    """
    project.monkeypatch.setattr("os.scandir", lambda _: 1 / 0)
    outcome = project.on("up", "--json")
    assert outcome.code == 1
    assert "Traceback" in outcome.err
    assert outcome.document["error"]["code"] == "internal"
    assert outcome.document["error"]["message"] == "ZeroDivisionError: division by zero"
