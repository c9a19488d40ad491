"""
What a run may be told, and what it leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .history import LedgerName
from .planned import Problem
from .version import Version

__all__ = [
    "Applied",
    "Report",
    "Settings",
    "Terms",
]


_LEDGER = LedgerName()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The choices of a run.  Times are in seconds.

    Args:
        ledger: The ledger's table.

        wait: How long to wait for a database that is not up yet.

        lock_wait: How long to wait for another runner to finish.

        lock_timeout: How long a statement of a transactional file may wait for
            a lock of the database, with everybody else behind it, before its
            transaction is given up and tried again; 0 waits for ever.

        retry_for: How long such a file is tried again before the run fails.

        allow_late: Apply files below the highest applied version.

        batch: How many transactional files go out together at most, where the
            database takes that: in one message, each with its own ``BEGIN`` and
            ``COMMIT``; on SQLite in one transaction.  1: each file alone.

        session_pooler: The pooler in front keeps one server session for each
            client session, so that session state is safe behind it.
    """

    ledger: LedgerName = _LEDGER
    wait: float = 0.0
    lock_wait: float = 300.0
    lock_timeout: float = 0.4
    retry_for: float = 120.0
    allow_late: bool = False
    batch: int = 100
    session_pooler: bool = False


class Applied(NamedTuple):
    """
    A migration that this run applied.  *duration_ms* is whole milliseconds.
    """

    version: Version
    label: str
    name: str
    path: str
    statements: int
    duration_ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """
    What a run did and what stays: true also when it ended in an error.

    Args:
        applied: What this run applied, in order.

        skipped: How many files of the folder were applied already.

        pending: How many files are still to run: 0 unless it failed.

        latest: The label of the highest applied version.

        count: How many versions the ledger holds.

        problems: What the plan had to say beside errors.
    """

    applied: tuple[Applied, ...]
    skipped: int
    pending: int
    latest: str | None
    count: int
    started_at: datetime
    finished_at: datetime
    problems: tuple[Problem, ...] = ()


class Terms(NamedTuple):
    """
    On which terms a ledger is adopted.

    Args:
        tool: Whose ledger it is, ``"goose"``; ``"auto"`` recognises it.

        table: Which table it is, ``"table"`` or ``"schema.table"``; None looks for it.

        version: The database has all of the folder up to this version, whatever
            the ledger calls it: the ledger becomes a baseline.

        accept_edited: Take files that are not what was applied as what was applied.
    """

    tool: str = "auto"
    table: str | None = None
    version: str | None = None
    accept_edited: bool = False
