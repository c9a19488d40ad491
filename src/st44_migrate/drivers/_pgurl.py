"""
A PostgreSQL URL, read without libpq's help, and without a word of what is secret.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import ConfigError
from ._pgwords import words

__all__ = ["SCHEME", "Target", "refuse_stray_at", "target_of_url", "unreadable"]

SCHEME = re.compile(r"postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)

_REMEDY = (
    "Write it as postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require, with %XX for"
    " any of %:/?#@ inside user or password.  Parameters are libpq's: sslmode, not ssl."
)

_PARAMETERS = frozenset(
    [
        "host",
        "port",
        "user",
        "password",
        "dbname",
        "database",
        "passfile",
        "sslmode",
        "sslcert",
        "sslkey",
        "sslrootcert",
        "sslcrl",
        "sslpassword",
        "ssl_min_protocol_version",
        "ssl_max_protocol_version",
        "target_session_attrs",
        "krbsrvname",
        "gsslib",
        "application_name",
        "search_path",
        "options",
    ]
)
"""What asyncpg takes out of a URL, and two settings that people put there; it hands
any other to the server, which ends the session over it."""

_ENVIRONMENT = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}


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


def target_of_url(database: str) -> Target:
    """
    Read a URL as asyncpg does; any ``+driver`` suffix is left out.

    Raises:
        ConfigError: it would not be understood, or a part of the password would
            be taken for something else.
    """
    if "\0" in database:
        raise unreadable("it contains a NUL character")
    scheme = SCHEME.match(database)
    if scheme is None:
        raise unreadable("it is no URL")
    url = "postgresql://" + database[scheme.end() :]
    refuse_stray_at(url)
    if re.search(r"%(?![0-9A-Fa-f]{2})", url):
        raise unreadable("a % in it is not followed by two hexadecimal digits")
    if "%00" in url:
        raise unreadable("it contains %00")
    try:
        given = _given(url)
    except UnicodeError:
        raise unreadable("it is not UTF-8") from None
    except ValueError:
        raise unreadable("the ] of an IPv6 address is missing, or the = of a parameter") from None
    if not given.keys() <= _PARAMETERS:
        raise unreadable("asyncpg does not know one of its parameters")
    known = {name: os.environ.get(variable, "") for name, variable in _ENVIRONMENT.items()} | given
    known["port"] = known["port"] or "5432"
    if not re.fullmatch(r"[\d,]*", known["port"]):
        raise unreadable("port and connect_timeout are whole numbers")
    place, shown = words(known)
    if place.startswith("/"):
        place = f"{place}/.s.PGSQL.{known['port']}"
    return Target(url, shown, place)


def _given(url: str) -> dict[str, str]:
    """
    Take *url* apart, by libpq's names.
    """
    parts = urlsplit(url)
    unquote(url, errors="strict")
    given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query), errors="strict"))
    if "database" in given:
        given.setdefault("dbname", given.pop("database"))
    login, _, place = parts.netloc.rpartition("@")
    if user := unquote(login.partition(":")[0]):
        given["user"] = user
    if name := unquote(parts.path[1:]):
        given["dbname"] = name
    if place:
        pairs = [_host_and_port(spec) for spec in place.split(",")]
        given["host"] = ",".join(host for host, _ in pairs)
        given["port"] = ",".join(port for _, port in pairs)
    return given


def _host_and_port(spec: str) -> tuple[str, str]:
    """
    Take ``"db:5432"`` or ``"[::1]:5432"`` apart.
    """
    host, colon, port = spec.rpartition(":")
    if not colon or spec.endswith("]"):
        host, port = spec, "5432"
    return unquote(host).strip("[]"), port


def refuse_stray_at(url: str) -> None:
    """
    Refuse an ``@`` where none belongs: libpq would take a part of the password
    for the host, the database or a parameter, and we would show it.
    """
    place, _, query = url.partition("://")[2].partition("?")
    authority, _, path = place.partition("/")
    if authority.count("@") > 1 or "@" in path or ("@" in query and "@" not in authority):
        raise unreadable("it has an @ that is not written as %40")


def unreadable(reason: str) -> ConfigError:
    return ConfigError(f"the PostgreSQL URL cannot be read: {reason}", remedy=_REMEDY)
