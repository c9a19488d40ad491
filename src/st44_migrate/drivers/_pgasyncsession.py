"""
A session of asyncpg, whoever has opened it.

asyncpg tells of several statements in one message only how the last of them
ended.  So each is sent by itself: the one that fails is known, and each answer.
That is a round trip a statement, two for one whose first value is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from ..errors import DriverError
from ..protocols import Heard, Notice, Row
from ._opening import finish
from ._pgasync import FAILURES, NO_LIMIT, AnyConnection, ask, ask_to_stop, execute, failed, is_gone

__all__ = ["CANCEL_TIMEOUT", "AsyncpgConnection"]

T = TypeVar("T")

CANCEL_TIMEOUT = 5.0
"""How long to try to make the server stop, in seconds."""

_LOOK_EVERY = 0.1


class AsyncpgConnection:
    """
    One async session; see `AsyncConnection`.

    Args:
        conn: Idle.

        notice: See `Driver.connect`.

        end: Ends the session, or gives it back to its pool.

        borrowed: Whether it is the caller's.
    """

    dialect = "postgresql"
    one_by_one = True

    def __init__(
        self,
        conn: AnyConnection,
        notice: Notice,
        *,
        end: Callable[[], Awaitable[None]],
        borrowed: bool = True,
    ) -> None:
        self.borrowed = borrowed
        self._conn = conn
        self._notice = notice
        self._end = end
        self._job: asyncio.Future[Any] | None = None
        self._stopped = False
        self._has_run = False
        self.backend_pid: int | None = conn.get_server_pid()
        conn.add_log_listener(self._tell)

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `AsyncConnection.run`.
        """
        self._has_run = True
        return await self._work(self._in_turn(statements, heard))

    async def _in_turn(self, statements: Sequence[str], heard: Heard | None) -> Sequence[str]:
        tags: list[str] = []
        for index, statement in enumerate(statements):
            if self._stopped:
                # Stopped between two statements, where the server has nothing to stop.
                raise DriverError("stopped", index=index, sqlstate="57014")
            try:
                tag, value = await execute(self._conn, statement, wanted=heard is not None)
            except DriverError as error:
                error.index = index
                raise
            except FAILURES as error:
                raise failed(error, self._conn, index=index) from error
            tags.append(tag)
            if heard is not None:
                heard(tag, value)
        return tags

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `AsyncConnection.fetch`.
        """
        silence = None if self.borrowed else within
        try:
            return await self._work(ask(self._conn, sql, within), silence)
        except FAILURES as error:
            raise failed(error, self._conn) from error

    async def _work(self, work: Coroutine[Any, Any, T], silence: float | None = None) -> T:
        """
        Await *work*, and if cancelled until the server has really stopped.

        asyncpg asks the server to stop once.  A request that comes before the query
        hits nothing, and the query runs on.
        """
        self._stopped = False
        self._job = job = asyncio.ensure_future(work)
        try:
            if silence is not None and not (await asyncio.wait((job,), timeout=silence))[0]:
                # It has been told to give up before.
                await self._end_with(job)
                raise DriverError("the server did not answer in time", lost=True)
            return await asyncio.shield(job)
        except asyncio.CancelledError:
            # Whole, however often the task is cancelled again.
            await finish(self._stop(job))
            raise
        finally:
            self._job = None

    async def _stop(self, job: asyncio.Future[T]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + CANCEL_TIMEOUT
        while not job.done() and loop.time() < deadline:
            await self.cancel()
            await asyncio.wait((job,), timeout=_LOOK_EVERY)
        await self._end_with(job)

    async def _end_with(self, job: asyncio.Future[T]) -> None:
        """
        See that *job* is done, if need be by ending the session.
        """
        if not job.done():
            self._conn.terminate()
            await asyncio.wait((job,), timeout=_LOOK_EVERY)
        if not job.done():
            job.cancel()
        elif not job.cancelled():
            job.exception()  # Look at it, or asyncio complains that nobody did.

    async def cancel(self) -> None:
        """
        Ask the server to stop; see `Connection.cancel`.
        """
        if self._job is None or self._job.done() or is_gone(self._conn):
            return
        self._stopped = True
        with suppress(*FAILURES):
            await asyncio.wait_for(ask_to_stop(self._conn), CANCEL_TIMEOUT)

    def _tell(self, conn: object, message: Any) -> None:
        del conn
        severity = message.severity_en or message.severity or "NOTICE"
        self._notice(severity, message.message or "", message.detail, message.hint)

    async def close(self) -> None:
        """
        Give the connection back; see `Connection.close`.
        """
        conn = self._conn
        with suppress(*FAILURES):
            conn.remove_log_listener(self._tell)
            if not is_gone(conn):
                if conn.is_in_transaction():
                    await conn.execute("ROLLBACK", timeout=NO_LIMIT)
                if self._has_run:
                    # The caller's cached statements may be of another schema now.
                    await conn.reload_schema_state()
        with suppress(*FAILURES):
            await self._end()
