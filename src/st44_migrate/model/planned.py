"""
What follows from folder and database: what would run, and what is wrong.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from .folder import Migration, Script
from .history import LedgerEntry
from .version import Version

__all__ = [
    "Pending",
    "Plan",
    "Problem",
    "Severity",
    "State",
    "Status",
]


class Severity(StrEnum):
    """
    How much a problem weighs: only an error stops a run.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Problem(NamedTuple):
    """
    Something about folder and ledger that somebody should know.

    Args:
        code: A stable word: ``edited``, ``late``, ``diverged``, ``duplicate``,
            ``gap``, ``number``, ``name``, ``unreadable``, ``too-long``,
            ``not-numeric``, ``unfinished``, ``foreign-version``, ``behind``.

        message: One sentence: what is the matter.

        remedy: What to do about it.

        version: The label it is about, where it is about one.

        path: The file it is about, where there is one.

        line, column: The place in that file, from 1.

        excerpt: The lines around the place with a caret, ready to print.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""
    version: str | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    excerpt: str = ""


class Pending(NamedTuple):
    """
    A migration that is to run, with what its file says.

    *resume_at* is the first unit that still has to run: above 0 only for a file
    that is not transactional and was interrupted.
    """

    migration: Migration
    script: Script
    resume_at: int = 0


class State(StrEnum):
    """
    Where one version stands, as `status` shows it.
    """

    APPLIED = "applied"
    ELSEWHERE = "recorded elsewhere"
    PENDING = "pending"
    EDITED = "edited"
    AHEAD = "ahead"
    MISSING = "missing"
    UNFINISHED = "unfinished"
    FAILED = "failed"
    COVERED = "in the baseline"


class Status(NamedTuple):
    """
    One line of the status: a version, in the folder, in the ledger or in both.
    """

    version: Version
    label: str
    name: str
    state: State
    applied_at: datetime | None = None
    duration_ms: int | None = None
    path: str | None = None


class Plan(NamedTuple):
    """
    What a folder and a ledger amount to.  Made by `make_plan`, changes nothing.

    Args:
        pending: What would run, in order.

        applied: The ledger, ordered by version.

        ahead: The part of *applied* above the folder's last file: normal while
            a deployment rolls.

        problems: Errors first, then by version.

        statuses: Every version of folder and ledger, in order, and behind them the
            repeatable files.

        repeated: The repeatable files that are applied as they stand.
    """

    pending: tuple[Pending, ...]
    applied: tuple[LedgerEntry, ...]
    ahead: tuple[LedgerEntry, ...]
    problems: tuple[Problem, ...]
    statuses: tuple[Status, ...]
    repeated: tuple[LedgerEntry, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """
        The problems that stop a run.
        """
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    @property
    def latest(self) -> str | None:
        """
        The label of the highest applied version, None where nothing is applied.
        """
        return self.applied[-1].label if self.applied else None
