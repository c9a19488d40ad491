"""
What asyncpg makes of a statement, and of its failures.

asyncpg sends a text without arguments as a simple query, and keeps the last tag
of its answers only.  A query whose rows are wanted has to be parsed before it is
executed: in the unnamed statement, with no end of the transaction in between, so
that nothing stays in the caller's session and a pooler does not part the two.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from socket import gaierror
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from ..errors import DatabaseUnavailable, DriverError
from ..protocols import Row
from ._pgcauses import unreachable
from ._pgsaid import BUSY, IN_TRANSACTION, closed, failed_statement, in_use, refuse_old_server
from ._pgtext import encode, limits
from ._pgwords import words

__all__ = [
    "FAILURES",
    "NO_LIMIT",
    "AnyConnection",
    "ask",
    "ask_to_stop",
    "execute",
    "failed",
    "failed_connect",
    "is_gone",
    "place_of",
    "refuse_busy",
    "refuse_unfit",
    "shown",
]

AnyConnection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""Everything that asyncpg raises of itself; ``TimeoutError`` is an `OSError`."""

NO_LIMIT = 1e8
"""Seconds; None would be the ``command_timeout`` of the caller's connection."""

# What libpq says of it, by which a cause is known.
_BY_KIND = {
    TimeoutError: "timeout expired",
    ConnectionRefusedError: "Connection refused",
    FileNotFoundError: "No such file or directory",
    gaierror: "failed to resolve host '{}'",
    asyncpg.ConnectionDoesNotExistError: "server closed the connection",
    ConnectionResetError: "server closed the connection",
}
_WORTH_WAITING = frozenset({"57P03", "53300"})
"""A server that starts, and one that is crowded, in any language."""

_WHAT = "asyncpg connection"

_COMMENT = r"--[^\n]*(?:\n|$)|/\*(?:[^*]|\*(?!/))*\*/"
_SPACE = rf"(?:\s|{_COMMENT})*"
_GIVES_ROWS = re.compile(
    rf"{_SPACE}(?:\({_SPACE})*(?:select|values|table|with|show|execute|explain|fetch)\b"
    r"|.*\breturning\b",
    re.IGNORECASE | re.DOTALL,
)
_COPY_IN = re.compile(
    rf"{_SPACE}copy\b(?!{_SPACE}\()(?>\"[^\"]*\"|{_COMMENT}|[^'\"])*?\bfrom\b{_SPACE}stdin\b",
    re.IGNORECASE | re.DOTALL,
)

# Types of the catalog that every asyncpg reads, so that no codec is asked for.
_PLAIN = frozenset({"bool", "int2", "int4", "int8", "text", "varchar", "name", "oid", "void"})


async def execute(conn: AnyConnection, sql: str, *, wanted: bool) -> tuple[str, Any]:
    """
    Execute one statement; return its tag, and its first value if that is *wanted*.
    """
    sql = _checked(conn, sql)
    if _COPY_IN.match(sql):
        # asyncpg would wait for the server, and the server for data.
        raise DriverError("a migration has no data on its standard input", sqlstate="57014")
    if wanted and _GIVES_ROWS.match(sql):
        query = await conn.prepare(sql, name="", timeout=NO_LIMIT)
        columns = query.get_attributes()
        if columns and all(column.type.name in _PLAIN for column in columns):
            rows = await query.fetch(timeout=NO_LIMIT)
            return query.get_statusmsg() or "", rows[0][0] if rows else None
    try:
        return await conn.execute(sql, timeout=NO_LIMIT), None
    except AttributeError as error:
        # asyncpg decodes the tag of an answer that has none.
        raise DriverError("the server gave no answer: the statement is empty") from error


async def ask(conn: AnyConnection, sql: str, within: float | None) -> Sequence[Row]:
    """
    Fetch the rows of one query, within so many seconds.
    """
    sql = _checked(conn, sql)
    settings = "" if within is None else limits(int(within * 1000))
    if conn.is_in_transaction():
        if settings:
            await conn.execute(settings, timeout=NO_LIMIT)
        rows = await _rows(conn, sql)
        # The unnamed portal keeps a snapshot for as long as nothing takes its place,
        # and CREATE INDEX CONCURRENTLY, wherever it runs, would wait for that.
        await conn.execute("SELECT 1", timeout=NO_LIMIT)
        return rows
    if not settings:
        return await _rows(conn, sql)
    await conn.execute(f"BEGIN;\n{settings}", timeout=NO_LIMIT)
    try:
        rows = await _rows(conn, sql)
    except BaseException:
        with suppress(*FAILURES):
            await conn.execute("ROLLBACK", timeout=NO_LIMIT)
        raise
    await conn.execute("COMMIT", timeout=NO_LIMIT)
    return rows


async def _rows(conn: AnyConnection, sql: str) -> Sequence[Row]:
    query = await conn.prepare(sql, name="", timeout=NO_LIMIT)
    return [tuple(row) for row in await query.fetch(timeout=NO_LIMIT)]


