"""
Engines and connections of SQLAlchemy, blocking.  Their twins are in `sqlalchemy_async`.

An engine gives a connection out of its own pool, the driver of ours for the package
underneath works on it as on any caller's connection, and the pool gets it back as it
was.  What both colours share is in ``_engines``.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, wait
from contextlib import suppress
from contextvars import copy_context
from threading import Thread
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine, exc
from sqlalchemy.pool import QueuePool

from ..errors import DriverError
from ..protocols import Connection as Session
from ..protocols import Notice
from ._engines import (
    Native,
    check_there,
    described,
    driver_on,
    failed_checkout,
    is_broken,
    no_answer,
    out_of_time,
    refuse_shared,
    refuse_transaction,
    stays_in_thread,
)

__all__ = ["ConnectionDriver", "EngineDriver", "LentSession"]


class LentSession:
    """
    One blocking session on what SQLAlchemy lends; see `Connection`.

    Args:
        session: Our own, on the connection of the package underneath.

        end: Gives that connection back.
    """

    def __init__(self, session: Session, end: Callable[[], None]) -> None:
        self.dialect = session.dialect
        self.backend_pid = session.backend_pid
        self.borrowed = session.borrowed
        self.one_by_one: bool = getattr(session, "one_by_one", False)
        self.run = session.run
        self.fetch = session.fetch
        self.cancel = session.cancel
        self._session = session
        self._end = end

    def close(self) -> None:
        """
        Give everything back as it was; see `Connection.close`.
        """
        try:
            self._session.close()
        finally:
            self._end()


class EngineDriver:
    """
    Borrows a connection from an engine's own pool; see `Driver`.

    Args:
        engine: The caller's; its pool, its listeners and its settings count.

        native: Makes the driver for what the engine connects with.
    """

    def __init__(self, engine: Engine, native: Native) -> None:
        self._engine = engine
        self._native = native
        self.dialect = engine.dialect.name

    @property
    def may_wait(self) -> bool:
        """
        Whether a session may have to be waited for, even where there is no server.
        """
        return isinstance(self._engine.pool, QueuePool)

    def describe(self) -> str:
        """
        Name the database by the engine's URL.
        """
        return described(self._engine.url)

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> LentSession:
        """
        Check a connection out; closing the session gives it back.

        A connection that was cut while it lay in the pool is thrown away, and the
        next one asked for.
        """
        engine = self._engine
        check_there(engine.url, readonly=readonly)
        refuse_shared(engine.pool)
        until = monotonic() + timeout
        while (left := until - monotonic()) > 0:
            conn = self._checked_out(left)
            try:
                session = _lend(conn, self._native, notice, conn.close)
            except BaseException:
                conn.close()
                raise
            if _answers(session):
                return session
        raise no_answer(self.describe())

    def _checked_out(self, within: float) -> Connection:
        engine = self._engine
        try:
            if stays_in_thread(engine.pool, self.dialect):
                return engine.connect()
            return _check_out(engine, within)
        except exc.SQLAlchemyError as error:
            raise failed_checkout(error, engine.url) from error


class ConnectionDriver:
    """
    Works on the caller's own connection; see `Driver`.

    Args:
        conn: In no transaction.

        native: Makes the driver for what it connects with.
    """

    def __init__(self, conn: Connection, native: Native) -> None:
        self._conn = conn
        self._native = native
        self.dialect = conn.dialect.name

    def describe(self) -> str:
        """
        Name the database by the URL of the connection's engine.
        """
        return described(self._conn.engine.url)

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> LentSession:
        """
        Borrow the connection, which must be open and in no transaction.

        Raises:
            ConfigError: it is closed, or inside a transaction.
        """
        del timeout, readonly
        refuse_transaction(self._conn)
        return _lend(self._conn, self._native, notice, lambda: None)


def _lend(conn: Connection, native: Native, notice: Notice, end: Callable[[], None]) -> LentSession:
    try:
        if conn.in_transaction():
            # A listener of the engine's has begun it, and set what counts here too.
            conn.commit()
        if is_broken(conn.connection.driver_connection):
            conn.invalidate()  # SQLAlchemy then connects again.
        lent: Any = conn.connection.driver_connection
    except exc.SQLAlchemyError as error:
        raise failed_checkout(error, conn.engine.url) from error
    driver = driver_on(native, conn, lent)
    session = driver.connect(timeout=0.0, readonly=False, notice=notice)

    def give_back() -> None:
        with suppress(exc.SQLAlchemyError):
            if is_broken(lent):
                conn.invalidate()
            end()

    return LentSession(session, give_back)


def _answers(session: LentSession) -> bool:
    """
    Ask whether the connection is alive; if not, close the session.
    """
    try:
        session.fetch("SELECT 1")
    except DriverError as error:
        session.close()
        if not error.lost:
            raise
        return False
    except BaseException:
        session.close()
        raise
    return True


def _check_out(engine: Engine, within: float) -> Connection:
    """
    Check a connection out, and wait *within* seconds at most.

    Neither a pool nor an attempt to connect can be told how long: another thread
    waits for them.  What comes too late goes back to the pool.
    """
    arriving: Future[Connection] = Future()
    context = copy_context()

    def check_out() -> None:
        try:
            conn = context.run(engine.connect)
        except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
            with suppress(InvalidStateError):
                arriving.set_exception(error)
            return
        try:
            arriving.set_result(conn)
        except InvalidStateError:
            conn.close()

    Thread(target=check_out, name="st44-migrate checkout", daemon=True).start()
    try:
        wait((arriving,), within)
    except BaseException:
        if not arriving.cancel() and arriving.exception() is None:
            arriving.result().close()
        raise
    if arriving.cancel():
        raise out_of_time(engine.pool, within)
    return arriving.result()
