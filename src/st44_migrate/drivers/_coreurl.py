"""
From a URL to an engine of SQLAlchemy, and what to say when nobody answers.
"""

from __future__ import annotations

from importlib.util import find_spec

from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import NullPool

from ..errors import ConfigError, DatabaseUnavailable, DriverError
from ..model import Fault

__all__ = ["engine_of", "name_package", "parsed", "unreachable"]

_BLOCKING = {"pymysql": "pymysql", "mysqldb": "MySQLdb", "mariadbconnector": "mariadb"}
_ASYNC = {"aiomysql": "aiomysql", "asyncmy": "asyncmy"}

_FAULTS = {
    **dict.fromkeys(("1045", "1698"), Fault.AUTHENTICATION),
    **dict.fromkeys(("1044", "1049"), Fault.ABSENT),
    **dict.fromkeys(("1040", "1203", "1226"), Fault.CROWDED),
    **dict.fromkeys(("2002", "2003"), Fault.REFUSED),
    "2005": Fault.HOST,
    "TimeoutError": Fault.POOL,
}
_FINAL = frozenset({"1044", "1045", "1049", "1698"})
"""What another attempt does not change."""


def parsed(url: str, *, is_async: bool) -> URL:
    """
    Read *url*, and choose a package for it if it names none of the right colour.

    Raises:
        ConfigError: it is no URL.  What it says is not repeated: it may hold a
            password that was not escaped.
    """
    try:
        read = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("SQLAlchemy does not understand the database URL") from error
    if url.count("@") > 1:
        raise ConfigError(
            "the database URL has more than one @",
            remedy="Write %40 for each of them that belongs to a name or a password.",
        )
    known = _ASYNC if is_async else _BLOCKING
    base, _, named = read.drivername.partition("+")
    others = _BLOCKING if is_async else _ASYNC
    if named and named not in others:
        return read
    there = next((name for name, module in known.items() if find_spec(module)), None)
    if there is None:
        raise name_package(base, " or ".join(known))
    return read.set(drivername=f"{base}+{there}")


def name_package(base: str, packages: str) -> ConfigError:
    """
    Say what has to be installed beside SQLAlchemy.
    """
    return ConfigError(
        f"{base}:// databases need a package that speaks to them: {packages}",
        remedy=f"Install one: pip install {packages.split(maxsplit=1)[0]}",
    )


def engine_of(url: str) -> Engine:
    """
    Make the engine of *url*, which keeps no connection open.
    """
    read = parsed(url, is_async=False)
    try:
        return create_engine(read, poolclass=NullPool)
    except NoSuchModuleError as error:
        raise ConfigError(f"SQLAlchemy has no dialect {read.drivername}") from error
    except ModuleNotFoundError as error:
        raise name_package(read.drivername, error.name or "its driver") from error


def unreachable(error: DriverError, place: str) -> DatabaseUnavailable:
    """
    Say that no session could be opened.
    """
    state = error.sqlstate or ""
    return DatabaseUnavailable(
        f"{place} gives no connection: {error.message}",
        transient=state not in _FINAL,
        remedy="Check the database URL, and that the server runs.",
        fault=_FAULTS.get(state),
    )