async def ask_to_stop(conn: AnyConnection) -> None:
    """
    Ask the server to stop, by a connection of its own.

    asyncpg does so for a task that is cancelled, once, and has no public name for it.
    """
    sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asking: Any = conn
    await asking._cancel(sent)  # noqa: SLF001 -- see above
    if sent.done():
        sent.exception()


def _checked(conn: AnyConnection, sql: str) -> str:
    """
    Refuse what cannot be sent as it is: asyncpg would end the session over it.
    """
    if is_gone(conn):
        raise DriverError(f"the {_WHAT} is closed", lost=True)
    encode(sql, "utf-8")
    encoding = conn.get_settings().client_encoding
    if encoding.upper() not in {"UTF8", "SQL_ASCII"} and not sql.isascii():
        raise DriverError(
            f"asyncpg sends UTF-8, and the client_encoding of the session is {encoding}"
        )
    # asyncpg takes no kind of text but this one.
    return str(sql)


# --- failures -----------------------------------------------------------------


class _Said:
    """
    The fields of an error of asyncpg, by libpq's names.

    An error of asyncpg's own has none.  One that says that the connection is gone
    may have been caused by what the server said last.
    """

    def __init__(self, error: BaseException) -> None:
        if not getattr(error, "message", None) and error.__cause__ is not None:
            error = error.__cause__
        self.message_primary: str | None = getattr(error, "message", None)
        told = error if self.message_primary else None
        self.sqlstate: str | None = getattr(told, "sqlstate", None)
        self.message_detail: str | None = getattr(told, "detail", None)
        self.message_hint: str | None = getattr(told, "hint", None)
        self.context: str | None = getattr(told, "context", None)
        self.constraint_name: str | None = getattr(told, "constraint_name", None)
        self.statement_position: str | None = getattr(told, "position", None)
        self.internal_query: str | None = getattr(told, "internal_query", None)
        self.internal_position: str | None = getattr(told, "internal_position", None)


def failed(error: Exception, conn: AnyConnection, *, index: int | None = None) -> DriverError:
    """
    Make a `DriverError` of what asyncpg raised.
    """
    said = _Said(error)
    position = said.statement_position
    return failed_statement(
        said,
        str(error) or type(error).__name__,
        index=index,
        offset=int(position) - 1 if position else None,
        lost=is_gone(conn),
    )


def failed_connect(error: Exception, place: str) -> DatabaseUnavailable:
    """
    Say why asyncpg could not open a session at *place*.
    """
    for kind, text in _BY_KIND.items():
        if isinstance(error, kind):
            host = re.sub(r":\d+$", "", place)
            return unreachable(text.format(host), place, lambda: True)
    said = str(error)
    if "rejected SSL upgrade" in said:
        said = "server does not support SSL, but SSL was required"
    waits = getattr(error, "sqlstate", None) in _WORTH_WAITING
    return unreachable(said, place, lambda: waits)


# --- the caller's connection --------------------------------------------------


def is_gone(conn: AnyConnection) -> bool:
    """
    Whether the session has ended.
    """
    try:
        return conn.is_closed()
    except asyncpg.InterfaceError:
        # A pool takes a connection back when it breaks.
        return True


def refuse_unfit(conn: AnyConnection, place: str | None = None) -> None:
    """
    Raise an error unless *conn* is open and idle, on a server that is new enough.
    """
    if is_gone(conn):
        raise closed(_WHAT)
    if conn.is_in_transaction():
        raise in_use(_WHAT, IN_TRANSACTION)
    refuse_old_server(conn.get_server_version().major * 10_000, place or place_of(conn))


async def refuse_busy(conn: AnyConnection) -> None:
    """
    Raise `ConfigError` if the caller's *conn* is at work: asyncpg says so only to
    whoever asks for more.
    """
    try:
        await conn.execute("SELECT 1", timeout=NO_LIMIT)
    except asyncpg.InterfaceError as error:
        raise in_use(_WHAT, BUSY) from error
    except FAILURES as error:
        raise failed_connect(error, place_of(conn)) from error


def place_of(conn: AnyConnection) -> str:
    """
    Say where the server is.
    """
    return words(_params(conn))[0]


def shown(conn: AnyConnection) -> str:
    """
    Name host, port, user and database.
    """
    params = _params(conn)
    return words(params)[1] if params else f"the caller's {_WHAT}"


def _params(conn: AnyConnection) -> dict[str, str]:
    """
    Read what *conn* was opened with, which has no public name.
    """
    address, params = getattr(conn, "_addr", None), getattr(conn, "_params", None)
    if params is None:
        return {}
    found = {"user": params.user or "", "dbname": params.database or ""}
    if isinstance(address, str):
        return found | {"host": address.rpartition("/.s.PGSQL.")[0] or address}
    host, port = address or ("", "")
    return found | {"host": str(host), "port": str(port)}
