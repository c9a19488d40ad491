"""
What a run has done so far; it may outlive a session.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from ._sending import Failed
from ._world import World
from .dialects import Session
from .events import MigrationApplied, ProblemFound
from .model import (
    Applied,
    History,
    LedgerEntry,
    Migration,
    Pending,
    Plan,
    Report,
    Severity,
    State,
    Version,
)
from .plan import make_plan
from .protocols import Clock

__all__ = ["Lost", "Progress", "compare"]


class Lost(NamedTuple):
    """
    What was on its way when *session* broke, and how it broke.
    """

    pending: Pending
    failure: Failed
    session: Session


@dataclass(slots=True)
class Progress:
    """
    A run in progress.

    Args:
        plan: The latest one.

        total: How many files this run is to apply, those done included.

        skipped: How many files were applied before it began.

        expected: The versions that were pending before we applied anything.
    """

    migrations: Sequence[Migration]
    started_at: datetime
    plan: Plan = field(default_factory=lambda: Plan((), (), (), (), ()))
    total: int = 0
    skipped: int = 0
    expected: set[Version] = field(default_factory=set[Version])
    announced: bool = False
    began: datetime | None = None
    lost: Lost | None = None
    applied: list[Applied] = field(default_factory=list[Applied])
    ran: list[Pending] = field(default_factory=list[Pending])
    warned: set[str] = field(default_factory=set[str])

    @property
    def position(self) -> int:
        """
        The number of the file at hand, from 1.
        """
        return len(self.applied) + 1

    def look(self, world: World, history: History) -> None:
        """
        Plan anew from what the database says now.
        """
        self.plan = compare(world, self.migrations, history)
        self.total = len(self.applied) + len(self.plan.pending)
        if not self.applied:
            self.expected = {pending.migration.version for pending in self.plan.pending}
        if not self.announced:
            taken = {pending.migration.path for pending in self.plan.pending}
            files = [m for m in self.migrations if not m.baseline or m.path in taken]
            self.skipped = len(files) - len(self.plan.pending)

    def entry(self, migration: Migration) -> LedgerEntry | None:
        """
        What is recorded of *migration*, if it is applied.
        """
        recorded = self.plan.repeated if migration.repeatable else self.plan.applied
        return next((entry for entry in recorded if entry.version == migration.version), None)

    def done(self, world: World, pending: Pending) -> None:
        """
        Count *pending* as applied, and tell the observer.
        """
        migration, statements = pending.migration, len(pending.script.statements)
        now = world.now()
        duration = round((now - (self.began or now)).total_seconds() * 1000)
        total = max(self.total, self.position)
        world.emit(MigrationApplied(migration, self.position, total, statements, duration))
        self.ran.append(pending)
        self.applied.append(
            Applied(
                migration.version,
                migration.label,
                migration.name,
                migration.path,
                statements,
                duration,
            )
        )

    def warn(self, world: World) -> None:
        """
        Tell the observer of each warning once.
        """
        for problem in self.plan.problems:
            if problem.severity is Severity.WARNING and problem.message not in self.warned:
                self.warned.add(problem.message)
                world.emit(ProblemFound(problem))

    def report(self, now: Clock) -> Report:
        """
        Sum up; what this run applied counts even where the plan is older than it.
        """
        recorded = {entry.version: entry.label for entry in self.plan.applied}
        again = {migration.version for migration in self.migrations if migration.repeatable}
        done = {done.version: done.label for done in self.applied}
        recorded.update((version, label) for version, label in done.items() if version not in again)
        files = {migration.version for migration in self.migrations} - again
        files -= {s.version for s in self.plan.statuses if s.state is State.COVERED}
        repeats = {p.migration.version for p in self.plan.pending if p.migration.repeatable}
        return Report(
            applied=tuple(self.applied),
            skipped=self.skipped,
            pending=len(files - recorded.keys()) + len(repeats - done.keys()),
            latest=recorded[max(recorded)] if recorded else None,
            count=len(recorded),
            started_at=self.started_at,
            finished_at=now(),
            problems=self.plan.problems,
        )


def compare(world: World, migrations: Sequence[Migration], history: History) -> Plan:
    """
    Make the plan, as the settings want it.
    """
    return make_plan(
        migrations,
        history,
        read=world.read,
        allow_late=world.settings.allow_late,
        ledger=str(world.settings.ledger),
    )
