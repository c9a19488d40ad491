"""
What a PostgreSQL URL or conninfo names, and how to say it without a secret.

Only host, port, user and database are ever shown.  libpq's own complaints about
a URL quote parts of it, the password among them, and are never passed on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from ..errors import ConfigError
from ._pgwords import words

__all__ = ["Target", "target_of", "target_of_pool", "target_of_session"]

_Params: TypeAlias = dict[str, str]

_SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)

# How libpq's complaints begin, and what they mean.  They go on with a part of the URL.
_COMPLAINTS = {
    "invalid percent-encoded token": "a % in it is not followed by two hexadecimal digits",
    "forbidden value %00": "it contains %00",
    "invalid URI query parameter": "libpq does not know one of its parameters",
    "invalid connection option": "libpq does not know one of its parameters",
    "missing": "it is neither a URL nor a list of key=value",
    "end of string reached": "the ] of an IPv6 address is missing",
    "unterminated quoted string": "a quote is not closed",
}
_REMEDY = (
    "Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require, with %XX for"
    " any of %:/?#@ inside user or password.  Parameters are libpq's: sslmode, not ssl."
)


@dataclass(frozen=True, slots=True)
class Target:
    """
    A database to connect to.

    Args:
        conninfo: What libpq is given; holds the password.

        shown: The same for people, ``"postgresql://app@db:5432/shop"``.

        place: Where the server is, ``"db:5432"`` or its socket's directory.

        timeout: The caller's own ``connect_timeout`` in seconds, None without.
    """

    conninfo: str = field(repr=False)
    shown: str
    place: str
    timeout: int | None = None


def target_of(database: str) -> Target:
    """
    Read a URL (any ``+driver`` suffix is left out) or a conninfo.

    Raises:
        ConfigError: libpq would not understand it, or would understand a part
            of the password as something else.
    """
    if "\0" in database:
        raise _unreadable("it contains a NUL character")
    scheme = _SCHEME.match(database)
    conninfo = "postgresql://" + database[scheme.end() :] if scheme else database
    if scheme:
        _refuse_stray_at(conninfo)
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
    except UnicodeError:
        raise _unreadable("it is not UTF-8") from None
    except psycopg.ProgrammingError as error:
        complaint = str(error)
        reasons = (why for start, why in _COMPLAINTS.items() if complaint.startswith(start))
        raise _unreadable(next(reasons, "libpq does not understand it")) from None
    port, timeout = given.get("port", ""), given.get("connect_timeout", "0")
    if not re.fullmatch(r"[\d,]*", port) or not re.fullmatch(r"-?\d+", timeout):
        raise _unreadable("port and connect_timeout are whole numbers")
    place, shown = words(_defaults() | given)
    return Target(conninfo, shown, place, int(timeout) if int(timeout) > 0 else None)


def target_of_session(info: psycopg.ConnectionInfo) -> Target:
    """
    Name the database of a session that is there already.
    """
    try:
        params = {
            "host": info.host,
            "port": str(info.port),
            "user": info.user,
            "dbname": info.dbname,
        }
    except psycopg.Error:
        return Target("", "a closed psycopg connection", "the server")
    place, shown = words(params)
    return Target("", shown, place)


def target_of_pool(conninfo: object, name: str) -> Target:
    """
    Name the database of a pool, whose conninfo may be a function.
    """
    if isinstance(conninfo, str):
        return target_of(conninfo)
    return Target("", f"the psycopg pool {name}", "the server")


def _refuse_stray_at(url: str) -> None:
    """
    Refuse an ``@`` where none belongs: libpq would take a part of the password
    for the host, the database or a parameter, and we would show it.
    """
    place, _, query = url.partition("://")[2].partition("?")
    authority, _, path = place.partition("/")
    if authority.count("@") > 1 or "@" in path or ("@" in query and "@" not in authority):
        raise _unreadable("it has an @ that is not written as %40")


def _unreadable(reason: str) -> ConfigError:
    return ConfigError(f"the PostgreSQL URL cannot be read: {reason}", remedy=_REMEDY)


def _defaults() -> _Params:
    """
    Read what libpq takes from the environment for what a URL leaves out.
    """
    return {o.keyword.decode(): o.val.decode() for o in pq.Conninfo.get_defaults() if o.val}
