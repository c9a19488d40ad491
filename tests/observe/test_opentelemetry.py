"""
Runs as spans and metrics, read back from the SDK's own exporters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from observe.conftest import INDEX, NOON, REWARDS, report
from st44_migrate import ApplyError, AsyncMigrator, Memory, migrate
from st44_migrate.events import (
    LockWaited,
    MigrationRetried,
    MigrationSkipped,
    MigrationStarted,
    RunFinished,
    RunStarted,
)
from st44_migrate.observe.opentelemetry import OpenTelemetryObserver

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from st44_migrate.events import Event


@dataclass
class Collected:
    """
    An observer, and what it gave to OpenTelemetry.
    """

    observer: OpenTelemetryObserver
    provider: TracerProvider
    spans_out: InMemorySpanExporter
    metrics_out: InMemoryMetricReader

    def tell(self, events: Iterable[Event]) -> None:
        for event in events:
            self.observer(event)

    @property
    def spans(self) -> list[ReadableSpan]:
        return sorted(self.spans_out.get_finished_spans(), key=lambda span: span.start_time or 0)

    def shape(self) -> list[tuple[str, str | None]]:
        """
        The ended spans, each with its parent's name.
        """
        names = {span.context.span_id: span.name for span in self.spans if span.context}
        parents = (names.get(span.parent.span_id) if span.parent else None for span in self.spans)
        return [(span.name, parent) for span, parent in zip(self.spans, parents, strict=True)]

    def numbers(self) -> dict[str, list[Any]]:
        data = self.metrics_out.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def otel() -> Collected:
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    tracers = TracerProvider()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    observer = OpenTelemetryObserver(tracers, MeterProvider([reader]))
    return Collected(observer, tracers, exporter, reader)


RUN, FILE, STATEMENT = "migrations.run", "migration.apply", "migration.statement"


def test_a_run_is_a_tree(good_run: list[Event], otel: Collected) -> None:
    """Two files in a run, and the statement of the one that is not transactional."""
    otel.tell(good_run)
    assert otel.shape() == [(RUN, None), (FILE, RUN), (FILE, RUN), (STATEMENT, FILE)]
    run, first, _, statement = otel.spans
    assert dict(run.attributes or {}) == {
        "st44.database": "postgresql://app@db/shop",
        "st44.migrations.pending": 2,
        "st44.migrations.skipped": 1,
        "st44.migrations.applied": 2,
    }
    assert dict(first.attributes or {}) == {
        "st44.migration.version": "017",
        "st44.migration.name": "add_rewards_table",
        "st44.migration.statements": 3,
        "st44.migration.transactional": True,
        "code.file.path": "db/migrations/017_add_rewards_table.sql",
    }
    assert dict(statement.attributes or {}) == {
        "db.query.summary": "CREATE INDEX CONCURRENTLY rewards_by_child ON rewards (child_id)"[:57]
        + "...",
        "st44.statement.position": 1,
        "code.line.number": 5,
    }
    assert {span.status.status_code for span in otel.spans} == {StatusCode.UNSET}


def test_what_happens_between_is_an_event(good_run: list[Event], otel: Collected) -> None:
    """A notice belongs to its file, a problem to the run."""
    otel.tell(good_run)
    run, first = otel.spans[:2]
    assert [event.name for event in run.events] == ["lock acquired", "problem found"]
    assert [event.name for event in first.events] == ["notice received"]
    assert dict(first.events[0].attributes or {}) == {"st44.message": "notice: backfilled 12 rows"}


def test_a_failure_is_on_every_span_that_it_ends(failed_run: list[Event], otel: Collected) -> None:
    """Statement, file and run have it; the file that was applied before has not."""
    otel.tell(failed_run)
    assert otel.shape() == [(RUN, None), (FILE, RUN), (FILE, RUN), (STATEMENT, FILE)]
    run, good, bad, statement = otel.spans
    assert good.status.status_code is StatusCode.UNSET
    for span in (run, bad, statement):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description == (
            'db/migrations/018_index_rewards.sql:5:38: column "child_id" does not exist (42703)'
        )
        attributes = dict(span.attributes or {})
        assert attributes["error.type"] == attributes["db.response.status_code"] == "42703"
        assert attributes["code.line.number"] == 5
        assert attributes["code.column.number"] == 38


def test_a_run_without_work_has_its_time(otel: Collected) -> None:
    """Its end is all that is told, and says when it began."""
    otel.tell([RunFinished(report())])
    (run,) = otel.spans
    assert run.start_time == NOON.timestamp() * 1e9


def test_a_file_that_another_runner_applied(otel: Collected) -> None:
    """It is a span that says so, and no failure."""
    otel.tell(
        [
            RunStarted("db", 1, 0),
            MigrationStarted(REWARDS, 1, 1, 3, transactional=True),
            MigrationSkipped(REWARDS),
            RunFinished(report()),
        ]
    )
    assert (otel.spans[1].attributes or {})["st44.migration.skipped"] is True


def test_a_long_wait_is_a_few_events(waiting_run: list[Event], otel: Collected) -> None:
    """Polling is not recorded, only each doubling of the wait."""
    otel.tell([*waiting_run, RunFinished(report())])
    (run,) = otel.spans
    assert [event.name for event in run.events] == [
        *["waiting for the lock"] * 6,
        "lock acquired",
    ]


def test_a_run_that_is_cancelled_ends(otel: Collected) -> None:
    """Nobody tells its end: closing does, or the next run."""
    cancelled: list[Event] = [
        RunStarted("db", 1, 0),
        MigrationStarted(INDEX, 1, 1, 1, transactional=False),
        LockWaited("somebody", 0.0, 0.5),
    ]
    with otel.observer:
        otel.tell(cancelled)
    otel.tell(cancelled)
    otel.tell([RunStarted("db", 0, 1), RunFinished(report())])
    assert otel.shape() == [(RUN, None), (FILE, RUN)] * 2 + [(RUN, None)]
    codes = [span.status.status_code for span in otel.spans]
    assert codes == [StatusCode.ERROR] * 4 + [StatusCode.UNSET]


def test_the_run_hangs_under_the_programs_own_span(good_run: list[Event], otel: Collected) -> None:
    """An app that traces its start sees the migrations in it."""
    tracer = otel.provider.get_tracer("shop")
    with tracer.start_as_current_span("startup"):
        otel.tell(good_run)
    assert otel.shape()[:2] == [("startup", None), (RUN, "startup")]


def test_runs_are_measured(good_run: list[Event], failed_run: list[Event], otel: Collected) -> None:
    """Runs by outcome, retries, and the files' durations in buckets for seconds."""
    otel.tell([*good_run, MigrationRetried(INDEX, 1, "lock", 0.5), *failed_run])
    numbers = otel.numbers()
    assert {(p.attributes["outcome"], p.value) for p in numbers["st44.runs"]} == {
        ("applied", 1),
        ("failed", 1),
    }
    assert [point.value for point in numbers["st44.migration.retries"]] == [1]
    (durations,) = numbers["st44.migration.duration"]
    assert (durations.count, round(durations.sum, 3)) == (3, 83.024)
    assert durations.explicit_bounds[-1] == 3600


