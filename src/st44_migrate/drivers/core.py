"""
Any database that SQLAlchemy speaks, through an engine or a connection of it.

Its twin is `core_async`; what both share is in ``_core``.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ..errors import DriverError
from ..protocols import Heard, Notice, Row
from ._core import Talk, failed, grammar_of, killer, lend, prepare
from ._coreurl import engine_of, unreachable
from ._engines import described

__all__ = ["CoreBorrowed", "CoreConnection", "CoreDriver", "core_driver"]

_GRACE = 0.5
"""Seconds that a server has to answer when it was asked to stop."""


class CoreConnection:
    """
    One blocking session; see `Connection`.

    Args:
        conn: Idle.

        dialect: What its SQL is called.

        end: Ends the session, or gives it back.
    """

    def __init__(
        self, conn: Connection, dialect: str, *, borrowed: bool, end: Callable[[], None]
    ) -> None:
        self.dialect = dialect
        self.borrowed = borrowed
        self._conn = prepare(conn)
        self._end = end
        self._talk = Talk(self._conn, asks=dialect == "mariadb")
        self.backend_pid: int | None = self._talk.pid
        self._busy = False
        self._stopping = threading.Lock()

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* one by one; see `Connection.run`.
        """
        with self._at_work():
            return self._talk.run(statements, heard)

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query; see `Connection.fetch`.
        """
        with self._at_work(), self._punctually(within):
            return self._talk.fetch(sql)

    @contextmanager
    def _punctually(self, within: float | None) -> Generator[None]:
        """
        Stop what takes longer than *within*; end a session of ours that stays silent.
        """
        alarms = [] if within is None else [threading.Timer(within, self.cancel)]
        if within is not None and not self.borrowed:
            alarms.append(threading.Timer(within + _GRACE, self._cut))
        for alarm in alarms:
            alarm.daemon = True
            alarm.start()
        try:
            yield
        finally:
            for alarm in alarms:
                alarm.cancel()

    @contextmanager
    def _at_work(self) -> Generator[None]:
        """
        Let the session be stopped in here, and nowhere else.
        """
        self._busy = True
        try:
            yield
        except (KeyboardInterrupt, SystemExit):
            # The server goes on with what nobody waits for any more.
            self.cancel()
            raise
        finally:
            # Whoever stops a silent server may be waiting for it himself.
            stopping = self._stopping.acquire(timeout=_GRACE)
            self._busy = False
            if stopping:
                self._stopping.release()

    def cancel(self) -> None:
        """
        Stop what runs, from any thread; see `Connection.cancel`.
        """
        with self._stopping:
            if self._busy:
                self._stop()

    def _stop(self) -> None:
        if self.backend_pid is not None:
            killer(self._conn.engine, self.backend_pid)()
            return
        with suppress(Exception):
            raw = self._conn.connection.dbapi_connection
            stop: Callable[[], object] | None = getattr(raw, "interrupt", None)
            stop = stop or getattr(raw, "cancel", None)
            if stop is not None:
                stop()

    def _cut(self) -> None:
        """
        End the connection under whoever waits for its answer.
        """
        with suppress(Exception):
            raw = self._conn.connection.dbapi_connection
            # PyMySQL's; nothing public reaches it from another thread.
            line: socket.socket = getattr(raw, "_sock")  # noqa: B009 -- private
            line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """
        End the session or give it back; see `Connection.close`.
        """
        with suppress(DriverError):
            self._talk.run(["ROLLBACK"], None)
        with suppress(SQLAlchemyError):
            self._conn.rollback()
            self._end()


class CoreDriver:
    """
    Opens sessions on the caller's engine; see `Driver`.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.grammar = grammar_of(engine)
        self.dialect = self.grammar.name

    def describe(self) -> str:
        """
        Name user, host, port and database.
        """
        return described(self._engine.url)

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> CoreConnection:
        """
        Open a session; see `Driver.connect`.
        """
        del timeout, readonly, notice  # The engine knows how to connect, and how long to try.
        try:
            conn = self._engine.connect()
        except SQLAlchemyError as error:
            raise unreachable(failed(error), self.describe()) from error
        try:
            return CoreConnection(conn, self.dialect, borrowed=False, end=conn.close)
        except DriverError as error:
            conn.close()
            raise unreachable(error, self.describe()) from error
        except BaseException:
            conn.close()
            raise


def core_driver(url: str) -> CoreDriver:
    """
    Make the driver of a URL.

    Raises:
        ConfigError: SQLAlchemy does not understand it, or what it needs is missing.
    """
    return CoreDriver(engine_of(url))


class CoreBorrowed:
    """
    Works on the caller's own connection; see `Driver`.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.grammar = grammar_of(conn.engine)
        self.dialect = self.grammar.name

    def describe(self) -> str:
        """
        Name user, host, port and database.
        """
        return described(self._conn.engine.url)

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> CoreConnection:
        """
        Borrow the connection, which must be open and idle.

        Raises:
            ConfigError: it is closed, or inside a transaction.
        """
        del timeout, readonly, notice
        give_back = lend(self._conn)
        return CoreConnection(self._conn, self.dialect, borrowed=True, end=give_back)
