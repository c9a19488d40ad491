"""
What a run is doing, remembered for the moment it is interrupted.
"""

from __future__ import annotations

from ..events import (
    Event,
    LockWaited,
    MigrationApplied,
    MigrationFailed,
    MigrationSkipped,
    MigrationStarted,
    RunFailed,
    RunFinished,
    StatementStarted,
    WaitingForDatabase,
)
from ..model import Applied, Report

__all__ = ["Trace"]


class Trace:
    """
    An observer that can name the state at any time.

    *applied* is what this run applied, so far; *report* is what it left behind,
    where it came to an end that has one.
    """

    def __init__(self) -> None:
        self.report: Report | None = None
        self.applied: list[Applied] = []
        self._total = 0
        self._doing = "nothing was run"
        self._running = False

    def __call__(self, event: Event) -> None:
        """
        Take note of *event*.
        """
        match event:
            case WaitingForDatabase():
                self._doing = "nothing was run: the database was not there yet"
            case LockWaited():
                self._doing = "nothing was run: another runner was at work"
            case MigrationStarted():
                self._start(event)
            case StatementStarted():
                self._doing = (
                    f"{event.migration.path} had come to statement {event.position} of"
                    f" {event.total}; the ones before it stay, and the next run goes on from there"
                )
            case MigrationApplied():
                self._running = False
                self._count(event)
            case MigrationSkipped() | MigrationFailed():
                self._running = False
            case RunFinished(report=report) | RunFailed(report=report):
                self.report = report
                self._running = False
            case _:
                pass

    def _start(self, event: MigrationStarted) -> None:
        self._total = event.total
        self._running = True
        self._doing = (
            f"{event.migration.path} was running and is applied whole or not at all"
            if event.transactional
            else f"{event.migration.path} was running, statement by statement"
        )

    def _count(self, event: MigrationApplied) -> None:
        file = event.migration
        applied = Applied(
            file.version, file.label, file.name, file.path, event.statements, event.duration_ms
        )
        self.applied.append(applied)

    def state(self) -> str:
        """
        Say in one line what is done and what was under way.
        """
        if not self._total:
            return self._doing
        done = f"applied {len(self.applied)} of {self._total}"
        return f"{done}; {self._doing}" if self._running else f"{done}, none was under way"
