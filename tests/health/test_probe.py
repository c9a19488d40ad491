"""
Both probes: one look for however many ask, whose connection it is, and for how long.
"""

from __future__ import annotations

import asyncio
import os
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from psycopg import pq

from health.probing import (
    COLOURS,
    NOW,
    TABLES,
    connection_of,
    household,
    pool_of,
    probing,
    raw_driver,
    sqlite_connection_of,
)
from runs.holding import holding
from runs.wrapped import AsyncWindowed, Window, Windowed
from st44_migrate import ConfigError, HealthReport, Memory, SourceError
from st44_migrate.health import READINESS, AsyncHealthProbe, HealthProbe
from st44_migrate.health.visit import Visitor
from targets import Target, until

colours = pytest.mark.parametrize("colour", COLOURS)


@dataclass
class InFlight(Window):
    """
    Counts the queries that are on their way at the same time.
    """

    now: int = 0
    most: int = 0
    guard: Any = field(default_factory=threading.Lock)

    def enter(self, text: str) -> None:
        with self.guard:
            self.calls.append(text)
            self.now += 1
            self.most = max(self.most, self.now)

    def __post_init__(self) -> None:
        self.after = self.leave

    def leave(self, text: str) -> None:
        with self.guard:
            self.now -= 1


def windowed(colour: str, url: str, window: Window) -> Any:
    wrap = Windowed if colour == "blocking" else AsyncWindowed
    return wrap(raw_driver(colour, url), window)


