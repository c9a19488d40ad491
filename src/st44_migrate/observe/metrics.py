"""
What can be measured of runs, as plain values; `openmetrics` writes them, and
`prometheus` hands them to prometheus_client.

No metric has a version or a file for a label: a folder grows, and each label
value is a time series of its own for ever.  A span has them (see `opentelemetry`).
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from st44_migrate._defaults import utcnow
from st44_migrate.events import MigrationApplied, MigrationRetried, RunFailed, RunFinished

if TYPE_CHECKING:
    from datetime import datetime

    from st44_migrate.events import Event
    from st44_migrate.protocols import Clock

__all__ = ["BUCKETS", "Family", "RunMetrics", "Sample", "outcome_of"]

BUCKETS = (0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0)
"""Upper bounds in seconds: most files take milliseconds, an index can take an hour."""

_OUTCOMES = ("applied", "current", "failed")


@dataclass(frozen=True, slots=True)
class Sample:
    """
    One number.  *suffix* is what its name has more than the family's, ``"_total"``.
    """

    value: float
    labels: tuple[tuple[str, str], ...] = ()
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """
    The samples of one name.  *kind* is ``"gauge"``, ``"counter"`` or ``"histogram"``;
    *unit* is the end of the name, or ``""``.
    """

    name: str
    kind: str
    text: str
    samples: tuple[Sample, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class _Last:
    """
    The last run: when it ended, how long it took (None: it did not get that far).
    """

    ended: datetime
    seconds: float | None
    succeeded: bool


class RunMetrics:
    """
    Counts the runs of this process and the files that they applied.

    An observer, safe from several threads.
    """

    def __init__(self, now: Clock = utcnow) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._runs: Counter[str] = Counter()
        self._retries = 0
        self._durations: list[int] = [0] * (len(BUCKETS) + 1)
        self._milliseconds = 0
        self._last: _Last | None = None

    def __call__(self, event: Event, /) -> None:
        """
        Count *event*.
        """
        with self._lock:
            match event:
                case MigrationApplied(duration_ms=milliseconds):
                    self._durations[bisect_left(BUCKETS, milliseconds / 1000)] += 1
                    self._milliseconds += milliseconds
                case MigrationRetried():
                    self._retries += 1
                case RunFinished() | RunFailed():
                    self._end(event)
                case _:
                    pass

    def _end(self, event: RunFinished | RunFailed) -> None:
        report = event.report
        took = (report.finished_at - report.started_at).total_seconds() if report else None
        outcome = outcome_of(event)
        self._runs[outcome] += 1
        self._last = _Last(self._now(), took, outcome != "failed")

    def __iter__(self) -> Iterator[Family]:
        """
        Give what is measured by now.
        """
        with self._lock:
            families = (*_counters(self._runs, self._retries), self._histogram())
            last = self._last
        yield from families
        if last is not None:
            yield from _about_last(last)

    def _histogram(self) -> Family:
        below = 0
        buckets: list[Sample] = []
        for bound, number in zip((*map(str, BUCKETS), "+Inf"), self._durations, strict=True):
            below += number
            buckets.append(Sample(below, (("le", bound),), "_bucket"))
        return Family(
            "st44_migration_duration_seconds",
            "histogram",
            "How long the files took that this process applied.",
            (*buckets, Sample(below, (), "_count"), Sample(self._milliseconds / 1000, (), "_sum")),
            "seconds",
        )


def outcome_of(event: RunFinished | RunFailed) -> str:
    """
    Say in one word how a run ended: ``"applied"``, ``"current"`` or ``"failed"``.
    """
    if isinstance(event, RunFailed):
        return "failed"
    return "applied" if event.report.applied else "current"


def _counters(runs: Counter[str], retries: int) -> tuple[Family, Family]:
    # All outcomes from the start: a series that begins with 1 did not increase.
    by_outcome = (Sample(runs[name], (("outcome", name),), "_total") for name in _OUTCOMES)
    return (
        Family("st44_runs", "counter", "Runs of this process, by how they ended.", (*by_outcome,)),
        Family(
            "st44_migration_retries",
            "counter",
            "Attempts at a file that were given up for a lock.",
            (Sample(retries, (), "_total"),),
        ),
    )


def _about_last(last: _Last) -> Iterator[Family]:
    yield Family(
        "st44_last_run_timestamp_seconds",
        "gauge",
        "When this process's last run ended, in seconds since 1970.",
        (Sample(last.ended.timestamp()),),
        "seconds",
    )
    yield Family(
        "st44_last_run_success",
        "gauge",
        "Whether the last run ended well.",
        (Sample(float(last.succeeded)),),
    )
    if last.seconds is not None:
        yield Family(
            "st44_last_run_duration_seconds",
            "gauge",
            "How long the last run took.",
            (Sample(last.seconds),),
            "seconds",
        )
