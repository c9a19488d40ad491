"""
The exchangeable parts of a run, and the run itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from ..model import History, LedgerName, Migration, Plan, Report
from .driver import AsyncConnection

if TYPE_CHECKING:
    from ..dialects import Footing

__all__ = ["AsyncRunner", "Layout", "Ledger", "Lock", "Runner", "Source", "Tree"]


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


class Tree(Protocol):
    """
    The files of a source, by name, for a layout to choose from.
    """

    @property
    def where(self) -> str:
        """
        Name all of it for people, ``"db/migrations"``.
        """
        ...

    @property
    def files(self) -> Sequence[str]:
        """
        The files, of any kind, as paths from here: ``"001_a.sql"``, ``"v2/001_a.sql"``.
        """
        ...

    @property
    def folders(self) -> Sequence[str]:
        """
        The sub-folders, those directly in here only.
        """
        ...

    def has(self, file: str, /) -> bool:
        """
        Say whether *file* is one of the files, however many there are, at once.
        """
        ...

    def path(self, file: str, /) -> str:
        """
        Name one of the files for people, ``"db/migrations/001_a.sql"``.
        """
        ...

    def read(self, file: str, /) -> bytes:
        """
        Read one of the files.

        Raises:
            SourceError: it cannot be read, or is no regular file.
        """
        ...


class Layout(Protocol):
    """
    How the files of a folder are called and written: from names and bytes to
    migrations.  Pure: all it may touch is the `Tree` that it is given.
    """

    @property
    def name(self) -> str:
        """
        What people call it, ``"goose"``.
        """
        ...

    @property
    def depth(self) -> int:
        """
        How many levels of sub-folders it wants to see: 0 for none.
        """
        ...

    def migrations(
        self, tree: Tree, values: Mapping[str, str], /, *, hint: str = ""
    ) -> Sequence[Migration]:
        """
        Return every migration of *tree*, in order.

        Args:
            tree: What there is.

            values: What placeholders stand for, by their names.

            hint: What else to say where there is no migration.

        Raises:
            SourceError: a file is misnamed, or there is no migration.
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

    def record_new(self, footing: Footing, label: str, name: str, /) -> str:
        """
        Give the statement that records a version which is not recorded: fails where
        it is.  It may answer with the moment, in microseconds since 1970.
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
