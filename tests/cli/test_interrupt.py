"""
Ctrl-C and SIGTERM: the exit codes of shells, and one line that names the state.
"""

from __future__ import annotations

import signal
import subprocess
import sys

import psycopg
import pytest

from cli.harness import Project
from runs.holding import KEY, holding
from targets import Target, until

CASES = pytest.mark.parametrize(
    ("number", "code", "cause"),
    [(signal.SIGINT, 130, "Ctrl-C"), (signal.SIGTERM, 143, "SIGTERM")],
)


@CASES
def test_while_it_waits_for_the_database(
    project: Project, number: signal.Signals, code: int, cause: str
) -> None:
    """
    Nothing was run, and the line says so.
    """
    with project.start("up", "--url", "postgresql://127.0.0.1:1/st44") as process:
        assert process.stderr is not None
        assert "refused" in process.stderr.readline()
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: interrupted by {cause}: nothing was run: the database was not there yet"
    )
    assert out == ""
    assert "Traceback" not in err


@CASES
def test_while_another_runner_is_at_work(
    project: Project, pg_url: str, number: signal.Signals, code: int, cause: str
) -> None:
    """
    Nothing was run, and the lock of the other is as it was.
    """
    with (
        holding(Target("psycopg", pg_url)) as other,
        project.start("up", "-v", "--url", pg_url) as process,
    ):
        assert process.stderr is not None
        for line in process.stderr:
            if "somebody" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert other.execute(f"SELECT pg_advisory_unlock({KEY})").fetchone() == (True,)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: interrupted by {cause}: nothing was run: another runner was at work"
    )
    assert out == ""
    assert project.run("up", "--lock-wait", "5", "--url", pg_url).code == 0


# The signal arrives in psycopg's own code, before any notice handler is called.
INSIDE_PSYCOPG = """
import signal, sys
from psycopg._connection_base import BaseConnection
from st44_migrate.cli import main

real = BaseConnection._notice_handler

def interrupted(*args):
    BaseConnection._notice_handler = real
    signal.raise_signal(int(sys.argv[1]))

BaseConnection._notice_handler = staticmethod(interrupted)
sys.exit(main(sys.argv[2:]))
"""


@CASES
def test_while_libpq_calls_python(
    project: Project, pg_url: str, number: signal.Signals, code: int, cause: str
) -> None:
    """
    An exception there is printed and forgotten: the signal comes again, in silence.
    """
    project.write(
        "003_add_name.sql", "DO $$ BEGIN RAISE NOTICE 'asleep'; PERFORM pg_sleep(60); END $$;\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", INSIDE_PSYCOPG, str(int(number)), "up", "--url", pg_url],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
    )
    assert done.returncode == code
    assert done.stderr.splitlines()[-1] == (
        f"error: interrupted by {cause}: applied 2 of 3;"
        " migrations/003_add_name.sql was running and is applied whole or not at all"
    )
    assert ("Traceback" in done.stderr, done.stdout) == (False, "")


@CASES
def test_while_a_build_runs(
    project: Project, pg_url: str, number: signal.Signals, code: int, cause: str
) -> None:
    """
    A file that commits step by step: the line says how far it had come, and the next
    run goes on from there.
    """
    project.write(
        "003_add_name.sql",
        "ALTER TABLE users ADD COLUMN name text;\nCREATE INDEX CONCURRENTLY named ON users (name);\n",
    )
    with psycopg.connect(pg_url) as old:
        old.execute("SELECT txid_current()")
        with project.start("up", "-v", "--url", pg_url) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "CREATE INDEX" in line:
                    break
            process.send_signal(number)
            out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: interrupted by {cause}: applied 2 of 3; migrations/003_add_name.sql had come to"
        " statement 2 of 2; the ones before it stay, and the next run goes on from there"
    )
    assert (out, "Traceback" in err) == ("", False)
    assert project.run("up", "--lock-wait", "5", "--url", pg_url).code == 0


@CASES
def test_while_sqlite_computes(
    project: Project, number: signal.Signals, code: int, cause: str
) -> None:
    """
    SQLite is stopped in the middle of a statement, and the file is rolled back.
    """
    project.write(
        "003_add_name.sql",
        "CREATE TABLE slow (id int);\n"
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n;\n",
    )
    journal = project.root / "app.db-journal"
    with project.start("up", "-v", "--url", project.url) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "applying 003_add_name" in line:
                break
        until(journal.exists)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert process.returncode == code
    assert err.splitlines()[-1] == (
        f"error: interrupted by {cause}: applied 2 of 3;"
        " migrations/003_add_name.sql was running and is applied whole or not at all"
    )
    assert (out, "Traceback" in err) == ("", False)
    project.write("003_add_name.sql", "CREATE TABLE slow (id int);\n")
    assert project.on("up").code == 0
