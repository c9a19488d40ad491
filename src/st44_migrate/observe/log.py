"""
Events as records of the standard library's `logging`.

Only the logger ``st44_migrate`` is used, and nothing is configured: handlers,
levels and formats are the program's own business.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from st44_migrate.errors import ApplyError, MigrateError
from st44_migrate.events import (
    LockAcquired,
    LockWaited,
    MigrationFailed,
    MigrationRetried,
    NoticeReceived,
    PoolerFound,
    ProblemFound,
    RunFailed,
    StatementApplied,
    StatementProgressed,
    StatementStarted,
    WaitingForDatabase,
)
from st44_migrate.health import HealthStatus, headline
from st44_migrate.model import Migration, Problem, Report, Severity, Statement

from .patience import Patience
from .wording import one_line, tell

if TYPE_CHECKING:
    from st44_migrate.events import Event

    from .watch import StatusChange

__all__ = ["LogObserver"]


class LogObserver:
    """
    Logs every event in one line, with its data in fields called ``st44_...``.

    What was applied is INFO; problems, retries and waits are WARNING; failures
    are ERROR; statements, and waits that add nothing new, are DEBUG.  The fields
    are those of the event: ``st44_event`` is its name, ``st44_version`` the
    label of a migration (``"017"``), ``st44_path``, ``st44_line``,
    ``st44_duration_ms``, ``st44_error`` the whole error, and so on.

    Args:
        logger: Where to log, ``logging.getLogger("st44_migrate")`` by default.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("st44_migrate")
        self._patience = Patience()

    def __call__(self, event: Event, /) -> None:
        """
        Log *event*.
        """
        level = _level(event) if self._patience.mentions(event) else logging.DEBUG
        if self._logger.isEnabledFor(level):
            # As an argument: a message with a percent sign is no format.
            self._logger.log(level, "%s", tell(event), extra=_extra(event))

    def status_changed(self, change: StatusChange, /) -> None:
        """
        Log how the database is now: a listener for `StatusChanges`.
        """
        level, report = _STATUS_LEVELS[change.report.status], change.report
        extra: dict[str, object] = {
            "event": type(change).__name__,
            "status": report.status.value,
            "before": change.before and change.before.value,
            "relation": report.relation.value,
            "latest": report.latest,
            "pending": len(report.pending),
            "findings": [finding.code for finding in report.findings],
        }
        was = f", it was {change.before.value}" if change.before else ""
        self._logger.log(
            level,
            "the database is %s%s: %s",
            *(report.status.value, was, one_line(headline(report))),
            extra={f"st44_{name}": value for name, value in extra.items()},
        )


_STATUS_LEVELS = {
    HealthStatus.HEALTHY: logging.INFO,
    HealthStatus.DEGRADED: logging.WARNING,
    HealthStatus.UNHEALTHY: logging.ERROR,
}


def _level(event: Event) -> int:
    match event:
        case MigrationFailed() | RunFailed():
            return logging.ERROR
        case WaitingForDatabase() | LockWaited() | PoolerFound() | MigrationRetried():
            return logging.WARNING
        case ProblemFound(problem=problem):
            return logging.INFO if problem.severity is Severity.NOTE else logging.WARNING
        case StatementProgressed(blockers=blockers):
            return logging.WARNING if blockers else logging.INFO
        case NoticeReceived(severity=severity):
            return logging.WARNING if severity.upper() == "WARNING" else logging.INFO
        case StatementStarted() | StatementApplied() | LockAcquired():
            return logging.DEBUG
        case _:
            return logging.INFO


def _extra(event: Event) -> dict[str, object]:
    """
    Lay out the event flat, as log collectors want it.
    """
    extra: dict[str, object] = {"event": type(event).__name__}
    for name, value in event._asdict().items():
        extra |= _flat(name, value)
    return {f"st44_{name}": value for name, value in extra.items()}


def _flat(name: str, value: object) -> dict[str, object]:
    match value:
        case Migration():
            return {"version": value.label, "name": value.name, "path": value.path}
        case Statement():
            return {"line": value.line, "column": value.column}
        case Problem():
            return {"problem": value.code, **_place(value)}
        case Report():
            applied = [done.label for done in value.applied]
            counts = {"skipped": value.skipped, "pending": value.pending, "count": value.count}
            return {"applied": applied, "latest": value.latest, **counts}
        case MigrateError():
            return {"error": str(value), "error_code": value.code, **_failure(value)}
        case _:
            return {name: value}


def _place(problem: Problem) -> dict[str, object]:
    known = ("version", "path", "line", "column")
    return {name: getattr(problem, name) for name in known if getattr(problem, name) is not None}


def _failure(error: MigrateError) -> dict[str, object]:
    if not isinstance(error, ApplyError):
        return {}
    place = error.place
    where = {"path": place.path, "line": place.line, "column": place.column} if place else {}
    return {"sqlstate": error.sqlstate, **where}