def sessions(target: Target) -> list[str]:
    """
    List the states of the sessions on this database, but for the one that asks.
    """
    rows = target.query(
        "SELECT state FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    return [str(row[0]) for row in rows]


def gone(target: Target) -> bool:
    return not sessions(target)


# --- one look for however many ------------------------------------------------


@colours
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_a_thousand_ask_and_one_looks(colour: str, warm: bool, database: Target) -> None:
    """One session, one query on its way at a time, one look, a thousand answers."""
    database.apply(household())
    window = InFlight()
    driver = windowed(colour, database.url, window)
    with probing(colour, driver, household(), tables=TABLES, ttl=600, deadline=60) as asked:
        if warm:
            asked.check()
            window.calls.clear()
        reports = asked.burst(1000)
        assert len(reports) == 1000
        assert {report.status for report in reports} == {"healthy"}
        assert len({report.checked_at for report in reports}) == 1
        assert window.most <= 1
        assert len(window.calls) <= (0 if warm else 4)
        assert len(sessions(database)) == 1
    until(lambda: gone(database))


@colours
def test_many_ask_again_and_again(colour: str, database: Target) -> None:
    """Nothing is ever fresh, and still there is one query at a time."""
    database.apply(household())
    window = InFlight()
    driver = windowed(colour, database.url, window)
    with probing(colour, driver, household(), ttl=0, deadline=60) as asked:
        for _ in range(5):
            assert {report.status for report in asked.burst(40)} == {"healthy"}
        assert window.most == 1
        assert len(sessions(database)) == 1


def test_a_caller_that_is_cancelled_disturbs_nobody(database: Target) -> None:
    """The look goes on for the others."""
    database.apply(household())
    with probing("async", database.url, household(), deadline=60) as asked:

        async def ask() -> list[Any]:
            tasks = [asyncio.ensure_future(asked.probe.check()) for _ in range(5)]
            await asyncio.sleep(0)
            tasks[0].cancel()
            tasks[3].cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

        assert asked.loop is not None
        answers = asked.loop.run(ask())
    cancelled = [isinstance(one, asyncio.CancelledError) for one in answers]
    assert cancelled == [True, False, False, True, False]
    assert {one.status for one in answers if isinstance(one, HealthReport)} == {"healthy"}


def test_who_comes_later_waits_longer(lite: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each waits for its own deadline: the first is sent away, the second is answered."""
    lite.apply(household())
    with probing("async", lite.url, household(), deadline=1.5) as asked:

        async def ask() -> tuple[HealthReport, HealthReport]:
            arrival, visit = asyncio.Event(), Visitor.visit

            async def late(visitor: Visitor, allowed: float) -> Any:
                await arrival.wait()
                return await visit(visitor, allowed)

            monkeypatch.setattr(Visitor, "visit", late)
            first = asyncio.ensure_future(asked.probe.check())
            await asyncio.sleep(0.7)
            second = asyncio.ensure_future(asked.probe.check())
            sent_away = await first
            assert not second.done()
            arrival.set()
            return sent_away, await second

        assert asked.loop is not None
        sent_away, answered = asked.loop.run(ask())
    assert (sent_away.error, answered.error) == ("Connection timeout", None)


# --- how long an answer is good for -------------------------------------------


@colours
def test_a_fresh_answer_is_given_again(colour: str, either: Target) -> None:
    """Marked as such, with its age; the report's own time is always new."""
    either.apply(household(2))
    moments = iter(range(10**6))

    def now() -> datetime:
        return NOW + timedelta(seconds=next(moments))

    with probing(colour, either.url, household(), ttl=600, now=now) as asked:
        first = asked.check()
        either.apply(household())
        second, third = asked.check(), asked.check(READINESS)
    assert [report.cached for report in (first, second, third)] == [False, True, True]
    assert {report.relation for report in (first, second, third)} == {"behind"}
    assert first.checked_at == second.checked_at == third.checked_at
    assert (first.age_ms, second.age_ms, third.age_ms) == (1000, 2000, 3000)
    assert (second.http_status, third.http_status) == (200, 503)


@colours
def test_no_ttl_looks_every_time(colour: str, either: Target) -> None:
    """And the latest can be had without looking."""
    either.apply(household(2))
    with probing(colour, either.url, household(), ttl=0) as asked:
        assert asked.probe.latest().findings[0].code == "not_checked"
        assert asked.check().relation == "behind"
        either.apply(household())
        assert asked.probe.latest().relation == "behind"
        assert asked.check().relation == "current"
        latest = asked.probe.latest(READINESS)
        assert (latest.relation, latest.cached, latest.http_status) == ("current", True, 200)


@colours
def test_a_fault_is_over_sooner(colour: str, database: Target) -> None:
    """It is kept for a quarter of the time, so that nobody is sent away for long."""
    absent = database.url.replace("st44_", "absent_")
    moments: list[float] = []
    with probing(colour, absent, household(), ttl=1.2, deadline=30) as asked:
        assert asked.check().error == "Database not found"
        while asked.check().cached:
            moments.append(0)
    assert moments


# --- whose connection it is ---------------------------------------------------


@colours
def test_a_pool_gets_its_connection_back(colour: str, database: Target) -> None:
    """Idle, in the mode that it had; one connection serves check after check."""
    database.apply(household())
    with probing(colour, database.url, household(), lend=pool_of(colour), ttl=0) as asked:
        for _ in range(3):
            assert asked.check().status == "healthy"
        conn = asked.await_(asked.lent.getconn(5))
        try:
            assert conn.info.transaction_status == pq.TransactionStatus.IDLE
            assert conn.autocommit is False
            assert not conn.closed
        finally:
            asked.await_(asked.lent.putconn(conn))
        assert sessions(database) == ["idle"]
    until(lambda: gone(database))


@colours
@pytest.mark.parametrize("autocommit", [False, True])
def test_a_connection_comes_back_as_it_was(colour: str, autocommit: bool, database: Target) -> None:
    """With its settings and without prepared statements or a transaction of ours."""
    database.apply(household(2))
    lend = connection_of(colour, autocommit=autocommit)
    with probing(colour, database.url, household(), lend=lend, ttl=0) as asked:
        conn = asked.lent
        before = "SHOW statement_timeout", "SHOW lock_timeout", "TABLE pg_prepared_statements"

        def found() -> list[Any]:
            rows = []
            for sql in before:
                cursor = asked.await_(conn.execute(sql))
                rows.append(asked.await_(cursor.fetchall()))
            asked.await_(conn.rollback())
            return rows

        asked.await_(conn.execute("SET statement_timeout = '77s'"))
        asked.await_(conn.commit())
        then = found()
        for _ in range(2):
            assert asked.check().relation == "behind"
            assert conn.autocommit is autocommit
            assert conn.info.transaction_status == pq.TransactionStatus.IDLE
        assert found() == then
        assert then[0] == [("77s",)]
        asked.await_(asked.probe.close())
        assert not conn.closed


@colours
def test_a_connection_in_a_transaction_is_left_alone(colour: str, database: Target) -> None:
    """What the caller has not committed stays so, and the answer says why there is none."""
    database.apply(household(2))
    lend = connection_of(colour)
    with probing(colour, database.url, household(), lend=lend, ttl=0) as asked:
        conn = asked.lent
        asked.await_(conn.execute("INSERT INTO schema_migrations VALUES ('011', 'x', now())"))
        report = asked.check()
        assert (report.status, report.error) == ("unhealthy", "Connection in use")
        assert conn.info.transaction_status == pq.TransactionStatus.INTRANS
        asked.await_(conn.rollback())
        assert asked.check().relation == "behind"
    assert database.versions() == ["000", "001"]


@colours
def test_a_connection_of_sqlite(colour: str, lite: Target) -> None:
    """In the thread that made it, without a transaction left open."""
    lite.apply(household(2))
    lend = sqlite_connection_of(colour)
    with probing(colour, lite.url, household(), lend=lend, tables=("users",), ttl=0) as asked:
        for _ in range(2):
            report = asked.check()
            assert (report.relation, report.all_tables_exist) == ("behind", True)
        assert not asked.lent.in_transaction
        asked.await_(asked.lent.execute("INSERT INTO schema_migrations VALUES ('011', 'x', 'now')"))
        assert asked.check().error == "Connection in use"
        assert asked.lent.in_transaction


def test_the_wrong_colour_is_refused_in_words(database: Target) -> None:
    """By the constructor, which names the other one."""
    with pytest.raises(ConfigError, match="is blocking"):
        AsyncHealthProbe(raw_driver("blocking", database.url), household())
    with pytest.raises(ConfigError, match="is async"):
        HealthProbe(raw_driver("async", database.url), household())
    for choices in ({"deadline": 0}, {"ttl": -1}, {"deadline": float("nan")}):
        with pytest.raises(ConfigError, match="deadline"):
            HealthProbe(database.url, household(), **choices)


def test_the_folder_is_read_once(tmp_path: Path, lite: Target) -> None:
    """By the constructor: a misspelt one fails there, a later change is not seen."""
    with pytest.raises(SourceError):
        HealthProbe(lite.url, tmp_path / "migratoins")
    file = tmp_path / "001_a.sql"
    file.write_text("CREATE TABLE a (id integer);")
    with HealthProbe(lite.url, tmp_path, ttl=0) as probe:
        file.unlink()
        assert probe.check().pending == ("001",)


# --- sessions come and go -----------------------------------------------------


@colours
def test_a_session_that_was_ended_is_replaced_at_once(colour: str, database: Target) -> None:
    """As after a restart of the server: nobody is told that it was ever away."""
    database.apply(household())
    with probing(colour, database.url, household(), ttl=0, deadline=30) as asked:
        asked.check()
        for _ in range(2):
            database.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            until(lambda: gone(database))
            assert asked.check().status == "healthy"
        assert len(sessions(database)) == 1


@colours
def test_a_closed_probe_leaves_nothing_behind(colour: str, database: Target) -> None:
    """It can be closed twice; whoever asks all the same gets an answer."""
    database.apply(household())
    with probing(colour, database.url, household(), ttl=0, deadline=30) as asked:
        assert asked.check().status == "healthy"
        until(lambda: len(sessions(database)) == 1)  # the run's own takes a moment to be gone
        for _ in range(2):
            asked.await_(asked.probe.close())
        until(lambda: gone(database))
        assert asked.check().status == "healthy"
        asked.await_(asked.probe.close())
    until(lambda: gone(database))


def test_every_loop_has_a_session_of_its_own(database: Target) -> None:
    """Loops come and go, as in tests of web frameworks; theirs are closed after them."""
    database.apply(household())
    probe = AsyncHealthProbe(database.url, household(), ttl=600, deadline=30)

    async def ask() -> HealthReport:
        return await probe.check()

    async def ask_and_close() -> HealthReport:
        async with probe:
            return await probe.check()

    for _ in range(3):
        report = asyncio.run(ask())
        assert (report.status, report.cached) == ("healthy", False)
    until(lambda: len(sessions(database)) <= 1)
    assert asyncio.run(ask_and_close()).status == "healthy"
    until(lambda: gone(database))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_leaves_the_parents_session_alone(database: Target) -> None:
    """As under a server that loads the application first and forks its workers then."""
    database.apply(household())
    with HealthProbe(database.url, household(), ttl=600, deadline=30) as probe:
        assert probe.check().status == "healthy"
        (parents,) = database.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        child = os.fork()
        if child == 0:
            report = probe.check()
            os._exit(0 if report.status == "healthy" and not report.cached else 1)
        _, outcome = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(outcome) == 0
        until(lambda: len(sessions(database)) == 1)
        probe._memo.forget()
        assert probe.check().status == "healthy"
        assert database.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        ) == [parents]


# --- somebody migrates --------------------------------------------------------


@colours
def test_another_runner_at_work_is_seen(colour: str, database: Target) -> None:
    """By its lock: behind becomes in progress, current stays current."""
    database.apply(household(2))
    with probing(colour, database.url, household(), ttl=0) as asked:
        assert asked.check().relation == "behind"
        with holding(database) as other:
            report = asked.check()
            assert (report.relation, report.status) == ("in_progress", "degraded")
            assert report.holder is not None
            assert report.holder.pid == other.info.backend_pid
            assert report.holder.since is not None
            assert asked.check(READINESS).http_status == 503
        until(lambda: asked.check().relation == "behind")
        database.apply(household())
        with holding(database):
            assert asked.check().relation == "current"


def test_a_driver_that_breaks_is_a_failed_check(
    database: Target, caplog: pytest.LogCaptureFixture
) -> None:
    """The fault is ours, so the log has all of it, and the answer none."""

    def break_down(text: str) -> None:
        raise RuntimeError("postgresql://user:secret@host/db")

    window = Window(before=break_down)
    with HealthProbe(window.on(database), household(), ttl=0) as probe:
        report = probe.check()
        probe.check()
    assert (report.status, report.error) == ("unhealthy", "Check failed")
    assert [record.levelname for record in caplog.records] == ["WARNING"], "told once"
    assert "RuntimeError" in caplog.text
    assert "secret" not in str(report)
    until(lambda: gone(database))


def test_the_memory_of_a_folder_in_memory() -> None:
    """Sources of all kinds will do."""
    probe = HealthProbe("sqlite:///absent.db", Memory({"001_a.sql": "SELECT 1"}))
    assert probe.check().error == "Database not found"
