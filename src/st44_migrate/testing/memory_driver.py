"""
How a runner gets at a memory database, and how it is cut off from it.
"""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import DatabaseUnavailable, DriverError
from .memory_connection import MemoryConnection
from .memory_session import MemorySession
from .memory_sql import parse
from .stepping import Kind, Pause

if TYPE_CHECKING:
    from ..protocols import Notice
    from .memory import MemoryDatabase

__all__ = ["MemoryDriver"]


class MemoryDriver:
    """
    How one runner gets at a `MemoryDatabase`: an `AsyncDriver`.

    Files are read as PostgreSQL's; what the engine writes is `MemoryDialect`'s.

    Args:
        database: The database.

        pooled: Every session looks as if a transaction pooler stood before it.

        borrowed: The runner works on a caller's session, which stays open.
    """

    dialect = "postgresql"

    def __init__(
        self, database: MemoryDatabase, *, pooled: bool = False, borrowed: bool = False
    ) -> None:
        self.database = database
        self.pooled = pooled
        self.borrowed = borrowed
        self.connections: list[MemoryConnection] = []
        self.heard = 0
        """A hash of every answer so far: with the code, all that a runner knows."""

    def describe(self) -> str:
        """
        Name the database.
        """
        return "memory"

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> MemoryConnection:
        """
        Open a session, or take the caller's.

        Raises:
            DatabaseUnavailable: the caller's has ended.
        """
        del timeout, readonly, notice
        await Pause("connect", shared=False)
        if self.borrowed and self.connections:
            session = self.connections[0].session
            if session.ended or self.connections[0].cut:
                raise DatabaseUnavailable("the caller's connection is closed", transient=False)
        else:
            session = self.database.open()
        self.connections.append(MemoryConnection(self, session))
        return self.connections[-1]

    def opened(self) -> list[MemorySession]:
        """
        List every session it ever opened.
        """
        return [connection.session for connection in self.connections]

    def end(self) -> None:
        """
        End every session of this runner, as the death of its process does.
        """
        for session in self.opened():
            session.end()

    def cut(self) -> Coroutine[Any, Any, None]:
        """
        Cut every connection of this runner; return what its server goes on to do.
        """
        unsent = [(c.session, c.unsent) for c in self.connections if not c.cut]
        for connection in self.connections:
            connection.cut = connection.session.alone = True
        return _go_on(unsent)

    def refuse(self, refusal: DriverError) -> None:
        """
        Let the next statement of this runner fail.
        """
        for session in self.opened():
            session.refusal = refusal

    def hear(self, answer: Hashable) -> None:
        """
        Remember an answer.
        """
        self.heard = hash((self.heard, answer))


async def _go_on(work: Sequence[tuple[MemorySession, Sequence[str]]]) -> None:
    """
    Execute what was sent, as a server does whose client is gone; then end.
    """
    for session, statements in work:
        try:
            parse(statements)
            for sql in statements:
                await Pause(sql, Kind.STATEMENT, shared=not session.is_private(sql))
                await session.execute(sql)
        except DriverError:
            pass
        finally:
            session.end()
