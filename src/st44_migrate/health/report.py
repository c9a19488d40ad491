"""
The health report: a frozen value, and the words that it is made of.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from ..model import Severity, State
from .observation import Holder, LastFailure, TableHealth

if TYPE_CHECKING:
    from ..render.documents import Document

__all__ = [
    "Condition",
    "Finding",
    "HealthReport",
    "HealthStatus",
    "MigrationHealth",
    "Relation",
]


class HealthStatus(StrEnum):
    """
    The verdict, from good to bad.
    """

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Relation(StrEnum):
    """
    How the database stands to the code that asks.
    """

    CURRENT = "current"
    """Every file of the folder is applied, and nothing else."""

    BEHIND = "behind"
    """Files are still to run."""

    AHEAD = "ahead"
    """Every file is applied, and newer ones that this code does not know."""

    DIVERGED = "diverged"
    """Something is applied, below the folder's last file, that the folder has not."""

    EMPTY = "empty"
    """Nothing is applied, or there is no ledger yet."""

    IN_PROGRESS = "in_progress"
    """Files are still to run, and somebody is at it."""

    UNKNOWN = "unknown"
    """The ledger was not read."""


class Condition(StrEnum):
    """
    Everything that the built-in rules can find; a `Policy` has a status for each.
    """

    CURRENT = "current"
    AHEAD = "ahead"
    BEHIND = "behind"
    EMPTY = "empty"
    IN_PROGRESS = "in_progress"
    DIVERGED = "diverged"

    DRIFT = "drift"
    """An applied file was edited since."""

    IN_DOUBT = "in_doubt"
    """A file stopped half-way: a part of it is committed, or nobody saw its end."""

    FAILED = "failed"
    """The last attempt at a file failed."""

    REFUSED = "refused"
    """A run would refuse the folder as it is: late, double or unreadable files."""

    TABLES_MISSING = "tables_missing"

    NOT_CHECKED = "not_checked"
    """Nobody has looked yet."""

    UNREACHABLE = "unreachable"
    """The database cannot be reached, or does not answer in time."""

    UNREADABLE = "unreadable"
    """The ledger cannot be read: no right to, another shape, a query too slow."""

    BLOCKED = "blocked"
    """The ledger is locked by a change to its table, or the connection is in use."""

    INTERNAL = "internal"
    """The check itself failed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that a rule found.

    Args:
        code: A `Condition`, or a word of one's own for a rule of one's own.

        severity: ERROR is unhealthy, WARNING degraded, NOTE healthy.  In a
            report it is what the policy says of a `Condition`.

        message: One sentence: what is the matter.

        remedy: What to do about it; may be empty.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class MigrationHealth:
    """
    One version, in the folder, in the ledger or in both.

    Args:
        version: The label, ``"016"``.

        name: As the folder has it; ``""`` for one that the folder has not.

        state: Where it stands.

        applied_at: Aware, None where it is not applied or nobody knows.

        duration_ms: How long it ran, None where nobody knows.
    """

    version: str
    name: str
    state: State
    applied_at: datetime | None = None
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """
    Whether the database is what the code expects.  Made by `build_health`.

    Args:
        status, http_status: The verdict, and the code to answer with.

        relation: How the database stands to the code.

        timestamp: When the report was made, aware.

        checked_at: When the database was looked at; None if it was not.

        cached: The look is an earlier one.

        connected: Whether the database answered.

        error: Why not, or why the ledger was not read: a text of `Fault`.

        response_ms: How long the look took, in whole milliseconds.

        expected: How many files the folder has.

        applied: The labels that the ledger holds, in order; None where it was
            not read.

        migrations: Every version of folder and ledger, in order.

        pending, ahead, drift, in_doubt: Labels, in order.

        tables: The critical tables; None where nobody could look.

        findings: The worst first.
    """

    status: HealthStatus
    http_status: int
    relation: Relation
    timestamp: datetime
    checked_at: datetime | None
    connected: bool
    cached: bool = False
    error: str | None = None
    response_ms: int | None = None
    expected: int = 0
    applied: tuple[str, ...] | None = None
    migrations: tuple[MigrationHealth, ...] = ()
    pending: tuple[str, ...] = ()
    ahead: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    in_doubt: tuple[str, ...] = ()
    last_failure: LastFailure | None = None
    tables: tuple[TableHealth, ...] | None = None
    holder: Holder | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def latest(self) -> str | None:
        """
        The label of the highest applied version, None where nothing is applied.
        """
        return self.applied[-1] if self.applied else None

    @property
    def warning(self) -> str | None:
        """
        ``"Expected 8 migrations, only 2 applied"``; None where none is missing.
        """
        if self.applied is None or not self.pending:
            return None
        return (
            f"Expected {self.expected} migrations, only {self.expected - len(self.pending)} applied"
        )

    @property
    def all_tables_exist(self) -> bool | None:
        """
        Whether every critical table is there; None where nobody could look.
        """
        return None if self.tables is None else all(table.exists for table in self.tables)

    @property
    def age_ms(self) -> int:
        """
        How old the look at the database is, in whole milliseconds.
        """
        if self.checked_at is None:
            return 0
        return max(0, round((self.timestamp - self.checked_at).total_seconds() * 1000))

    def to_dict(self) -> Document:
        """
        Describe the report as the document behind ``/health/database``; see `documents`.
        """
        from .documents import health_document

        return health_document(self)
