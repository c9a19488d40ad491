"""
Whatever happens to the database, every answer is there within the deadline.

How fast is "within"?  The deadline is kept by clocks, and a machine under load may
be late; so deadlines here are seconds, the hindrances last until the test ends
them, and what is checked is that the answer came while they lasted.
"""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import psycopg
import pytest

from drivers.attempts import quiet
from faults.own_server import OwnServer, own_server
from health.frozen import frozen
from health.probing import (
    COLOURS,
    TABLES,
    connection_of,
    household,
    pool_of,
    probing,
    raw_driver,
)
from health.test_probe import gone, sessions
from runs.holding import holding
from runs.wrapped import AsyncWindowed, Window, Windowed
from st44_migrate import HealthReport
from st44_migrate.drivers.asyncpg import AsyncpgDriver
from st44_migrate.errors import DriverError
from st44_migrate.health import READINESS
from targets import Target, until

colours = pytest.mark.parametrize("colour", COLOURS)


@pytest.fixture(scope="module")
def mine() -> Iterator[OwnServer]:
    """
    Give a server that may be paused and stopped, with the household applied.
    """
    with own_server() as server:
        Target("psycopg", server.url).apply(household())
        yield server


def facts(report: HealthReport) -> tuple[str, str, bool, str | None, int]:
    return (
        str(report.status),
        str(report.relation),
        report.connected,
        report.error,
        report.http_status,
    )


TIMED_OUT = ("unhealthy", "unknown", False, "Connection timeout", 503)


# --- the server is paused -----------------------------------------------------


@colours
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_a_paused_server(colour: str, warm: bool, mine: OwnServer) -> None:
    """Everybody has an answer while it is paused, and a true one when it goes on."""
    target = Target("psycopg", mine.url)
    with probing(colour, mine.url, household(), tables=TABLES, deadline=1.0, ttl=0) as asked:
        if warm:
            assert asked.check().status == "healthy"
        with frozen(mine):
            assert facts(asked.check()) == TIMED_OUT
            assert {facts(report) for report in asked.burst(50)} == {TIMED_OUT}
        until(lambda: asked.check().status == "healthy", within=60)
    until(lambda: gone(target), within=60)


@colours
@pytest.mark.parametrize("lend", [pool_of, connection_of], ids=["pool", "connection"])
def test_a_paused_server_behind_a_callers_connection(
    colour: str, lend: Any, mine: OwnServer
) -> None:
    """It is waited for, since it is not ours to end; nobody else waits."""
    with probing(colour, mine.url, household(), lend=lend(colour), deadline=1.0, ttl=0) as asked:
        assert asked.check().status == "healthy"
        with frozen(mine):
            for _ in range(2):
                assert facts(asked.check()) == TIMED_OUT
        until(lambda: asked.check().status == "healthy", within=60)


def test_a_paused_server_loses_a_session_of_asyncpg(mine: OwnServer) -> None:
    """A session of our own is ended in time, and it is said why."""

    async def check() -> None:
        driver = AsyncpgDriver(mine.url)
        conn = await driver.connect(timeout=5, readonly=True, notice=quiet)
        with frozen(mine):
            began = monotonic()
            with pytest.raises(DriverError, match="did not answer in time") as caught:
                await conn.fetch("SELECT 1", within=0.5)
            await conn.close()
            assert monotonic() - began < 5
        assert caught.value.lost

    asyncio.run(check())


@colours
def test_a_stopped_server(colour: str, mine: OwnServer) -> None:
    """Refused at once; seen as soon as it is back."""
    with probing(colour, mine.url, household(), deadline=5.0, ttl=0) as asked:
        assert asked.check().status == "healthy"
        mine.stop("immediate")
        try:
            report = asked.check()
            assert facts(report) == ("unhealthy", "unknown", False, "Connection refused", 503)
            assert facts(asked.check()) == facts(report)
        finally:
            mine.start()
        until(lambda: asked.check().status == "healthy", within=60)


# --- the connection is slow ---------------------------------------------------


@dataclass
class Gate:
    """
    A socket that takes connections and passes nothing on until it is opened.
    """

    url: str
    opened: threading.Event = field(default_factory=threading.Event)


@contextmanager
def gate(server: OwnServer) -> Iterator[Gate]:
    """
    Stand before *server*, on a port of the loopback.
    """
    socket_file = f"{server.url.rpartition('host=')[2]}/.s.PGSQL.5432"
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(40) as pool:
        listener.settimeout(0.05)
        made = Gate(f"postgresql://postgres@127.0.0.1:{listener.getsockname()[1]}/postgres")

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with source, sink:
                source.settimeout(0.05)
                while not stop.is_set():
                    try:
                        data = source.recv(65536)
                    except TimeoutError:
                        continue
                    except OSError:
                        return
                    if not data:
                        return
                    sink.sendall(data)

        def serve(client: socket.socket) -> None:
            while not made.opened.wait(0.05):
                if stop.is_set():
                    client.close()
                    return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(socket_file)
            pool.submit(pump, client, upstream.dup())
            pool.submit(pump, upstream, client.dup())

        def accept() -> None:
            while not stop.is_set():
                try:
                    client, _ = listener.accept()
                except TimeoutError:
                    continue
                pool.submit(serve, client)

        pool.submit(accept)
        try:
            yield made
        finally:
            stop.set()


