"""
A query that may only take so long: told to the server, and kept by ourselves.

The server stops a statement that is slow or waits for a lock.  A server that
says nothing at all, because it is paused or the network is gone, cannot be told:
a session of our own is ended then.  A caller's connection is not ours to end.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait

from ..protocols import Row
from ._pgtext import limits

__all__ = ["AsyncPunctual", "Punctual", "Question", "punctuality"]

RV = TypeVar("RV")

_LOOK_EVERY = 0.02


class Question:
    """
    One query, as a simple one.

    Preparing it would take the extended protocol, whose portal keeps a snapshot
    that CREATE INDEX CONCURRENTLY waits for.

    Args:
        query: Encoded for the server.

        within: Let the server give up before so many seconds are over; None for
            no limit.
    """

    def __init__(self, query: bytes, within: float | None) -> None:
        # In one message, which is one transaction.
        self._text = query if within is None else limits(int(within * 1000)).encode() + query

    def talk(self, pgconn: PGconn) -> PQGen[PGresult]:
        """
        Ask; return the last result, which is the query's, or an error.
        """
        pgconn.send_query(self._text)
        results: list[PGresult] = yield from generators.execute(pgconn)
        return results[-1]

    def rows(self, result: PGresult, conn: psycopg.BaseConnection[Any]) -> Sequence[Row]:
        """
        Read what came back.

        Raises:
            psycopg.Error: the server refused.
        """
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_from_result(result, conn.info.encoding)
        if result.status != pq.ExecStatus.TUPLES_OK:
            return ()
        reader = Transformer(conn)
        reader.set_pgresult(result)
        return reader.load_rows(0, result.ntuples, tuple)


class Punctual(psycopg.Connection[Any]):
    """
    A session of our own, which is ended when the server stays silent.

    *until* is a moment of `time.monotonic`, None for no limit.
    """

    until: float | None = None

    def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """
        Wait for the server, but not longer than *until*.
        """
        if self.until is None:
            return super().wait(gen, *args, **kwargs)
        return super().wait(_punctual(gen, self.pgconn, self.until), interval=_LOOK_EVERY)


class AsyncPunctual(psycopg.AsyncConnection[Any]):
    """
    The same, async.
    """

    until: float | None = None

    async def wait(self, gen: PQGen[RV], *args: Any, **kwargs: Any) -> RV:
        """
        See `Punctual.wait`.
        """
        if self.until is None:
            return await super().wait(gen, *args, **kwargs)
        return await super().wait(_punctual(gen, self.pgconn, self.until), interval=_LOOK_EVERY)


@contextmanager
def punctuality(conn: psycopg.BaseConnection[Any], within: float | None) -> Generator[None]:
    """
    End *conn*, if it is ours, when the server is silent for *within* seconds.
    """
    if within is None or not isinstance(conn, Punctual | AsyncPunctual):
        yield
        return
    conn.until = monotonic() + within
    try:
        yield
    finally:
        conn.until = None


def _punctual(gen: PQGen[RV], pgconn: PGconn, until: float) -> PQGen[RV]:
    """
    Pass on what *gen* waits for; look at the clock whenever nothing came.
    """
    try:
        wanted: Wait = next(gen)
        while True:
            ready = yield wanted
            if not ready and monotonic() >= until:
                pgconn.finish()
                raise psycopg.OperationalError("the server did not answer in time")
            wanted = gen.send(ready)
    except StopIteration as stop:
        result: RV = stop.value
        return result
