"""
A runner that dies in the middle of a statement: what it held is free in seconds.

Nobody tells the server, which is busy and does not read from the connection: it
looks by itself, since the session asks for it (``client_connection_check_interval``).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from faults.processes import runner
from runs.holding import KEY, free
from targets import Target, applied, until, write

SECONDS = 8.0
"""The server looks every 2 s; the rest is for a slow machine."""

SLEEP = "SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT 1 FROM go_on);"
BODIES = {
    "transaction": f"INSERT INTO log VALUES (2);\n{SLEEP}",
    "stepwise": f"CREATE INDEX CONCURRENTLY i ON log (n);\nINSERT INTO log VALUES (2);\n{SLEEP}",
}

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a server")


@pytest.fixture
def ready(pg_url: str, folder: Path) -> Target:
    """
    Give a database with an applied file, and a table that lets a sleeper go on.
    """
    database = Target("psycopg", pg_url)
    database.execute("CREATE TABLE go_on (id integer)")
    database.apply(write(folder, {"001_log.sql": "CREATE TABLE log (n integer);"}))
    return database


def slow(folder: Path, kind: str) -> Path:
    text = {"001_log.sql": "CREATE TABLE log (n integer);", "002_slow.sql": BODIES[kind]}
    return write(folder, text)


def asleep(target: Target, name: str) -> bool:
    """
    Whether the session called *name* sleeps, and holds the runner's lock.
    """
    return target.query(
        "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
        f" WHERE a.application_name = '{name}' AND a.wait_event = 'PgSleep'"
        " AND l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        f" AND (l.classid::bigint << 32 | l.objid::bigint) = {KEY}"
    ) > [(0,)]


def named(url: str, name: str) -> str:
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, f"application_name={name}") if part)
    return parts._replace(query=query).geturl()


@pytest.mark.parametrize("kind", BODIES)
def test_its_lock_is_free_in_seconds(ready: Target, folder: Path, kind: str) -> None:
    """A minute's statement of a dead runner keeps nobody waiting for a minute."""
    with runner(ready.url, slow(folder, kind)) as victim:
        victim.ready()
        victim.go()
        until(lambda: asleep(ready, "st44-migrate"), within=30)
        assert victim.kill() == -9
        began = time.monotonic()
        until(lambda: free(ready), within=SECONDS)
        print(f"free after {time.monotonic() - began:.2f} s")
    assert ready.versions() == ["001"]
    assert ready.query("SELECT n FROM log") == ([] if kind == "transaction" else [(2,)])
    ready.execute("INSERT INTO go_on VALUES (1)")
    assert applied(ready.apply(folder)) == ["002"]
    assert ready.query("SELECT n FROM log") == [(2,)]


@pytest.mark.parametrize("kind", BODIES)
def test_a_waiting_runner_takes_over(ready: Target, folder: Path, kind: str) -> None:
    """The one behind it finishes its work, from where it stopped, and nobody else is asked."""
    slow(folder, kind)
    with (
        runner(named(ready.url, "first"), folder) as victim,
        runner(named(ready.url, "second"), folder) as heir,
    ):
        for one in (victim, heir):
            one.ready()
        victim.go()
        until(lambda: asleep(ready, "first"), within=30)
        heir.go()
        seen = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'second'"
        until(lambda: ready.query(seen), within=30)
        ready.execute("INSERT INTO go_on VALUES (1)")
        assert victim.kill() == -9
        outcome = heir.end()
    assert (outcome.code, outcome.error, outcome.applied) == (0, "", ("002",))
    assert ready.query("SELECT n FROM log") == [(2,)]
    assert ready.versions() == ["001", "002"]
