"""
What both colours of SQLAlchemy share: everything but the waiting.

SQLAlchemy lends a connection, and a driver of ours for the package underneath works
on it: files go to the database to the byte, past SQLAlchemy's parameters, events and
transactions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

from sqlalchemy import URL, Connection, exc
from sqlalchemy.pool import Pool, SingletonThreadPool, StaticPool

from ..errors import ConfigError, DatabaseUnavailable, MigrateError
from ..model import Fault
from ..protocols import AsyncDriver, Driver
from ._sqlite import cannot_open, check_file

__all__ = [
    "AsyncNative",
    "Native",
    "check_there",
    "described",
    "driver_on",
    "failed_checkout",
    "is_broken",
    "no_answer",
    "out_of_time",
    "refuse_shared",
    "refuse_transaction",
    "stays_in_thread",
]

T = TypeVar("T")

Native: TypeAlias = Callable[..., Driver]
"""Makes our own driver for the connection of the package underneath."""

AsyncNative: TypeAlias = Callable[..., AsyncDriver]

_IN_MEMORY = "an in-memory SQLite database"
_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306}


def described(url: URL) -> str:
    """
    Name the database for people: no password, and none of the parameters.
    """
    name = url.get_backend_name()
    if name == "sqlite":
        in_memory = url.database in {None, "", ":memory:"}
        return _IN_MEMORY if in_memory else f"sqlite:///{_file_of(url) or url.database}"
    host = url.host or _first(url.query.get("host"))
    if not (host or url.database):
        return f"the {name} database of the engine"
    who = quote(url.username, safe="") + "@" if url.username else ""
    if host.startswith("/"):
        return f"{name}://{who}/{quote(url.database or '')}?host={quote(host)}"
    place = f"[{url.host}]" if ":" in (url.host or "") else host
    # Several hosts, in the parameters, have their ports with them.
    port = url.port or (_PORTS.get(name) if url.host else None)
    return f"{name}://{who}{place}{f':{port}' if port else ''}/{quote(url.database or '')}"


def _first(value: str | tuple[str, ...] | None) -> str:
    return value if isinstance(value, str) else ",".join(value or ())


def _file_of(url: URL) -> Path | None:
    """
    Return the file of a SQLite URL; None for memory, and where only SQLite could say.
    """
    path = url.database
    if not path or path == ":memory:" or path.startswith("file:"):
        return None
    return Path(path).absolute()


def check_there(url: URL, *, readonly: bool) -> None:
    """
    Refuse a SQLite file that is not there, where only reading is wanted: opening
    it would create it.

    Raises:
        DatabaseUnavailable: there is no such file or directory.
    """
    path = _file_of(url) if url.get_backend_name() == "sqlite" else None
    if path is not None:
        check_file(path, readonly=readonly)


def stays_in_thread(pool: Pool, dialect: str) -> bool:
    """
    Whether a connection is of use only in the thread that checks it out.
    """
    return dialect == "sqlite" or isinstance(pool, SingletonThreadPool)


def refuse_transaction(conn: Connection | None) -> None:
    """
    Raise `ConfigError` unless the caller's *conn* is open and in no transaction.

    It is None in an async connection that has not been awaited.
    """
    if conn is None or conn.closed:
        raise ConfigError(
            "the SQLAlchemy connection is not open", remedy="Pass an open one, or the engine."
        )
    if conn.get_transaction() is not None:
        raise ConfigError(
            "the SQLAlchemy connection is inside a transaction, which its first statement has"
            " begun; migrations need their own",
            remedy="Commit or roll back before, or pass the engine.",
            fault=Fault.IN_USE,
        )


def refuse_shared(pool: Pool) -> None:
    """
    Raise `ConfigError` if the one connection of a `StaticPool` is in a transaction.

    Everybody gets this one, and whoever gives it back rolls back what others have
    begun.
    """
    # Asked for by its name, it would be opened.
    record = vars(pool).get("connection") if isinstance(pool, StaticPool) else None
    conn = record and record.driver_connection
    if conn is not None and _in_transaction(conn):
        raise ConfigError(
            "the only connection of the engine is inside a transaction; migrations need their own",
            remedy="Commit or roll back before.  With autocommit=False it always is in one, and"
            " nobody can tell whether that is empty: leave this out, or the StaticPool.",
            fault=Fault.IN_USE,
        )


def driver_on(native: Callable[..., T], conn: Connection | None, lent: Any) -> T:
    """
    Make the driver for *lent*, which *conn* has.

    A connection of SQLite may always be inside a transaction.  SQLAlchemy knows that
    nothing is in it, where nobody else has the connection: in memory, everybody
    gets the same, or everybody in a thread, and is counted.
    """
    if conn is None or conn.dialect.name != "sqlite":
        return native(lent)
    pool = conn.engine.pool
    shared = isinstance(pool, SingletonThreadPool) and getattr(conn.connection, "_counter", 2) > 1
    return native(lent, empty=not (shared or isinstance(pool, StaticPool)))


def _in_transaction(conn: Any) -> bool:
    """
    Ask a connection of SQLite, of PostgreSQL's libpq, or of asyncpg.
    """
    if hasattr(conn, "in_transaction"):
        return bool(conn.in_transaction)
    if hasattr(conn, "is_in_transaction"):
        return bool(conn.is_in_transaction())
    return bool(conn.info.transaction_status)


def is_broken(conn: Any) -> bool:
    """
    Whether the connection of the package underneath is of no use any more.
    """
    if hasattr(conn, "is_closed"):
        return bool(conn.is_closed())
    return bool(getattr(conn, "closed", False))


# --- what went wrong ----------------------------------------------------------


def failed_checkout(error: exc.SQLAlchemyError, url: URL) -> MigrateError:
    """
    Say why an engine gave no connection.
    """
    if isinstance(error, exc.TimeoutError):
        return DatabaseUnavailable(
            "the pool of the engine gave no connection in time",
            transient=True,
            remedy="All of its connections may be in use.",
            fault=Fault.POOL,
        )
    if not isinstance(error, exc.DBAPIError):
        return ConfigError(f"the engine gave no connection: {error}")
    failure = error.orig
    if isinstance(failure, sqlite3.Error):
        return _not_opened(failure, url)
    package = type(failure).__module__.partition(".")[0]
    if package == "psycopg":
        return _not_connected(failure, url)
    return DatabaseUnavailable(
        f"the engine gave no connection: {str(failure).partition(chr(10))[0]}",
        transient=error.connection_invalidated or isinstance(error, exc.OperationalError),
        remedy="Check that the database can be reached, and the URL of the engine.",
    )


def _not_opened(failure: sqlite3.Error, url: URL) -> DatabaseUnavailable:
    path = _file_of(url)
    if path is not None:
        return cannot_open(path, failure)
    return DatabaseUnavailable(
        f"{described(url)} cannot be opened: {failure}",
        transient=False,
        remedy="Check the URL of the engine.",
    )


def _not_connected(failure: Any, url: URL) -> MigrateError:
    from ._pgerrors import failed_connect
    from ._pgtarget import target_of_parts

    host = url.host or _first(url.query.get("host"))
    port = str(url.port or _first(url.query.get("port")))
    return failed_connect(failure, target_of_parts(host, port, url.username, url.database))


def out_of_time(pool: Pool, seconds: float) -> DatabaseUnavailable:
    """
    Say that no connection came within *seconds*, and whose fault that is.
    """
    return DatabaseUnavailable(
        f"the engine gave no connection within {seconds:g} s: {pool.status()}",
        transient=True,
        remedy="All of its connections may be in use, or its database does not answer.",
        fault=Fault.POOL,
    )


def no_answer(shown: str) -> DatabaseUnavailable:
    """
    Say that every connection that the engine gave was cut already.
    """
    return DatabaseUnavailable(
        f"the connections to {shown} are cut as soon as they are used",
        transient=True,
        remedy="The server may be restarting: try again.",
        fault=Fault.LOST,
    )
