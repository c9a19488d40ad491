"""
Runs as spans and metrics of OpenTelemetry; the extra ``otel``.

Only the API is used: which exporter, sampler and resource, the program decides.
A run is a span, each of its files is a span in it, and so is each statement of
a file that is not transactional.  What happens between is an event of a span.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate._extras import missing

try:
    from opentelemetry import metrics, trace
except ModuleNotFoundError as error:
    raise missing(error, __name__, "otel") from error

from st44_migrate import __version__
from st44_migrate.events import MigrationApplied, MigrationRetried, RunFailed, RunFinished

from .metrics import BUCKETS, outcome_of
from .spans import Spans

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from st44_migrate.events import Event

__all__ = ["OpenTelemetryObserver"]

_NAME = "st44_migrate"


class OpenTelemetryObserver:
    """
    Traces one run at a time, and measures it.

    The run's span has the current span for a parent.  A run that is cancelled
    ends without an event; its spans end with `close`, or when the next begins.

    Args:
        tracer_provider, meter_provider: The global ones by default.
    """

    def __init__(
        self,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        self._spans = Spans(trace.get_tracer(_NAME, __version__, tracer_provider))
        self._numbers = _Numbers(metrics.get_meter(_NAME, __version__, meter_provider))

    def __call__(self, event: Event, /) -> None:
        """
        Trace and measure *event*.
        """
        self._spans.follow(event)
        self._numbers.count(event)

    def close(self) -> None:
        """
        End the spans of a run that was cancelled.  May be called twice.
        """
        self._spans.interrupt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Numbers:
    """
    The instruments; see `metrics` for why no version is among the attributes.
    """

    def __init__(self, meter: metrics.Meter) -> None:
        self._runs = meter.create_counter("st44.runs", "{run}", "Runs, by how they ended.")
        self._retries = meter.create_counter(
            "st44.migration.retries", "{attempt}", "Attempts that were given up for a lock."
        )
        self._files = meter.create_histogram(
            "st44.migration.duration",
            "s",
            "How long files took.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

    def count(self, event: Event) -> None:
        match event:
            case MigrationApplied(duration_ms=milliseconds):
                self._files.record(milliseconds / 1000)
            case MigrationRetried():
                self._retries.add(1)
            case RunFinished() | RunFailed():
                self._runs.add(1, {"outcome": outcome_of(event)})
            case _:
                pass
