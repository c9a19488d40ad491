"""
A session of a memory database as the engine sees it: every call pauses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import DriverError
from .memory_session import MemorySession
from .memory_statements import Answer
from .stepping import Kind, Pause

if TYPE_CHECKING:
    from ..protocols import Row
    from .memory_driver import MemoryDriver

__all__ = ["MemoryConnection"]


class MemoryConnection:
    """
    An `AsyncConnection`.

    ``run`` pauses before each statement, since others get in between there, and
    once more before the answer, since a session or a process can end in between.

    Args:
        driver: Whose it is.

        session: The server's side of it.
    """

    dialect = "postgresql"

    def __init__(self, driver: MemoryDriver, session: MemorySession) -> None:
        self.session = session
        self.borrowed = driver.borrowed
        self.backend_pid: int | None = session.pid + (1000 if driver.pooled else 0)
        self.unsent: Sequence[str] = ()
        """What the server has been sent and has not executed yet."""
        self.cut = False
        """The network is gone: the server does not know yet."""
        self._driver = driver

    async def run(self, statements: Sequence[str], /) -> Sequence[str]:
        """
        Execute *statements* in order, stop at the first that fails.
        """
        tags: list[str] = []
        try:
            for index, sql in enumerate(statements):
                self.unsent = statements[index:]
                tags.append((await self._call(sql)).tag)
            self.unsent = ()
            if tags:
                await self._answer(statements[-1])
        except BaseException as error:
            if isinstance(error, DriverError) and len(tags) < len(statements):
                error.index = len(tags)
            self._stop(error)
            raise
        return tags

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query and return its rows; a test says when it is given up.
        """
        del within
        try:
            answer = await self._call(sql)
            await self._answer(sql)
        except BaseException as error:
            self._stop(error)
            raise
        return answer.rows

    async def cancel(self) -> None:
        """
        Do nothing: what is cancelled here is stopped where it pauses.
        """

    async def close(self) -> None:
        """
        End the session; a borrowed one goes back without an open transaction.
        """
        await Pause("close")
        if self.cut:
            return
        if self.borrowed:
            self.session.roll_back()
        else:
            self.session.end()

    async def _call(self, sql: str) -> Answer:
        # Giving a lock back is the one statement that has no reason to fail.
        kind = Kind.OTHER if "advisory_unlock(" in sql else Kind.STATEMENT
        await Pause(sql, kind, shared=not self.session.is_private(sql))
        self._check()
        answer = await self.session.execute(sql)
        if answer.news:
            self._driver.hear((sql, answer.tag, *answer.rows))
        return answer

    async def _answer(self, sql: str) -> None:
        await Pause(f"answer to {sql}", Kind.ANSWER, shared=False)
        self._check()
        self.session.check()

    def _check(self) -> None:
        if self.cut:
            raise DriverError("the connection is lost", sqlstate="08006", lost=True)

    def _stop(self, error: BaseException) -> None:
        self.unsent = ()
        if not self.cut:
            self.session.interrupt()
        self._driver.hear(str(error))
