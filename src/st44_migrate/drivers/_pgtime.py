"""
A query that may only take so long: told to the server, and kept by ourselves.

The server stops a statement that is slow or waits for a lock.  A server that
says nothing at all, because it is paused or the network is gone, cannot be told:
a session of our own is ended then.  A caller's connection is not ours to end.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq.abc import PGconn
from psycopg.waiting import Wait

__all__ = ["AsyncPunctual", "Punctual", "limited", "punctuality"]

RV = TypeVar("RV")

_OF_THE_SERVER = 0.85
"""The server's share of the time: its refusal still has to arrive."""

_OF_A_LOCK = 0.45
"""The share of a wait for a lock: there is time left to ask who has it."""

_LOOK_EVERY = 0.02


def limited(sql: str, within: float) -> str:
    """
    Let the server stop *sql* before *within* seconds are over.

    All in one message, which is one transaction: the limits end with it, and
    each statement of it starts its own clock.
    """
    whole, lock = (max(1, int(within * 1000 * share)) for share in (_OF_THE_SERVER, _OF_A_LOCK))
    return f"SET LOCAL statement_timeout = {whole};\nSET LOCAL lock_timeout = {lock};\n{sql}"


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