@colours
def test_a_connection_that_comes_too_late_is_used_by_the_next(colour: str, mine: OwnServer) -> None:
    """
    The attempt goes on when its deadline is over: a slow network would else never
    let one succeed.
    """
    with gate(mine) as slow, probing(colour, slow.url, household(), deadline=0.5, ttl=600) as asked:
        assert facts(asked.check()) == TIMED_OUT
        slow.opened.set()
        # Nobody asks again meanwhile: what arrives is kept all the same.
        until(lambda: asked.latest().status == "healthy", within=60)
        report = asked.check()
        assert (report.status, report.cached) == ("healthy", True)


# --- the pool is exhausted ----------------------------------------------------


@colours
def test_an_exhausted_pool(colour: str, database: Target) -> None:
    """The check does not wait longer than it may, takes nothing, and comes back."""
    database.apply(household())
    with probing(
        colour, database.url, household(), lend=pool_of(colour), deadline=1.0, ttl=0
    ) as asked:
        assert asked.check().status == "healthy"
        taken = asked.await_(asked.lent.getconn(5))
        for _ in range(2):
            report = asked.check()
            assert (report.status, report.http_status) == ("unhealthy", 503)
            assert report.error in {"Connection pool timeout", "Connection timeout"}
        assert len(sessions(database)) == 1
        asked.await_(asked.lent.putconn(taken))
        until(lambda: asked.check().status == "healthy", within=30)


# --- DDL is in the way --------------------------------------------------------


@colours
@pytest.mark.parametrize("table", ["schema_migrations", "schema_migrations_journal"])
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_a_ledger_that_is_being_altered(
    colour: str, table: str, warm: bool, database: Target
) -> None:
    """
    ACCESS EXCLUSIVE is not waited for: unknown, or in progress if a runner is seen.
    """
    database.apply(household())
    with (
        psycopg.connect(database.url) as altering,
        probing(colour, database.url, household(), tables=TABLES, deadline=2.0, ttl=0) as asked,
    ):
        if warm:
            assert asked.check().status == "healthy"
        altering.execute(f"ALTER TABLE {table} ADD COLUMN extra integer".encode())
        report = asked.check()
        assert facts(report) == ("unhealthy", "unknown", True, "Ledger locked", 503)
        assert report.all_tables_exist is True, "what is not locked is seen all the same"
        with holding(database):
            report = asked.check()
            assert facts(report) == ("degraded", "in_progress", True, "Ledger locked", 200)
            assert asked.check(READINESS).http_status == 503
        altering.rollback()
        until(lambda: asked.check().status == "healthy", within=30)
    until(lambda: gone(database))


@colours
def test_what_waits_behind_ddl_is_gone_with_its_answer(colour: str, database: Target) -> None:
    """The server itself ends the query: nobody queues for the table any more."""
    database.apply(household())
    with (
        psycopg.connect(database.url) as altering,
        probing(colour, database.url, household(), lend=pool_of(colour), deadline=1.0, ttl=0) as a,
    ):
        altering.execute("ALTER TABLE schema_migrations ADD COLUMN extra integer")
        assert a.check().error == "Ledger locked"
        assert database.query("SELECT count(*) FROM pg_locks WHERE NOT granted") == [(0,)]
        assert "active" not in sessions(database)
        altering.rollback()


@colours
def test_a_query_that_is_too_slow(colour: str, database: Target) -> None:
    """The server gives up; the session stays, and is the one that answers later."""
    database.apply(household())
    slow = Slow()
    wrap = Windowed if colour == "blocking" else AsyncWindowed
    driver = wrap(raw_driver(colour, database.url), slow)
    with probing(colour, driver, household(), deadline=1.0, ttl=0) as asked:
        assert asked.check().status == "healthy"
        (before,) = _pids(database)
        slow.seconds = 600
        assert facts(asked.check()) == ("unhealthy", "unknown", True, "Query timeout", 503)
        slow.seconds = 0
        until(lambda: asked.check().status == "healthy", within=30)
        assert _pids(database) == [before]


@dataclass
class Slow(Window):
    """
    Makes the server sleep before each query.
    """

    seconds: int = 0

    def rewrite(self, text: str) -> str:
        return f"SELECT pg_sleep({self.seconds});\n{text}" if self.seconds else text


def _pids(target: Target) -> list[Any]:
    return target.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


# --- SQLite -------------------------------------------------------------------


@colours
def test_a_file_that_is_locked(colour: str, lite: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody commits, for ever: SQLite waits no longer for them than it may."""
    lite.apply(household())
    for home in ("_sqlite", "sqlite", "aiosqlite"):
        monkeypatch.setattr(f"st44_migrate.drivers.{home}.BUSY_TIMEOUT", 600.0)
    path = lite.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with probing(colour, lite.url, household(), ttl=0, deadline=1.0) as asked:
            for report in (asked.check(), *asked.burst(50)):
                assert (report.status, report.relation) == ("unhealthy", "unknown")
                assert report.error in {"Ledger locked", "Connection timeout"}
            writer.execute("ROLLBACK")
            until(lambda: asked.check().status == "healthy", within=30)


# --- nothing is left ----------------------------------------------------------


@colours
def test_a_thousand_callers_of_a_paused_server(colour: str, mine: OwnServer) -> None:
    """One session was tried, and no thread or session of ours is left over."""
    before = threading.active_count()
    target = Target("psycopg", mine.url)
    with probing(colour, mine.url, household(), deadline=1.0, ttl=0) as asked:
        assert asked.check().status == "healthy"
        with frozen(mine):
            reports = asked.burst(1000)
        assert {facts(report) for report in reports} == {TIMED_OUT}
        until(lambda: asked.check().status == "healthy", within=60)
        assert len(sessions(target)) == 1
    until(lambda: gone(target), within=60)
    until(lambda: threading.active_count() <= before)
