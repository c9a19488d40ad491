"""
A health report in numbers; see `metrics` for what they are made of.

What nobody could look at has no sample: a ledger that was not read has not
"0 pending".  ``st44_database_up`` is always there to alert on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from st44_migrate.health import HealthStatus

from .metrics import Family, Sample

if TYPE_CHECKING:
    from st44_migrate.health import HealthReport

__all__ = ["HealthMetrics", "health_families", "status_families"]


class HealthMetrics:
    """
    A report in numbers each time it is iterated: one more source of a
    `MigrationCollector`.

    Args:
        ask: Gives the report: ``probe.check`` looks if it has to; ``probe.latest``
            does not, and is the way of an `AsyncHealthProbe`.
    """

    def __init__(self, ask: Callable[[], HealthReport]) -> None:
        self._ask = ask

    def __iter__(self) -> Iterator[Family]:
        """
        Ask, and give the numbers.
        """
        yield from health_families(self._ask())


def status_families(report: HealthReport) -> Iterator[Family]:
    """
    Give the status alone, for those who may see no more.
    """
    # All of them every time: one series that goes away cannot be alerted on.
    samples = (Sample(report.status is status, (("status", status),)) for status in HealthStatus)
    yield Family("st44_health_status", "gauge", "1 for the status that it is now.", (*samples,))


def health_families(report: HealthReport) -> Iterator[Family]:
    """
    Give everything in *report* that is a number.
    """
    yield from status_families(report)
    yield _gauge("st44_database_up", "Whether the database answered.", report.connected)
    yield _gauge("st44_migrations_expected", "How many files the folder has.", report.expected)
    if report.applied is not None:
        yield from _ledger(report)
    if report.tables is not None:
        yield Family(
            "st44_critical_table_exists",
            "gauge",
            "Whether a table is there that the application cannot do without.",
            tuple(Sample(table.exists, (("table", table.name),)) for table in report.tables),
        )
    if report.response_ms is not None:
        yield _gauge(
            "st44_check_duration_seconds",
            "How long the look at the database took.",
            report.response_ms / 1000,
            "seconds",
        )
    if report.checked_at is not None:
        yield _gauge(
            "st44_check_timestamp_seconds",
            "When the database was looked at, in seconds since 1970.",
            report.checked_at.timestamp(),
            "seconds",
        )


def _ledger(report: HealthReport) -> Iterator[Family]:
    applied = report.applied or ()
    yield _gauge("st44_migrations_applied", "How many versions the ledger has.", len(applied))
    yield _gauge("st44_migrations_pending", "How many files are not applied.", len(report.pending))
    yield _gauge(
        "st44_migrations_edited",
        "How many files were edited after they were applied.",
        len(report.drift),
    )
    yield _gauge(
        "st44_migrations_in_doubt", "How many files stopped half-way.", len(report.in_doubt)
    )
    labels = (("latest", report.latest or ""), ("relation", report.relation.value))
    yield Family(
        "st44_schema_info",
        "gauge",
        "Always 1; its labels say which version is the highest, and how the database stands"
        " to the code.",
        (Sample(1, labels),),
    )


def _gauge(name: str, text: str, value: float, unit: str = "") -> Family:
    return Family(name, "gauge", text, (Sample(value),), unit)
