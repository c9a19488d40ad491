"""
What psycopg's failures mean: of statements, and of attempts to connect.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from traceback import clear_frames

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from ..errors import ConfigError, DatabaseUnavailable, DriverError, MigrateError
from ..model import Fault
from ._pgtarget import Target

__all__ = [
    "failed_checkout",
    "failed_connect",
    "failed_statement",
    "refuse_old_server",
    "unreachable",
]

OLDEST = 14
"""The oldest major version of PostgreSQL that is supported."""


def failed_statement(
    diag: psycopg.errors.Diagnostic,
    otherwise: str,
    *,
    index: int | None = None,
    offset: int | None = None,
    lost: bool = False,
) -> DriverError:
    """
    Make a `DriverError` of what the server said; *otherwise* where it said nothing.
    """
    inner = diag.internal_position
    return DriverError(
        " ".join((diag.message_primary or otherwise.partition("\n")[0]).split("\n")),
        index=index,
        offset=offset,
        sqlstate=diag.sqlstate,
        detail=diag.message_detail,
        hint=diag.message_hint,
        context=diag.context,
        constraint=diag.constraint_name,
        internal_query=diag.internal_query,
        internal_offset=int(inner) - 1 if inner else None,
        lost=lost,
    )


def refuse_old_server(version: int, place: str) -> None:
    """
    Raise `DatabaseUnavailable` for a server older than `OLDEST`.

    *version* is libpq's: 150018 is 15.18.
    """
    if version < OLDEST * 10_000:
        raise DatabaseUnavailable(
            f"{place} runs PostgreSQL {version // 10_000}; {OLDEST} or later is needed",
            transient=False,
            remedy="Upgrade the server.",
            fault=Fault.OUTDATED,
        )


def failed_connect(error: psycopg.Error, target: Target) -> MigrateError:
    """
    Say why psycopg could not open a session on *target*, and let go of the attempt.
    """
    # The error and psycopg's frames hold each other, and these the open socket:
    # once the server is back it would be a session that nobody ends.
    clear_frames(error.__traceback__)
    if not isinstance(error, psycopg.OperationalError):
        return ConfigError(f"psycopg refuses to connect: {error}")
    # Not in the caller's way for long: libpq holds the interpreter meanwhile.
    conninfo = make_conninfo(target.conninfo, connect_timeout=2).encode()
    return unreachable(str(error), target.place, lambda: pq.PGconn.ping(conninfo))


def failed_checkout(error: psycopg.Error, pool: str) -> MigrateError:
    """
    Say why a pool gave no connection.
    """
    # psycopg_pool may not be imported: its errors are known by name.
    if type(error).__name__ == "PoolClosed":
        return ConfigError(f"the pool {pool} is closed", remedy="Open it before, with pool.open().")
    return DatabaseUnavailable(
        f"the pool {pool} gave no connection: {error}",
        transient=True,
        remedy="All of its connections may be in use, or its database cannot be reached.",
        fault=Fault.POOL,
    )


@dataclass(frozen=True, slots=True)
class _Cause:
    """
    A reason for a failed connection, recognised by its English text.

    *said* may use ``{place}``, ``{first}`` (libpq's own line) and the pattern's
    groups, ``{0}`` being the first of them.
    """

    pattern: str
    fault: Fault
    transient: bool
    said: str
    remedy: str


_WAIT = "It may be starting or restarting: try again, or wait for it with --wait SECONDS."
_CHECK = "Check host and port, and that the server runs."
_LOGIN = "Check the user and the password in the database URL."

# The first that matches decides.  An attempt may name several hosts, each with
# its own failure: a login that was refused will be refused again, a host name
# that does not resolve matters only if nothing else could be waited for.
_CAUSES = (
    _Cause(
        r'password authentication failed for user "([^"]*)"',
        Fault.AUTHENTICATION,
        False,
        "password authentication failed for user {0} at {place}",
        _LOGIN,
    ),
    _Cause(
        r"no password supplied",
        Fault.AUTHENTICATION,
        False,
        "{place} asks for a password, and there is none",
        _LOGIN,
    ),
    _Cause(r'(role "[^"]*" does not exist)', Fault.AUTHENTICATION, False, "{0} at {place}", _LOGIN),
    _Cause(
        r'(database "[^"]*" does not exist|no such database: .*)',
        Fault.ABSENT,
        False,
        "{0} at {place}",
        "Create it first, or correct its name in the URL.",
    ),
    _Cause(
        r"no pg_hba\.conf entry for|pg_hba\.conf rejects connection",
        Fault.AUTHENTICATION,
        False,
        "{place} does not let us in: {first}",
        "Allow this user from this host in pg_hba.conf; if it says no encryption, add sslmode=require.",
    ),
    _Cause(
        r'(\w+ authentication failed for user "[^"]*")',
        Fault.AUTHENTICATION,
        False,
        "{0} at {place}",
        _LOGIN,
    ),
    _Cause(
        r"server does not support SSL|certificate|SSL connection is required",
        Fault.ENCRYPTION,
        False,
        "no encrypted connection to {place}: {first}",
        "Check sslmode and sslrootcert in the database URL.",
    ),
    _Cause(
        r'(permission denied for database .*|role "[^"]*" is not permitted to log in'
        r'|database "[^"]*" is not currently accepting connections)',
        Fault.AUTHENTICATION,
        False,
        "{0} at {place}",
        "Connect to another database, or as another user.",
    ),
    _Cause(
        r"(invalid response to SSL negotiation|expected authentication request from server)",
        Fault.UNAVAILABLE,
        False,
        "what answers at {place} is not PostgreSQL",
        _CHECK,
    ),
    _Cause(
        r"(the database system is [^\n]*|cannot connect now)",
        Fault.STARTING,
        True,
        "{0} at {place}",
        _WAIT,
    ),
    _Cause(
        r"(too many (?:clients|connections)[^\n]*|remaining connection slots[^\n]*"
        r"|no more connections allowed[^\n]*)",
        Fault.CROWDED,
        True,
        "{place} has no connection left for us: {0}",
        "Try again, close idle connections, or raise the limit.",
    ),
    _Cause(
        r"(server login has been failing|cannot connect to server)",
        Fault.UNAVAILABLE,
        True,
        "the pooler at {place} cannot reach its server",
        _WAIT,
    ),
    _Cause(r"timeout expired", Fault.TIMEOUT, True, "no answer from {place} in time", _CHECK),
    _Cause(r"Connection refused", Fault.REFUSED, True, "connection refused by {place}", _WAIT),
    _Cause(
        r"No such file or directory",
        Fault.REFUSED,
        True,
        "no server listens on the socket {place}",
        _WAIT,
    ),
    _Cause(
        r"(server closed the connection|Connection reset|EOF detected|terminating connection)",
        Fault.LOST,
        True,
        "{place} closed the connection at once",
        _WAIT,
    ),
    _Cause(
        r"(Network is unreachable|No route to host|Host is unreachable)",
        Fault.NETWORK,
        True,
        "{place} cannot be reached: {0}",
        _CHECK,
    ),
    _Cause(
        r"(?:failed to resolve host '|could not translate host name \")([^'\"]*)",
        Fault.HOST,
        False,
        "the host name {0} cannot be resolved",
        "Correct it in the database URL.",
    ),
)

_WHERE = re.compile(
    r'connection to server (?:on socket "([^"]+)"|at "([^"]+)"(?: \([^)]*\))?, port (\d+)) failed'
)


def unreachable(text: str, place: str, ping: Callable[[], int]) -> DatabaseUnavailable:
    """
    Say why there is no connection, and whether waiting may help.

    Args:
        text: What psycopg says; libpq gives no SQLSTATE here.

        place: Where the server was looked for.

        ping: Called for texts in another language than English, where the
            server is up but its messages are translated: PQping needs no words.
    """
    if where := _WHERE.search(text):
        socket, host, port = where.groups()
        place = socket or f"{host}:{port}"
    first = re.sub(r"^\w+:\s+", "", text.rpartition("failed: ")[2].partition("\n")[0].strip())
    for cause in _CAUSES:
        if found := re.search(cause.pattern, text):
            said = cause.said.format(*found.groups(), place=place, first=first)
            return DatabaseUnavailable(
                said, transient=cause.transient, remedy=cause.remedy, fault=cause.fault
            )
    waits = ping() in {pq.Ping.REJECT, pq.Ping.NO_RESPONSE}
    return DatabaseUnavailable(
        f"no connection to {place}: {first}",
        transient=waits,
        remedy=_WAIT if waits else "Check the database URL.",
    )
