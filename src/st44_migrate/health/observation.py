"""
What a look at the database brought back, or why it brought back nothing.

An `Observation` holds facts and no judgement: `rules` judge, `build` sums up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ..model import Fault, Plan

__all__ = ["Activity", "Holder", "LastFailure", "Observation", "Phase", "TableHealth"]


@dataclass(frozen=True, slots=True)
class TableHealth:
    """
    A table that the application cannot do without, and whether it is there.
    """

    name: str
    exists: bool


@dataclass(frozen=True, slots=True)
class Holder:
    """
    Another session that holds the runners' lock: it is migrating this database.

    Args:
        pid: Its server process.

        since: When its transaction or its session began, None where this role
            may not know.
    """

    pid: int
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class LastFailure:
    """
    The last attempt at a file that is still not applied.

    *version* is its label, *name* the folder's; *at* is None where nobody noted it.
    """

    version: str
    name: str
    at: datetime | None = None


class Phase(StrEnum):
    """
    How far a migration got that this very process started.
    """

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Activity:
    """
    A migration that this very process started, and when it got so far.
    """

    phase: Phase
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """
    Everything that a health report is made of.

    Args:
        checked_at: When the look began, aware; None where nobody has looked yet.

        connected: Whether the database answered at all.

        fault: Why the look failed; None where it did not.

        response_ms: How long it took, connecting included, in whole milliseconds.

        plan: What folder and ledger amount to; None where the ledger was not read.

        expected: How many files the folder has.

        tables: The critical tables, in the caller's order; None where nobody
            could look.

        holder: Who migrates this database right now.

        activity: What this process itself does.

        last_failure: Of the lowest version that failed and is not applied.
    """

    checked_at: datetime | None = None
    connected: bool = False
    fault: Fault | None = None
    response_ms: int | None = None
    plan: Plan | None = None
    expected: int = 0
    tables: tuple[TableHealth, ...] | None = None
    holder: Holder | None = None
    activity: Activity | None = None
    last_failure: LastFailure | None = None

    @property
    def migrating(self) -> bool:
        """
        Whether anybody, this process included, is known to migrate the database.
        """
        own = self.activity is not None and self.activity.phase is Phase.RUNNING
        return own or self.holder is not None
