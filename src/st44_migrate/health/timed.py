"""
A connection that has only so much time left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..protocols import AsyncConnection, Heard, Row
from .faults import OutOfTime

__all__ = ["Timed"]


class Timed:
    """
    An `AsyncConnection` whose every query gets what is left of the time.
    """

    def __init__(self, conn: AsyncConnection, until: float, clock: Callable[[], float]) -> None:
        self._conn = conn
        self._until = until
        self._clock = clock
        self.dialect = conn.dialect
        self.backend_pid = conn.backend_pid
        self.borrowed = conn.borrowed

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        See `AsyncConnection.run`.
        """
        return await self._conn.run(statements, heard)

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        See `AsyncConnection.fetch`.

        Raises:
            OutOfTime: there is none left.
        """
        left = self._until - self._clock()
        if left <= 0:
            raise OutOfTime
        return await self._conn.fetch(sql, within=left if within is None else min(left, within))

    async def cancel(self) -> None:
        """
        See `AsyncConnection.cancel`.
        """
        await self._conn.cancel()

    async def close(self) -> None:
        """
        See `AsyncConnection.close`.
        """
        await self._conn.close()
