"""
A run as spans of OpenTelemetry: which is open when, and what it carries.

Names that OpenTelemetry has are used (``db.query.summary``, ``error.type``,
``code.file.path``); it has none for migrations, so those are ``st44...``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from st44_migrate.errors import ApplyError
from st44_migrate.events import (
    LockAcquired,
    LockWaited,
    MigrationApplied,
    MigrationFailed,
    MigrationRetried,
    MigrationSkipped,
    MigrationStarted,
    NoticeReceived,
    PoolerFound,
    ProblemFound,
    RunFailed,
    RunFinished,
    RunStarted,
    StatementApplied,
    StatementProgressed,
    StatementStarted,
    WaitingForDatabase,
)

from .patience import Patience
from .wording import head, one_line, tell

if TYPE_CHECKING:
    from datetime import datetime

    from opentelemetry.trace import Tracer
    from opentelemetry.util.types import AttributeValue

    from st44_migrate.errors import MigrateError
    from st44_migrate.events import Event

__all__ = ["Spans"]


class Spans:
    """
    The spans that are open, from the run to the statement, each in the one before.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: list[Span] = []
        self._patience = Patience()
        self._announced = False

    def follow(self, event: Event) -> None:
        """
        Begin and end spans as *event* says.
        """
        if isinstance(event, RunStarted):
            if self._announced:
                self.interrupt()
            self._announced = True
        if not self._open:
            # Where nothing is to do, the end is the first that is told.
            began = event.report.started_at if isinstance(event, RunFinished) else None
            self._begin("migrations.run", began=began)
        match event:
            case RunStarted():
                self._open[0].set_attributes(
                    {
                        "st44.database": event.database,
                        "st44.migrations.pending": event.pending,
                        "st44.migrations.skipped": event.skipped,
                    }
                )
            case MigrationStarted():
                self._end(down_to=1)
                self._begin("migration.apply", _about_file(event))
            case StatementStarted():
                self._end(down_to=2)
                self._begin("migration.statement", _about_statement(event))
            case StatementApplied():
                self._end(down_to=2)
            case MigrationApplied():
                self._end(down_to=1)
            case MigrationSkipped():
                self._open[-1].set_attribute("st44.migration.skipped", True)
                self._end(down_to=1)
            case MigrationFailed(error=error):
                self._fail(error, down_to=1)
            case RunFailed(error=error):
                self._fail(error, down_to=0)
            case RunFinished(report=report):
                self._open[0].set_attribute("st44.migrations.applied", len(report.applied))
                self._end(down_to=0)
            case _:
                self._note(event)

    def interrupt(self) -> None:
        """
        End what is open, whose end nobody told.
        """
        for span in self._open:
            span.set_status(Status(StatusCode.ERROR, "the run was interrupted"))
        self._end(down_to=0)

    def _begin(
        self,
        name: str,
        attributes: dict[str, AttributeValue] | None = None,
        *,
        began: datetime | None = None,
    ) -> None:
        context = set_span_in_context(self._open[-1]) if self._open else None
        start = int(began.timestamp() * 1e9) if began else None
        span = self._tracer.start_span(name, context, attributes=attributes, start_time=start)
        self._open.append(span)

    def _end(self, *, down_to: int) -> None:
        while len(self._open) > down_to:
            self._open.pop().end()
        if not self._open:
            self._announced = False

    def _fail(self, error: MigrateError, *, down_to: int) -> None:
        for span in self._open[down_to:]:
            span.set_status(Status(StatusCode.ERROR, one_line(error.happened)))
            span.set_attributes(_about_error(error))
        self._end(down_to=down_to)

    def _note(self, event: Event) -> None:
        if self._patience.mentions(event):
            self._open[-1].add_event(_EVENTS[type(event)], {"st44.message": tell(event)})


_EVENTS: dict[type[Event], str] = {
    WaitingForDatabase: "waiting for the database",
    PoolerFound: "pooler found",
    LockWaited: "waiting for the lock",
    LockAcquired: "lock acquired",
    ProblemFound: "problem found",
    NoticeReceived: "notice received",
    StatementProgressed: "statement goes on",
    MigrationRetried: "attempt given up",
}


def _about_file(event: MigrationStarted) -> dict[str, AttributeValue]:
    return {
        "st44.migration.version": event.migration.label,
        "st44.migration.name": one_line(event.migration.name),
        "st44.migration.statements": event.statements,
        "st44.migration.transactional": event.transactional,
        "code.file.path": one_line(event.migration.path),
    }


def _about_statement(event: StatementStarted) -> dict[str, AttributeValue]:
    return {
        "db.query.summary": head(event.statement),
        "st44.statement.position": event.position,
        "code.line.number": event.statement.line,
    }


def _about_error(error: MigrateError) -> dict[str, AttributeValue]:
    """
    Lay out an error with the names that OpenTelemetry has for its parts.
    """
    about: dict[str, AttributeValue] = {"error.type": error.code}
    if isinstance(error, ApplyError):
        if error.sqlstate is not None:
            about |= {"error.type": error.sqlstate, "db.response.status_code": error.sqlstate}
        if error.place is not None:
            about |= {
                "code.file.path": one_line(error.place.path),
                "code.line.number": error.place.line,
                "code.column.number": error.place.column,
            }
    return about
