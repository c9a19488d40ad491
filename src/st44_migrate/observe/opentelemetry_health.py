"""
Looks at a database as spans and metrics of OpenTelemetry; the extra ``otel``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from st44_migrate._extras import missing

try:
    from opentelemetry import metrics, trace
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.trace import Status, StatusCode
except ModuleNotFoundError as error:
    raise missing(error, __name__, "otel") from error

from st44_migrate import __version__
from st44_migrate.health import HealthReport, HealthStatus

if TYPE_CHECKING:
    from datetime import datetime

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

__all__ = ["OpenTelemetryHealth"]

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Upper bounds in seconds: a look takes a millisecond, and never longer than its deadline."""


class OpenTelemetryHealth:
    """
    A listener for a `WatchedProbe`: a span and a measurement for each look.

    Args:
        tracer_provider, meter_provider: The global ones by default.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer("st44_migrate", __version__, tracer_provider)
        meter = metrics.get_meter("st44_migrate", __version__, meter_provider)
        self._report: HealthReport | None = None
        self._took = meter.create_histogram(
            "st44.check.duration",
            "s",
            "How long looks at the database took.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        for name, unit, text, measure in (
            ("st44.health.status", "1", "1 for the status that it is now.", _statuses),
            ("st44.migrations.applied", "{migration}", "Versions in the ledger.", _applied),
            ("st44.migrations.pending", "{migration}", "Files not applied.", _pending),
        ):
            meter.create_observable_gauge(name, [self._last(measure)], unit, text)

    def __call__(self, report: HealthReport, /) -> None:
        """
        Trace and measure the look behind *report*.
        """
        self._report = report
        if report.checked_at is None:
            return
        took = timedelta(milliseconds=report.response_ms or 0)
        # It is over: the span is made afterwards, with the times of the look.
        span = self._tracer.start_span("health.check", start_time=_nanoseconds(report.checked_at))
        span.set_attributes(
            {"st44.status": report.status.value, "st44.relation": report.relation.value}
        )
        if report.error is not None:
            span.set_attribute("error.type", report.error)
            span.set_status(Status(StatusCode.ERROR, report.error))
        span.end(_nanoseconds(report.checked_at + took))
        self._took.record(took.total_seconds(), {"st44.status": report.status.value})

    def _last(
        self, measure: Callable[[HealthReport], Iterator[Observation]]
    ) -> Callable[[CallbackOptions], Iterator[Observation]]:
        def observe(options: CallbackOptions) -> Iterator[Observation]:
            del options
            if self._report is not None:
                yield from measure(self._report)

        return observe


def _nanoseconds(when: datetime) -> int:
    return int(when.timestamp() * 1e9)


def _statuses(report: HealthReport) -> Iterator[Observation]:
    for status in HealthStatus:
        yield Observation(int(report.status is status), {"st44.status": status.value})


def _applied(report: HealthReport) -> Iterator[Observation]:
    # What was not read is not 0.
    if report.applied is not None:
        yield Observation(len(report.applied))


def _pending(report: HealthReport) -> Iterator[Observation]:
    if report.applied is not None:
        yield Observation(len(report.pending))
