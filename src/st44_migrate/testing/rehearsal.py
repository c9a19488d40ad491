"""
What is played: some runners of the engine, on one memory database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from .._run import run
from .._session import Setup, within_session
from .._world import World
from ..dialects import Dialect
from ..events import Event
from ..journal import Signature
from ..model import History, Migration, Settings
from ..protocols import Shield
from ..source import Memory
from .actors import Actor
from .memory import MemoryDatabase
from .memory_dialect import MemoryDialect
from .memory_driver import MemoryDriver
from .samples import SampleFile
from .stepping import Stepper, shield

__all__ = ["Rehearsal"]

T = TypeVar("T")

_NOTHING_YET = History()
_DEFAULTS = Settings()
_DIALECT = MemoryDialect()
_SIGNATURE = Signature(actor="rehearsal", runner="memory")

Settling: TypeAlias = Callable[[World, Sequence[Migration], str, str], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """
    What is played.

    Args:
        files: The folder, see `sample_folder`.

        runners: How many runners start at once.

        pooled: A transaction pooler stands before the server.

        borrowed: Each runner works on a session of its caller's.

        history: What ledger and journal say before the runs; None: there are
            none.

        settings, dialect, shield: What the runners are made of.
    """

    files: tuple[SampleFile, ...]
    runners: int = 2
    pooled: bool = False
    borrowed: bool = False
    history: History | None = _NOTHING_YET
    settings: Settings = _DEFAULTS
    dialect: Dialect = _DIALECT
    shield: Shield = shield

    @cached_property
    def migrations(self) -> Sequence[Migration]:
        """
        The folder, loaded.
        """
        return Memory({file.name: file.text for file in self.files}).load()

    def database(self) -> MemoryDatabase:
        """
        Make the database as it is before anybody begins.
        """
        database = MemoryDatabase()
        if self.history is not None:
            database.recall(self.history, self.files, self.settings.ledger)
        return database

    def runner(self, name: str, database: MemoryDatabase) -> Actor:
        """
        Make a runner that applies the folder to *database*.
        """
        driver = database.driver(pooled=self.pooled, borrowed=self.borrowed)
        work = run(self._setup(driver), _Loaded(self.migrations), _SIGNATURE)
        return Actor(name, work, driver, [migration.version for migration in self.migrations])

    def settle(self, database: MemoryDatabase, verb: Settling, version: int) -> None:
        """
        Let a person settle a version: *verb* is ``_settle.mark`` or ``repair``.
        """
        driver = database.driver(pooled=self.pooled, borrowed=self.borrowed)

        async def operation(world: World) -> object:
            return await verb(world, self.migrations, str(version), "settled")

        setup = self._setup(driver)
        work = within_session(setup, operation, signature=_SIGNATURE, readonly=False)
        Stepper(work).finish()

    def _setup(self, driver: MemoryDriver) -> Setup:
        return Setup(
            driver=driver,
            settings=self.settings,
            observer=_ignore,
            ledger=None,
            now=driver.database.now,
            sleep=driver.database.sleep,
            chance=lambda: 1.0,
            shield=self.shield,
            attend=_unattended,
            dialect=self.dialect,
        )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """
    A source that has been read: it is the same in every performance.
    """

    migrations: Sequence[Migration]

    def load(self) -> Sequence[Migration]:
        return self.migrations

    def describe(self) -> str:
        return "memory"


async def _unattended(
    work: Callable[[], Awaitable[T]], look: Callable[[], Coroutine[Any, Any, None]], /
) -> T:
    del look
    return await work()


def _ignore(event: Event) -> None:
    del event
