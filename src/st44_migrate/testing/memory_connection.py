"""
A session of a memory database as the engine sees it: every call pauses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..errors import DriverError
from .memory_session import MemorySession
from .memory_sql import parse
from .memory_statements import Answer
from .stepping import Kind, Pause

if TYPE_CHECKING:
    from ..protocols import Heard, Row
    from .memory_driver import MemoryDriver

__all__ = ["MemoryConnection"]


class MemoryConnection:
    """
    An `AsyncConnection`.

    ``run`` pauses before each statement, since others get in between there, and
    once more before the answer, since a session or a process can end in between.
    The answer to a statement arrives while the next one is executed: whoever is
    cut off has not heard of the last one.

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
        self._unheard: Callable[[], None] | None = None
        """Tells the caller of the last statement that was executed."""
        self._driver = driver

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* in order, stop at the first that fails.
        """
        tags: list[str] = []
        try:
            for index, sql in enumerate(statements):
                self.unsent = statements[index:]
                # A server reads all of the text before it executes any of it.
                answer = await self._call(sql, () if index else statements)
                tags.append(answer.tag)
                if heard is not None:
                    self._unheard = partial(heard, answer.tag, _first(answer))
            self.unsent = ()
            if tags:
                await self._answer(statements[-1])
        except BaseException as error:
            if (
                isinstance(error, DriverError)
                and error.index is None
                and len(tags) < len(statements)
            ):
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

    async def _call(self, sql: str, unread: Sequence[str] = ()) -> Answer:
        # Giving a lock back is the one statement that has no reason to fail.
        kind = Kind.OTHER if "advisory_unlock(" in sql else Kind.STATEMENT
        await Pause(sql, kind, shared=not self.session.is_private(sql))
        self._check()
        parse(unread)
        self._tell()
        answer = await self.session.execute(sql)
        if answer.news:
            self._driver.hear((sql, answer.tag, *answer.rows))
        return answer

    async def _answer(self, sql: str) -> None:
        await Pause(f"answer to {sql}", Kind.ANSWER, shared=False)
        self._check()
        self._tell()

    def _check(self) -> None:
        if self.cut:
            raise DriverError("the connection is lost", sqlstate="08006", lost=True)
        self.session.check()

    def _tell(self) -> None:
        tell, self._unheard = self._unheard, None
        if tell is not None:
            tell()

    def _stop(self, error: BaseException) -> None:
        self.unsent = ()
        if self.cut or (isinstance(error, DriverError) and error.lost):
            self._unheard = None
        else:
            self._tell()
            self.session.interrupt()
        self._driver.hear(str(error))


def _first(answer: Answer) -> object:
    return answer.rows[0][0] if answer.rows else None
