"""
How far a long statement is: asked in a second session, while the first one works.

Only for statements that the dialect knows how to watch, and only in a session of
our own: a caller's connection or pool is not asked for another one.  What goes
wrong here is no reason to disturb the work: the watch is given up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ._world import World
from .batch import Envelope
from .errors import DriverError, MigrateError
from .events import StatementProgressed
from .model import Migration, Pending, Statement
from .protocols import AsyncConnection, Row

__all__ = ["watched"]

T = TypeVar("T")


async def watched(
    world: World, envelope: Envelope, pending: Pending, index: int, work: Callable[[], Awaitable[T]]
) -> T:
    """
    Do *work*, which sends unit *index* of *pending*, and tell the observer how far
    it is.
    """
    (statement,) = pending.script.units[index]
    query = world.dialect.progress(statement.text, envelope.footing.session.pid)
    if query is None or world.conn.borrowed:
        return await work()
    watch = _Watch(world, pending.migration, statement, query)
    try:
        return await world.attend(work, watch.look)
    finally:
        await world.shield(watch.end)


@dataclass(slots=True)
class _Watch:
    world: World
    migration: Migration
    statement: Statement
    query: str
    conn: AsyncConnection | None = None
    given_up: bool = False

    async def look(self) -> None:
        """
        Tell what the server says now.
        """
        if self.given_up:
            return
        try:
            if self.conn is None:
                self.conn = await self.world.second_session()
            rows = await self.conn.fetch(self.query)
        except (DriverError, MigrateError):
            self.given_up = True
        else:
            self._tell(rows)

    def _tell(self, rows: Sequence[Row]) -> None:
        phase, done, total, unit, _ = rows[0]
        blockers = tuple(str(row[4]) for row in rows if row[4] is not None)
        if phase is None and not blockers:
            return
        progress = StatementProgressed(
            self.migration,
            self.statement,
            phase or "",
            int(done or 0),
            int(total or 0),
            unit or "",
            blockers,
        )
        self.world.emit(progress)

    async def end(self) -> None:
        """
        Close the second session, if there is one.
        """
        if self.conn is not None:
            await self.conn.close()
