"""
Talking through a `sqlalchemy.Connection`, for both colours: SQL as it is written.

The connection is in autocommit mode: BEGIN and COMMIT are statements of ours.  No parameters are looked for, so that ``%``,
``:name`` and ``?`` arrive as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from ..dialects import Dialect
from ..dialects.mariadb import MariaDB
from ..errors import ConfigError, DriverError
from ..protocols import Heard, Row
from ._coregrammar import CoreGrammar
from ._engines import refuse_transaction

__all__ = ["AUTOCOMMIT", "Talk", "failed", "grammar_of", "killer", "lend", "prepare"]

AUTOCOMMIT = "AUTOCOMMIT"

_MYSQL = frozenset({"mysql", "mariadb"})
_GONE = frozenset({"1053", "1927", "2006", "2013", "2055", "4031"})
"""What MariaDB says when a session is over, where SQLAlchemy does not take it so."""


def grammar_of(engine: Engine) -> Dialect:
    """
    Choose how SQL is written for *engine*.
    """
    return MariaDB() if engine.dialect.name in _MYSQL else CoreGrammar(engine.dialect)


def prepare(conn: Connection) -> Connection:
    """
    Let *conn* take statements as they are, each for itself.

    Raises:
        ConfigError: there is no such mode: every statement would be part of a
            transaction of SQLAlchemy's.
    """
    try:
        return conn.execution_options(no_parameters=True, isolation_level=AUTOCOMMIT)
    except (NotImplementedError, AttributeError, ArgumentError) as error:
        raise ConfigError(
            f"SQLAlchemy knows no autocommit mode for {conn.dialect.name}",
            remedy="Write a driver for it: it is one file.",
        ) from error


class Talk:
    """
    What is said in one session.  Only one thread or task at a time may use it.

    Args:
        conn: See `prepare`.

        asks: Whether the server has a number for the session.
    """

    def __init__(self, conn: Connection, *, asks: bool) -> None:
        self._conn = conn
        self.pid: int | None = None
        if asks:
            self.pid = int(self.fetch("SELECT CONNECTION_ID()")[0][0])

    def run(self, statements: Sequence[str], heard: Heard | None) -> Sequence[str]:
        """
        Execute *statements* one by one; see `Connection.run`.
        """
        return [self._step(index, text, heard) for index, text in enumerate(statements)]

    def _step(self, index: int, statement: str, heard: Heard | None) -> str:
        rows = self._answer(statement, index)
        tag = statement.split(maxsplit=1)[0].upper()
        if heard is not None:
            heard(tag, rows[0][0] if rows else None)
        return tag

    def fetch(self, sql: str) -> Sequence[Row]:
        """
        Execute one query; see `Connection.fetch`.
        """
        return self._answer(sql, None)

    def _answer(self, sql: str, index: int | None) -> Sequence[Row]:
        conn = self._conn
        try:
            return _rows(conn.exec_driver_sql(sql))
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise failed(error, index) from error
        except Exception as error:
            # An answer of several parts may fail in a later one, which SQLAlchemy
            # does not look at.
            if not isinstance(error, conn.dialect.loaded_dbapi.Error):
                raise
            raise failed(error, index) from error


def _rows(result: CursorResult[Any]) -> Sequence[Row]:
    """
    Take all that a statement answers: the rows of its first part.
    """
    if not result.returns_rows:
        return ()
    cursor: Any = result.cursor
    rows: Sequence[Row] = cursor.fetchall()
    with suppress(NotImplementedError, AttributeError):
        while cursor.nextset():
            cursor.fetchall()
    result.close()
    return rows


def failed(error: Exception, index: int | None = None) -> DriverError:
    """
    Make a `DriverError` of what SQLAlchemy, or the package behind it, raised.
    """
    cause: Any = error.orig if isinstance(error, DBAPIError) and error.orig else error
    # SQLAlchemy's own errors end in a link when they are made a text.
    numbered = len(cause.args) > 1 and isinstance(cause.args[0], int)
    said = str(cause.args[numbered]) if cause.args else str(cause)
    # MariaDB's own numbers say more than its SQLSTATE, which is HY000 for many.
    state = str(cause.args[0]) if numbered else getattr(cause, "sqlstate", None)
    over = isinstance(error, DBAPIError) and error.connection_invalidated
    if isinstance(error, SQLAlchemyError) and not isinstance(error, DBAPIError):
        over = True  # SQLAlchemy itself says that there is nothing to talk to.
    return DriverError(
        " ".join(said.split()) or type(cause).__name__,
        index=index,
        sqlstate=state or type(cause).__name__,
        lost=over or state in _GONE,
    )


def lend(conn: Connection) -> Callable[[], None]:
    """
    Look at a caller's connection, and give what makes it again as it was found.

    Raises:
        ConfigError: it is closed, or inside a transaction.
    """
    refuse_transaction(conn)
    parameters = conn.get_execution_options().get("no_parameters", False)
    level = conn.get_isolation_level()
    conn.rollback()  # To ask has begun a transaction.

    def give_back() -> None:
        conn.execution_options(no_parameters=parameters, isolation_level=level)

    return give_back


def killer(engine: Engine, pid: int) -> Callable[[], None]:
    """
    Give what stops the statement that session *pid* executes, from outside of it.
    """

    def kill() -> None:
        # Not one of the engine's own connections: they may all be in use.
        pool = engine.pool.recreate()
        with suppress(Exception):
            conn = pool.connect()
            try:
                conn.cursor().execute(f"KILL QUERY {pid}")
            finally:
                conn.close()
        pool.dispose()

    return kill
