"""
The web applications in `examples`, run by their servers and asked from outside.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx
import psycopg
import pytest

from faults.own_server import own_server
from health.frozen import frozen
from runs.holding import holding
from serving import FLASK, GUNICORN, UVICORN, Served, serving
from targets import Target, until
from web.guide import EIGHT, degraded, document, healthy, unhealthy

APPS = {"fastapi": UVICORN, "flask": FLASK}
every_app = pytest.mark.parametrize("app", APPS)


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for sql in statements:
            conn.execute(sql.encode())


def ready(served: Served) -> None:
    until(lambda: served.status() == 200, within=60)


@every_app
def test_it_migrates_and_says_so(app: str, pg_url: str) -> None:
    """From an empty database to the guide's document, in every form, and with its own numbers."""
    with serving(APPS[app], pg_url) as served:
        ready(served)
        assert served.get("/health").json()["status"] == "ok"
        answer = served.get("/health/database")
        assert (answer.status_code, document(answer)) == (200, healthy())
        assert answer.headers["cache-control"] == "no-store"
        head = httpx.head(f"{served.url}/health/database")
        assert (head.status_code, head.content) == (200, b"")
        assert int(head.headers["content-length"]) > 100
        refused = httpx.post(f"{served.url}/health/database")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
        page = served.get("/health/database", "text/html").text
        assert "<h1>Healthy</h1>" in page
        numbers = served.get("/health/metrics").text
        assert 'st44_runs_total{outcome="applied"} 1\n' in numbers
        assert "st44_migrations_applied 8\n" in numbers
        assert served.get("/households").json() == []
    assert "applied 016_create_task_completions_table" in served.log


@every_app
def test_liveness_answers_while_it_migrates(app: str, pg_url: str) -> None:
    """The run waits for somebody; the process is alive, the database in progress, nobody ready."""
    target = Target("psycopg", pg_url)
    with holding(target), serving(APPS[app], pg_url) as served:
        until(lambda: served.status("/health") == 200, within=60)
        answer = served.get("/health/database")
        assert (answer.status_code, answer.json()["relation"]) == (200, "in_progress")
        assert served.status("/health/ready") == 503
        assert served.status("/households") == 503
        execute(
            pg_url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'somebody'",
        )
        ready(served)
        assert served.get("/households").json() == []


WORKERS = {"fastapi": (*UVICORN, "--workers", "4"), "flask": (*GUNICORN, "--workers", "4")}


@every_app
def test_several_workers_start_at_once(app: str, pg_url: str) -> None:
    """Each of the four becomes ready, and each file was run once: by one of them."""
    with serving(WORKERS[app], pg_url) as served:
        # One that looked a moment ago may still say what it saw.
        until(lambda: all(agreed(served) for _ in range(16)), within=120)
        log = until(lambda: complete(served.log), within=120)
    assert re.findall(r"applied (\d+)_", log) == EIGHT
    # How many were there already depends on when a worker came.
    assert sorted(re.findall(r"done: (\d+) applied", log)) == ["0", "0", "0", "8"]


def test_workers_that_were_forked_later(pg_url: str) -> None:
    """What was preloaded runs once, before the fork or beside it, and each worker sees it."""
    with serving((*GUNICORN, "--workers", "4", "--preload"), pg_url) as served:
        until(lambda: all(agreed(served) for _ in range(16)), within=120)
        assert served.get("/households").json() == []
    assert re.findall(r"applied (\d+)_", served.log) == EIGHT
    assert served.log.count("done: ") == 1


def agreed(served: Served) -> bool:
    return served.status() == 200 and document(served.get("/health/database")) == healthy()


def complete(log: str) -> str | None:
    """
    Return *log* when four runs have ended in it.
    """
    return log if log.count("done: ") == 4 else None


@every_app
def test_the_guides_four_documents(app: str) -> None:
    """
    Healthy; degraded by missing migrations; degraded by a dropped table; unhealthy,
    with 503, while the server does not answer, when it is gone, and no longer
    than that.
    """
    with own_server() as server, serving(APPS[app], server.url) as served:
        ready(served)
        answer = served.get("/health/database")
        assert (answer.status_code, document(answer)) == (200, healthy())

        execute(server.url, "DROP TABLE task_completions")
        answer = until(lambda: changed(served, "degraded"), within=60)
        assert (answer.status_code, document(answer)) == (200, healthy(missing="task_completions"))

        execute(
            server.url,
            "DROP TABLE task_assignments, tasks, children, household_members, households",
            "DELETE FROM schema_migrations WHERE version > '001'",
            "DELETE FROM schema_migrations_journal WHERE version NOT IN ('000', '001', '0', '1')",
        )
        answer = until(lambda: changed(served, "degraded", count=2), within=60)
        assert answer.status_code == 200
        assert document(answer) == degraded()

        with frozen(server):
            # It is answered while the server cannot answer: the deadline was kept.
            # The session that was open is lost first; a new one is not to be had.
            answer = until(
                lambda: changed(served, "unhealthy", error="Connection timeout"), within=60
            )
            assert answer.status_code == 503
            assert answer.headers["retry-after"] == "5"
            assert document(answer) == unhealthy("Connection timeout")
            assert served.status("/health") == 200
        until(lambda: changed(served, "degraded", count=2), within=60)

        server.stop("fast")
        try:
            answer = until(
                lambda: changed(served, "unhealthy", error="Connection refused"), within=60
            )
            assert (answer.status_code, served.status("/health")) == (503, 200)
            assert document(answer) == unhealthy("Connection refused")
        finally:
            server.start()
        until(lambda: changed(served, "degraded", count=2), within=60)


def changed(
    served: Served, status: str, *, count: int | None = None, error: str | None = None
) -> httpx.Response | None:
    """
    Ask once, and return the answer if it is this one by now.
    """
    answer = served.get("/health/database")
    found = answer.json()
    seen = (found["status"], found.get("migrations", {}).get("count"))
    wanted = (status, seen[1] if count is None else count)
    fits = error is None or found["database"].get("error") == error
    return answer if seen == wanted and fits else None


@every_app
def test_without_a_database_it_does_not_start(app: str, pg_url: str) -> None:
    """There is no default: the server ends, and says what is missing."""
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", *APPS[app], "--port", "0"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "KeyError: 'DATABASE_URL'" in done.stderr
