"""
What a run has done so far; it may outlive a session.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from ._pace import Pace
from ._world import World
from .dialects import Session
from .events import MigrationApplied, MigrationStarted, NoticeReceived, ProblemFound
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
from .plan import digest, gaps, make_plan
from .protocols import Clock

if TYPE_CHECKING:
    from ._sending import Failed

__all__ = ["Lost", "Progress", "SessionLost", "compare"]


class SessionLost(Exception):
    """
    The connection broke while transactional files were on their way.
    """


class Lost(NamedTuple):
    """
    What was on its way when *session* broke, and how it broke.

    Args:
        files: Those whose end nobody heard of.

        message: All that went out with them.

        before: How many files the run had applied before that.
    """

    files: tuple[Pending, ...]
    failure: Failed
    session: Session
    message: tuple[Pending, ...]
    before: int


@dataclass(slots=True)
class Progress:
    """
    A run in progress.

    Args:
        plan: The latest one.

        total: How many files this run is to apply, those done included.

        skipped: How many files were applied before it began.

        expected: The versions that were pending before we applied anything.

        labels: What the ledger holds, by version.

        queue: What is still to run; the file at hand is the first one.
    """

    migrations: Sequence[Migration]
    started_at: datetime
    plan: Plan = field(default_factory=lambda: Plan((), (), (), (), ()))
    labels: dict[Version, str] = field(default_factory=dict[Version, str])
    queue: deque[Pending] = field(default_factory=deque[Pending])
    pace: Pace = field(default_factory=Pace)
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

    @property
    def at_hand(self) -> Pending:
        """
        The file that is running, or is to run next.
        """
        return self.queue[0]

    def look(self, world: World, history: History) -> None:
        """
        Plan anew from what the database says now.
        """
        self.plan = compare(world, self.migrations, history)
        self.labels = {entry.version: entry.label for entry in self.plan.applied}
        self.queue = deque(self.plan.pending)
        if self.lost is not None:
            self._forget(world)
        self.total = len(self.applied) + len(self.plan.pending)
        if not self.applied:
            self.expected = {pending.migration.version for pending in self.plan.pending}
        if not self.announced:
            taken = {pending.migration.path for pending in self.plan.pending}
            files = [m for m in self.migrations if not m.baseline or m.path in taken]
            self.skipped = len(files) - len(self.plan.pending)

    def _forget(self, world: World) -> None:
        """
        Take back what a server that crashed has lost: committed, and not on the disk.
        """
        again = {pending.migration.version for pending in self.plan.pending}
        for done in self.ran:
            if done.migration.version in again:
                message = "committed, and lost again when the server crashed: it is pending"
                world.emit(NoticeReceived(done.migration, "WARNING", message))
        self.ran = [done for done in self.ran if done.migration.version not in again]
        self.applied = [done for done in self.applied if done.version not in again]

    def digest(self) -> str | None:
        """
        Say in a few bytes what the database says where all is applied.
        """
        return digest(self.migrations) if self.lost is None else None

    def settle(self) -> None:
        """
        Take note that all is applied: the database has what `digest` says.
        """
        self.plan = Plan((), (), (), gaps(self.migrations), ())
        self.labels = {migration.version: migration.label for migration in self.migrations}
        self.queue.clear()
        if not self.announced:
            self.skipped = len(self.migrations)

    def entry(self, migration: Migration) -> LedgerEntry | None:
        """
        What is recorded of *migration*, if it is applied.
        """
        recorded = self.plan.repeated if migration.repeatable else self.plan.applied
        return next((entry for entry in recorded if entry.version == migration.version), None)

    def start(self, world: World, pending: Pending) -> None:
        """
        Begin with *pending*, and tell the observer.
        """
        migration, script = pending.migration, pending.script
        world.current.migration = migration
        world.emit(
            MigrationStarted(
                migration,
                self.position,
                self.total,
                len(script.statements),
                script.transactional,
            )
        )
        self.began = world.now()

    def done(self, world: World, duration: int | None = None) -> None:
        """
        Count the file at hand as applied, and tell the observer.

        *duration* is in milliseconds, by the server's clock; None: by ours.
        """
        if duration is None:
            now = world.now()
            duration = round((now - (self.began or now)).total_seconds() * 1000)
        self._count(world, self.queue.popleft(), duration)

    def found(self, world: World, pending: Pending, entry: LedgerEntry) -> None:
        """
        Count *pending* as applied, whose answer was never heard: *entry* is its record.
        """
        took = entry.journal.duration_ms if entry.journal is not None else None
        self._count(world, pending, took or 0)

    def _count(self, world: World, pending: Pending, duration: int) -> None:
        migration, statements = pending.migration, len(pending.script.statements)
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
        recorded = dict(self.labels)
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
