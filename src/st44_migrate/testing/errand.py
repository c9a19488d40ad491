"""
A session on a PostgreSQL server that works while Python does something else.

`CREATE DATABASE` takes some ten milliseconds of the server and nothing of ours.
The statement is sent, and its answer fetched when the database is needed: no
thread, which would make ``fork`` warn in the tests of whoever forks.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeAlias

import psycopg
from psycopg.pq.abc import PGresult

from ..drivers._pg import Exchange
from ..errors import DriverError

__all__ = ["Errand"]

_Talk: TypeAlias = Generator[Any, Any, PGresult | None]


class Errand:
    """
    A session with at most one statement under way.

    Args:
        url: Where to connect.

        name: The session's ``application_name``, which all on the server can see.
    """

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._conn = psycopg.Connection.connect(url, autocommit=True, application_name=name)
        self._exchange: Exchange | None = None
        self._talk: _Talk | None = None
        self._paused_at: Any = None

    def start(self, sql: str) -> None:
        """
        Send *sql* and do not wait for its end.

        Raises:
            DriverError: the statement before it failed; or this one, at once.
        """
        self.finish()
        exchange = Exchange([sql], self._conn.info.encoding)
        talk: _Talk = exchange.talk(self._conn.pgconn)
        try:
            # It sends, and comes back when there is nothing to do but to wait.
            self._paused_at = next(talk)
        except StopIteration as over:
            exchange.outcome(over.value, self._conn)
        except psycopg.Error as error:
            raise exchange.broken(error, self._conn) from error
        else:
            self._exchange, self._talk = exchange, talk

    def finish(self) -> None:
        """
        Wait for the end of what is under way, if anything is.

        Raises:
            DriverError: it failed.
        """
        exchange, talk = self._exchange, self._talk
        self._exchange = self._talk = None
        if exchange is None or talk is None:
            return
        try:
            failed = self._conn.wait(_resumed(talk, self._paused_at))
        except psycopg.Error as error:
            raise exchange.broken(error, self._conn) from error
        exchange.outcome(failed, self._conn)

    def run(self, *statements: str) -> None:
        """
        Execute each of *statements* by itself, to its end.

        Raises:
            DriverError: one failed; those after it were not executed.
        """
        for sql in statements:
            self.start(sql)
            self.finish()

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """
        Execute one query and return all its rows.
        """
        self.finish()
        try:
            return self._conn.execute(sql.encode()).fetchall()
        except psycopg.Error as error:
            raise DriverError(str(error), sqlstate=error.sqlstate) from error

    def close(self) -> None:
        """
        End the session.
        """
        self._exchange = self._talk = None
        self._conn.close()


def _resumed(talk: _Talk, paused_at: Any) -> _Talk:
    """
    Go on with *talk*, which has been paused at a wait.
    """
    try:
        while True:
            paused_at = talk.send((yield paused_at))
    except StopIteration as done:
        result: PGresult | None = done.value
        return result
