"""
What a PostgreSQL URL or conninfo names, and how to say it without a secret.

Only host, port, user and database are ever shown.  libpq's own complaints about
a URL quote parts of it, the password among them, and are never passed on.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ._pgurl import SCHEME, Target, refuse_stray_at, unreadable
from ._pgwords import words

__all__ = ["Target", "target_of", "target_of_parts", "target_of_pool", "target_of_session"]

_Params: TypeAlias = dict[str, str]


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


def target_of(database: str) -> Target:
    """
    Read a URL (any ``+driver`` suffix is left out) or a conninfo.

    Raises:
        ConfigError: libpq would not understand it, or would understand a part
            of the password as something else.
    """
    if "\0" in database:
        raise unreadable("it contains a NUL character")
    scheme = SCHEME.match(database)
    conninfo = "postgresql://" + database[scheme.end() :] if scheme else database
    if scheme:
        refuse_stray_at(conninfo)
    try:
        given = {key: str(value) for key, value in conninfo_to_dict(conninfo).items()}
    except UnicodeError:
        raise unreadable("it is not UTF-8") from None
    except psycopg.ProgrammingError as error:
        complaint = str(error)
        reasons = (why for start, why in _COMPLAINTS.items() if complaint.startswith(start))
        raise unreadable(next(reasons, "libpq does not understand it")) from None
    port, timeout = given.get("port", ""), given.get("connect_timeout", "0")
    if not re.fullmatch(r"[\d,]*", port) or not re.fullmatch(r"-?\d+", timeout):
        raise unreadable("port and connect_timeout are whole numbers")
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


def target_of_parts(host: str, port: str, user: str | None, dbname: str | None) -> Target:
    """
    Name the database that somebody else connects to; what is empty is libpq's default.
    """
    parts = {"host": host, "port": port, "user": user or "", "dbname": dbname or ""}
    given = {name: value for name, value in parts.items() if value}
    place, shown = words(_defaults() | given)
    return Target(make_conninfo("", **given), shown, place)


def target_of_pool(conninfo: object, name: str) -> Target:
    """
    Name the database of a pool, whose conninfo may be a function.
    """
    if isinstance(conninfo, str):
        return target_of(conninfo)
    return Target("", f"the psycopg pool {name}", "the server")


def _defaults() -> _Params:
    """
    Read what libpq takes from the environment for what a URL leaves out.
    """
    return {o.keyword.decode(): o.val.decode() for o in pq.Conninfo.get_defaults() if o.val}
