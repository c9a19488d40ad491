"""
Why there is no connection to PostgreSQL, told by the text that a driver gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from ..errors import DatabaseUnavailable
from ..model import Fault

__all__ = ["unreachable"]


class _Cause(NamedTuple):
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


def unreachable(text: str, place: str, waits: Callable[[], bool]) -> DatabaseUnavailable:
    """
    Say why there is no connection, and whether waiting may help.

    Args:
        text: What the driver says; there need be no SQLSTATE.

        place: Where the server was looked for.

        waits: Called for texts in another language than English: whether the
            server is about to be there, or not to be seen at all.
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
    transient = waits()
    return DatabaseUnavailable(
        f"no connection to {place}: {first}",
        transient=transient,
        remedy=_WAIT if transient else "Check the database URL.",
    )
