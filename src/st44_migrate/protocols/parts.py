"""
The exchangeable parts of a run, and the run itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from ..model import History, LedgerName, Migration, Plan, Report
from .driver import AsyncConnection

if TYPE_CHECKING:
    from ..dialects import Footing

__all__ = ["AsyncRunner", "Ledger", "Lock", "Runner", "Source"]


class Source(Protocol):
    """
    Where migrations come from.  Blocking: reading files needs no colour.
    """

    def load(self) -> Sequence[Migration]:
        """
        Return every migration, ordered by version, equal versions included.

        Called once for each plan or run.  An empty result is not one: raise
        `SourceError` for a folder that is missing, unreadable or empty.
        """
        ...

    def describe(self) -> str:
        """
        Name the source for people, ``"migrations"``.
        """
        ...


class Ledger(Protocol):
    """
    Where applied migrations are remembered.  Written once, serves both colours.
    """

    @property
    def name(self) -> LedgerName:
        """
        The ledger's table.
        """
        ...

    async def read(self, conn: AsyncConnection, /) -> History:
        """
        Read what is applied.  Never writes, never locks; an empty history where
        there is no ledger yet.

        Raises:
            LedgerError: it cannot be read: never to be taken for an empty one.
        """
        ...

    async def read_unless(self, conn: AsyncConnection, digest: str, /) -> History | None:
        """
        Read what is applied, as `read` does; or None where it is just what
        *digest* says (see `plan.digest`).  To read it in any case is right, too.
        """
        ...

    async def inspect(self, conn: AsyncConnection, /) -> Footing:
        """
        Look at the session and at what there is of ledger and journal.  Reads
        only.  Called when there is something to run.
        """
        ...

    async def ensure(self, conn: AsyncConnection, footing: Footing, /) -> Footing:
        """
        Create what is missing.  Called under the lock, before anything runs.
        """
        ...

    def spellings(self, label: str, /) -> Sequence[str]:
        """
        Write a version in every way in which the ledger may hold it.
        """
        ...

    def record(self, footing: Footing, label: str, name: str, /) -> str:
        """
        Give the statement that records a version, unless it is recorded: the
        last but one of a migration's own transaction.
        """
        ...


class Lock(Protocol):
    """
    Keeps two runners apart.  Must vanish when the connection does.
    """

    async def try_acquire(self, conn: AsyncConnection, /) -> bool:
        """
        Take the lock if it is free, at once.  Polled, so it must never wait.
        Succeed without taking it again if the session has it.
        """
        ...

    async def held(self, conn: AsyncConnection, /) -> bool:
        """
        Say whether the session still has it.
        """
        ...

    async def holder(self, conn: AsyncConnection, /) -> str:
        """
        Describe who holds it, for people.
        """
        ...

    async def release(self, conn: AsyncConnection, /) -> None:
        """
        Give it back.  Called under a shield, must not raise a `DriverError`.
        """
        ...


class Runner(Protocol):
    """
    What `Migrator` offers.
    """

    def plan(self) -> Plan:
        """
        Say what would run.  Read-only: takes no lock, creates nothing.
        """
        ...

    def apply(self) -> Report:
        """
        Apply what is pending, each file exactly once, in order.
        """
        ...


class AsyncRunner(Protocol):
    """
    What `AsyncMigrator` offers; see `Runner`.
    """

    async def plan(self) -> Plan:
        """
        See `Runner.plan`.
        """
        ...

    async def apply(self) -> Report:
        """
        See `Runner.apply`.
        """
        ...