def test_every_event_can_be_traced(every_event: list[Event], otel: Collected) -> None:
    """In any order, and whatever the texts hold: nothing is left open."""
    for events in (every_event, every_event[::-1]):
        otel.tell(events)
        otel.observer.close()
    assert otel.observer._spans._open == []


def test_a_real_run_is_traced(sqlite_path: Path, otel: Collected) -> None:
    """As the engine tells it: the spans lie in one another in time as well."""
    url = f"sqlite:///{sqlite_path}"
    files = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "SELECT nothing;"}
    with pytest.raises(ApplyError):
        migrate(url, Memory(files), observer=otel.observer)
    assert otel.shape() == [(RUN, None), (FILE, RUN), (FILE, RUN)]
    run, *files_of_it = otel.spans
    for span in files_of_it:
        assert run.start_time is not None
        assert run.end_time is not None
        assert span.start_time is not None
        assert span.end_time is not None
        assert run.start_time <= span.start_time <= span.end_time <= run.end_time


async def run_async(url: str, otel: Collected) -> None:
    with otel.provider.get_tracer("shop").start_as_current_span("startup"):
        files = {"001_a.sql": "CREATE INDEX CONCURRENTLY a_i ON pg_temp.a (i);"}
        with pytest.raises(ApplyError):
            await AsyncMigrator(url, Memory(files), observer=otel.observer).apply()


def test_an_async_run_on_postgresql_is_traced(pg_url: str, otel: Collected) -> None:
    """A statement outside a transaction is a span, and carries the failure."""
    import asyncio

    asyncio.run(run_async(pg_url, otel))
    assert otel.shape() == [
        ("startup", None),
        (RUN, "startup"),
        (FILE, RUN),
        (STATEMENT, FILE),
    ]
    assert [span.status.status_code for span in otel.spans] == [
        StatusCode.UNSET,
        *[StatusCode.ERROR] * 3,
    ]
    assert (otel.spans[-1].attributes or {})["error.type"] == "3F000"
