"""
``health``: for whoever polls, and for a person at a terminal.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from cli.harness import Project


def test_behind_and_current(empty: Project) -> None:
    """
    Degraded fails only where it is asked to; nothing is written.
    """
    behind = empty.on("health")
    assert behind.code == 0
    assert behind.out.startswith(
        "degraded: Expected 3 migrations, only 0 applied; missing: 001, 002, 003.\n"
        "    Apply them: st44-migrate up.\n"
        "Checked at "
    )
    assert behind.err == ""
    assert (empty.root / "app.db").stat().st_size == 0
    assert empty.on("health", "--fail-on", "degraded").code == 1
    assert empty.on("up", "-q").code == 0
    current = empty.on("health", "--fail-on", "degraded")
    assert current.code == 0
    assert current.out.startswith("healthy: Every migration is applied, 3 of 3.\n")


def test_the_document(applied: Project) -> None:
    """
    With --json, the one that the web answers with.
    """
    document = applied.on("health", "--json", "--table", "users", "--table", "nothing").document
    assert document["status"] == "degraded"
    assert document["migrations"] == {
        "applied": ["001", "002", "003"],
        "latest": "003",
        "count": 3,
    }
    assert document["schema"] == {
        "critical_tables": [
            {"name": "users", "exists": True},
            {"name": "nothing", "exists": False},
        ],
        "all_tables_exist": False,
    }
    derived = applied.on("health", "--json", "--all-tables").document
    assert [t["name"] for t in derived["schema"]["critical_tables"]] == ["users", "tasks"]
    assert derived["status"] == "healthy"


def test_an_orchestrator_gets_0_or_1(project: Project) -> None:
    """
    No database, no folder, no URL: 1, and the reason. A wrong option alone is 2.
    """
    absent = project.on("health")
    assert absent.code == 1
    assert absent.out.startswith("unhealthy: Database not found.\n")
    nowhere = project.on("health", "nowhere")
    assert nowhere.code == 1
    assert nowhere.err.startswith("error: ")
    unnamed = project.run("health")
    assert unnamed.code == 1
    assert "no database is named" in unnamed.err
    assert project.on("health", "--nothing").code == 2


def test_waiting_for_a_database(project: Project) -> None:
    """
    For so many seconds, and no longer.
    """
    assert project.on("health", "--wait", "0.5").code == 1


def test_watching_prints_what_changes(applied: Project) -> None:
    """
    Into a file: a text for each change, or a document for each look.
    """
    with applied.start("health", "--watch", "--every", "0.1", "--url", applied.url) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "healthy: Every migration is applied, 3 of 3.\n"
        process.stdout.readline()
        applied.write("004_more.sql", "CREATE TABLE more (id integer);")
        (applied.root / "app.db").unlink()
        assert process.stdout.readline() == "unhealthy: Database not found.\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1
    arguments = ("health", "--watch", "--every", "0.1", "--json", "--url", applied.url)
    with applied.start(*arguments) as process:
        assert process.stdout is not None
        for _ in range(3):
            assert json.loads(process.stdout.readline())["status"] == "unhealthy"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143


@pytest.mark.parametrize("rows", [24, 8])
def test_watching_on_a_terminal(applied: Project, rows: int) -> None:
    """
    The status, a line for each version as far as there is room, and how to leave.
    """
    import fcntl
    import struct
    import termios

    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    command = [sys.executable, "-m", "st44_migrate", "health", "--watch", "--url", applied.url]
    with subprocess.Popen(
        command,
        cwd=applied.root,
        env={**os.environ, "TERM": "xterm"},
        stdin=child,
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        shown = b""
        while b"Ctrl-C ends" not in shown:
            shown += os.read(parent, 65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    os.close(parent)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "healthy  Every migration is applied, 3 of 3." in text
    assert re.search(r"^003 +add_name +applied +\d{4}-", text, re.MULTILINE)
    assert "Traceback" not in text
