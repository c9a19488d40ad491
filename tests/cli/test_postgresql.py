"""
The command on a real PostgreSQL: what the server says, and what interrupts it.
"""

from __future__ import annotations

import signal
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.harness import Project

INTERRUPTS = pytest.mark.parametrize(
    ("number", "code", "cause"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)
SLOW = "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$;\n"


def test_an_error_inside_a_function(project: Project, pg_url: str) -> None:
    """
    The line inside the body, the SQLSTATE, and what the server had to say.
    """
    project.write(
        "004_fill.sql",
        "CREATE TABLE t (a int NOT NULL);\n"
        "DO $$\n"
        "BEGIN\n"
        "  PERFORM 1;\n"
        "  INSERT INTO t VALUES (NULL);\n"
        "END $$;\n",
    )
    outcome = project.spawn("up", "--url", pg_url)
    assert outcome.code == 1
    assert "\nmigrations/004_fill.sql:5:" in f"\n{outcome.err}"
    assert "error: null value in column" in outcome.err
    assert "\n  SQLSTATE: 23502\n" in outcome.err
    assert "\n  detail: Failing row contains (null).\n" in outcome.err
    error = project.run("up", "--json", DATABASE_URL=pg_url).document["error"]
    assert (error["sqlstate"], error["line"]) == ("23502", 5)
    assert error["detail"] == "Failing row contains (null)."


@INTERRUPTS
def test_while_a_migration_runs(
    project: Project, pg_url: str, number: signal.Signals, code: int, cause: str
) -> None:
    """
    The query is stopped, the file rolled back, the lock free; the line names the state.
    """
    project.write("003_sleep.sql", "CREATE TABLE slept (id int);\n" + SLOW)
    (project.root / "migrations" / "003_add_name.sql").unlink()
    with project.start("up", "-v", "--url", pg_url) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "applying 003_sleep" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: interrupted by {cause}: applied 2 of 3;"
        " migrations/003_sleep.sql was running and is applied whole or not at all"
    )
    assert "Traceback" not in err
    assert out == ""
    project.write("003_sleep.sql", "CREATE TABLE slept (id int);\n")
    assert project.run("up", "--lock-wait", "5", "--url", pg_url).code == 0


def test_an_interrupt_is_a_document_too(project: Project, pg_url: str) -> None:
    """
    With --json stdout holds one document, whatever ends the run.
    """
    project.write("003_add_name.sql", SLOW)
    with project.start("up", "-v", "--json", "--url", pg_url) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "applying 003_add_name" in line:
                break
        process.terminate()
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 143
    assert '"code": "interrupted"' in out
    assert out.startswith('{\n  "status": "failed",')


def test_what_the_server_says_is_shown(project: Project, pg_url: str) -> None:
    """
    Notices reach the terminal and the log.
    """
    project.write("003_add_name.sql", "DO $$ BEGIN RAISE NOTICE 'thirteen rows'; END $$;\n")
    outcome = project.spawn("up", "--url", pg_url)
    assert outcome.code == 0
    assert "thirteen rows" in outcome.err


def test_a_file_that_commits_statement_by_statement(project: Project, pg_url: str) -> None:
    """
    The plan says so before, the run does it.
    """
    project.write("003_add_name.sql", "CREATE INDEX CONCURRENTLY i ON users (id);\n")
    plan = project.run("plan", "--url", pg_url)
    assert "003_add_name.sql      1 statement   statement by statement" in plan.out
    assert project.run("up", "--url", pg_url).code == 0


def test_a_ledger_in_a_schema(project: Project, pg_url: str) -> None:
    """
    The schema is made when it is missing; the default ledger knows nothing of it.
    """
    assert project.run("up", "--ledger", "Home.Ledger", "--url", pg_url).code == 0
    assert project.run("check", "--ledger", "Home.Ledger", "--url", pg_url).code == 0
    assert project.run("check", "--url", pg_url).code == 3


def test_the_guides_variables(project: Project, pg_url: str) -> None:
    """
    DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD, as the old runner had them.
    """
    parts = urlsplit(pg_url)
    query = parse_qs(parts.query)
    environ = {
        "DB_HOST": parts.hostname or query["host"][0],
        "DB_NAME": parts.path[1:],
        "DB_USER": parts.username or "",
        "DB_PASSWORD": parts.password or "",
    }
    if parts.port or "port" in query:
        environ["DB_PORT"] = str(parts.port or query["port"][0])
    assert project.run("up", **environ).code == 0
    assert project.run("check", "--url", pg_url).code == 0


def test_wait_for_a_database_that_is_there(project: Project, pg_url: str) -> None:
    """
    It says so, as text and as a document.
    """
    assert project.run("wait", "--url", pg_url).out == "the database is up\n"
    assert project.run("wait", "--url", pg_url, "--json").document == {"status": "up"}


def test_a_database_that_does_not_exist(project: Project, pg_url: str) -> None:
    """
    Waiting would not help, so it is not waited for.
    """
    url = urlsplit(pg_url)._replace(path="/st44_no_such_database").geturl()
    outcome = project.run("wait", "--wait", "60", "--url", url)
    assert outcome.code == 6
    assert "st44_no_such_database" in outcome.err.splitlines()[0]
    assert "waiting" not in outcome.err
