"""
Looks that are told, once each; statuses that change; and who is told of it.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode
from prometheus_client import CollectorRegistry

from observe.receiver import receiver
from st44_migrate import Memory, migrate
from st44_migrate.health import READINESS, AsyncHealthProbe, HealthProbe, HealthReport
from st44_migrate.observe.health_metrics import HealthMetrics
from st44_migrate.observe.log import LogObserver
from st44_migrate.observe.opentelemetry_health import OpenTelemetryHealth
from st44_migrate.observe.prometheus import MigrationCollector
from st44_migrate.observe.watch import (
    AsyncWatchedProbe,
    StatusChange,
    StatusChanges,
    WatchedProbe,
)
from st44_migrate.observe.webhook import WebhookObserver
from web.reports import Fixed, report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FOLDER = Memory({"001_users.sql": "CREATE TABLE users (id int);"})


class Household:
    """
    A database that is behind, is brought up, loses a table and gets it back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"
        with closing(sqlite3.connect(path)) as conn:
            conn.execute("CREATE TABLE other (id int)")

    def execute(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as conn:
            conn.execute(sql)

    def live(self, look: Callable[[], Any]) -> None:
        """
        Look twice at each stage of its life.
        """
        for step in (
            lambda: None,
            lambda: migrate(self.url, FOLDER),
            lambda: self.execute("DROP TABLE users"),
            lambda: self.execute("CREATE TABLE users (id int)"),
        ):
            step()
            look()
            look()


@pytest.fixture
def household(sqlite_path: Path) -> Household:
    return Household(sqlite_path)


STAGES = ["degraded", "healthy", "degraded", "healthy"]


def test_each_look_is_told_and_each_change(household: Household) -> None:
    """Eight looks, four statuses; the first is news since it is not healthy."""
    looks: list[HealthReport] = []
    changes: list[StatusChange] = []
    with HealthProbe(household.url, FOLDER, tables=["users"], ttl=0) as probe:
        watched = WatchedProbe(probe, looks.append, StatusChanges(changes.append))
        household.live(watched.check)
    assert [look.status.value for look in looks] == [s for s in STAGES for _ in range(2)]
    assert [(c.before, c.report.status.value) for c in changes] == list(
        zip([None, *STAGES], STAGES, strict=False)
    )


def test_an_async_probe_is_watched_too(household: Household) -> None:
    """The same with await."""
    changes: list[StatusChange] = []

    async def run() -> None:
        async with AsyncHealthProbe(household.url, FOLDER, tables=["users"], ttl=0) as probe:
            watched = AsyncWatchedProbe(probe, StatusChanges(changes.append))
            await watched.check()
            await asyncio.to_thread(migrate, household.url, FOLDER)
            await watched.check()

    asyncio.run(run())
    assert [change.report.status.value for change in changes] == ["degraded", "healthy"]


def test_an_answer_from_before_is_no_look(household: Household) -> None:
    """Who asks within the ttl gets the answer, and nobody is told again."""
    looks: list[HealthReport] = []
    with HealthProbe(household.url, FOLDER, ttl=600) as probe:
        watched = WatchedProbe(probe, looks.append)
        reports = [watched.check() for _ in range(5)]
    assert [report.cached for report in reports] == [False, True, True, True, True]
    assert looks == reports[:1]


def test_a_thousand_who_ask_are_one_look() -> None:
    """Those who wait for the same look tell it once."""
    looks: list[HealthReport] = []
    start = threading.Barrier(8)
    # Always the same moment: one look, however many answers.
    watched = WatchedProbe(Fixed("healthy"), looks.append)

    def ask() -> None:
        start.wait()
        for _ in range(125):
            watched.check()

    with ThreadPoolExecutor(8) as pool:
        for asking in [pool.submit(ask) for _ in range(8)]:
            asking.result()
    assert len(looks) == 1


def test_another_policy_is_no_change() -> None:
    """Readiness calls unhealthy what the probe calls degraded; nothing has changed by that."""
    changes: list[StatusChange] = []
    watched = WatchedProbe(Fixed("behind"), StatusChanges(changes.append))
    watched.check()
    assert watched.check(READINESS).status.value == "unhealthy"
    assert [change.report.status.value for change in changes] == ["degraded"]


def test_a_listener_that_raises_spoils_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The answer is given, the others are told, the log has why."""
    looks: list[HealthReport] = []

    def broken(_: HealthReport) -> None:
        raise RuntimeError("out of paper")

    watched = WatchedProbe(Fixed("healthy"), broken, looks.append)
    assert watched.check().status.value == "healthy"
    assert len(looks) == 1
    assert [record.getMessage() for record in caplog.records] == ["a listener failed"]


def test_the_chat_is_told_of_a_change(household: Household) -> None:
    """What it is now, what it was, and what to do."""
    with receiver() as server:
        with WebhookObserver(server.url, title="shop") as webhook:
            probe = HealthProbe(household.url, FOLDER, tables=["users"], ttl=0)
            household.live(WatchedProbe(probe, StatusChanges(webhook.status_changed)).check)
        bodies = server.bodies
    assert [(body["before"], body["status"]) for body in bodies] == list(
        zip([None, *STAGES], STAGES, strict=False)
    )
    assert bodies[2]["text"].splitlines() == [
        "shop: the database is degraded, it was healthy",
        "Missing tables: users. Apply what is missing: st44-migrate up."
        " If nothing is, a table was dropped by hand.",
        "Every migration is applied, 1 of 1.",
    ]


def test_the_log_is_told_of_a_change(caplog: pytest.LogCaptureFixture) -> None:
    """By its level it can be told apart, by its fields it can be searched."""
    caplog.set_level(logging.DEBUG)
    changes = StatusChanges(LogObserver().status_changed)
    for name in ("healthy", "behind", "behind", "unreachable", "healthy"):
        changes(report(name))
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "WARNING",
            "the database is degraded, it was healthy: Expected 8 migrations, only 2 applied;"
            " missing: 011, 012, 013, 014, 015 and 1 more.",
        ),
        ("ERROR", "the database is unhealthy, it was degraded: Connection timeout."),
        ("INFO", "the database is healthy, it was unhealthy: Every migration is applied, 8 of 8."),
    ]
    fields = {k: v for k, v in vars(caplog.records[0]).items() if k.startswith("st44_")}
    assert fields == {
        "st44_event": "StatusChange",
        "st44_status": "degraded",
        "st44_before": "healthy",
        "st44_relation": "behind",
        "st44_latest": "001",
        "st44_pending": 6,
        "st44_findings": ["behind", "tables_missing"],
    }


def test_looks_are_traced_and_measured() -> None:
    """A span with the look's own times, a failure as an error, the last look in gauges."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    listener = OpenTelemetryHealth(tracers, MeterProvider([reader]))
    for name in ("not checked", "behind", "unreachable"):
        listener(report(name))

    behind, unreachable = exporter.get_finished_spans()
    assert behind.name == "health.check"
    assert behind.start_time is not None
    assert behind.end_time is not None
    assert behind.end_time - behind.start_time == pytest.approx(42e6, abs=1e4)
    assert dict(behind.attributes or {}) == {"st44.status": "degraded", "st44.relation": "behind"}
    assert unreachable.status.status_code is StatusCode.ERROR
    assert (unreachable.attributes or {})["error.type"] == "Connection timeout"

    data: Any = reader.get_metrics_data()
    points = {
        metric.name: {
            point.attributes.get("st44.status", ""): getattr(point, "value", None)
            for point in metric.data.data_points
        }
        for metric in data.resource_metrics[0].scope_metrics[0].metrics
    }
    assert points["st44.health.status"] == {"healthy": 0, "degraded": 0, "unhealthy": 1}
    assert set(points["st44.check.duration"]) == {"degraded", "unhealthy"}
    assert points.get("st44.migrations.pending", {}) == {}


def test_a_registry_asks_the_probe(household: Household) -> None:
    """At each scrape anew, or for the last look of an async one; registering asks nobody."""
    with HealthProbe(household.url, FOLDER, ttl=0) as probe:
        registry = CollectorRegistry()
        registry.register(MigrationCollector(HealthMetrics(probe.check)))
        assert probe.latest().checked_at is None
        assert registry.get_sample_value("st44_migrations_pending") == 1
        migrate(household.url, FOLDER)
        assert registry.get_sample_value("st44_migrations_pending") == 0
        last = CollectorRegistry()
        last.register(MigrationCollector(HealthMetrics(probe.latest)))
        assert last.get_sample_value("st44_health_status", {"status": "healthy"}) == 1
