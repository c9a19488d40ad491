"""
Which driver for what a caller passes: a URL, a connection, a pool, a driver.

Objects are recognised by the names of their classes, so that no package is
imported to find out that it is not used.  What is built in is two tables;
anything else is asked of the entry points of ``st44_migrate.drivers``.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple, cast

from ..errors import ConfigError
from ..protocols import AsyncDriver, Driver

__all__ = ["async_driver_for", "driver_for"]

_GROUP = "st44_migrate.drivers"


class _Builtin(NamedTuple):
    """
    A driver of ours: *module* and *name* of what makes it, and the *package* it
    needs, which the extra of the same name installs; None for the standard library.
    """

    module: str
    name: str
    package: str | None
    is_async: bool = False


_PG, _PG_ASYNC, _PG2, _ASYNCPG = ".psycopg", ".psycopg_async", ".psycopg2", ".asyncpg"
_SA, _SA_ASYNC = ".sqlalchemy", ".sqlalchemy_async"
_POSTGRESQL = (
    _Builtin(_PG, "PsycopgDriver", "psycopg"),
    _Builtin(_PG_ASYNC, "AsyncPsycopgDriver", "psycopg", is_async=True),
)
_SQLITE = (
    _Builtin(".sqlite", "SqliteDriver", None),
    _Builtin(".aiosqlite", "AioSqliteDriver", "aiosqlite", is_async=True),
)

_CORE, _CORE_ASYNC = ".core", ".core_async"
_MARIADB = (
    _Builtin(_CORE, "core_driver", "sqlalchemy"),
    _Builtin(_CORE_ASYNC, "async_core_driver", "sqlalchemy", is_async=True),
)

_SCHEMES = {
    **dict.fromkeys(("postgresql", "postgres"), _POSTGRESQL),
    "sqlite": _SQLITE,
    **dict.fromkeys(("mariadb", "mysql"), _MARIADB),
}

_BY_ASYNCPG = _Builtin(_ASYNCPG, "AsyncpgDriver", "asyncpg", is_async=True)
"""For a URL that names asyncpg, where there is no psycopg, which has fewer round trips."""

# By the top-level package and the name of a class anywhere in the object's MRO.
_OBJECTS = {
    ("psycopg", "Connection"): _Builtin(_PG, "PsycopgBorrowed", "psycopg"),
    ("psycopg_pool", "ConnectionPool"): _Builtin(_PG, "PsycopgPool", "psycopg"),
    ("psycopg2", "connection"): _Builtin(_PG2, "Psycopg2Borrowed", "psycopg2"),
    ("psycopg2", "AbstractConnectionPool"): _Builtin(_PG2, "Psycopg2Pool", "psycopg2"),
    ("asyncpg", "Connection"): _Builtin(_ASYNCPG, "AsyncpgBorrowed", "asyncpg", is_async=True),
    ("asyncpg", "PoolConnectionProxy"): _Builtin(
        _ASYNCPG, "AsyncpgBorrowed", "asyncpg", is_async=True
    ),
    ("asyncpg", "Pool"): _Builtin(_ASYNCPG, "AsyncpgPool", "asyncpg", is_async=True),
    ("sqlite3", "Connection"): _Builtin(".sqlite", "SqliteBorrowed", None),
    ("psycopg", "AsyncConnection"): _Builtin(
        _PG_ASYNC, "AsyncPsycopgBorrowed", "psycopg", is_async=True
    ),
    ("psycopg_pool", "AsyncConnectionPool"): _Builtin(
        _PG_ASYNC, "AsyncPsycopgPool", "psycopg", is_async=True
    ),
    ("aiosqlite", "Connection"): _Builtin(
        ".aiosqlite", "AioSqliteBorrowed", "aiosqlite", is_async=True
    ),
}

# What SQLAlchemy has, and which of it is async.
_LENDERS = {
    "Engine": _Builtin(_SA, "EngineDriver", "sqlalchemy"),
    "Connection": _Builtin(_SA, "ConnectionDriver", "sqlalchemy"),
    "AsyncEngine": _Builtin(_SA_ASYNC, "AsyncEngineDriver", "sqlalchemy", is_async=True),
    "AsyncConnection": _Builtin(_SA_ASYNC, "AsyncConnectionDriver", "sqlalchemy", is_async=True),
}

# The same, where SQLAlchemy itself executes our statements: on any other database.
_EXECUTORS = {
    "Engine": _Builtin(_CORE, "CoreDriver", "sqlalchemy"),
    "Connection": _Builtin(_CORE, "CoreBorrowed", "sqlalchemy"),
    "AsyncEngine": _Builtin(_CORE_ASYNC, "AsyncCoreDriver", "sqlalchemy", is_async=True),
    "AsyncConnection": _Builtin(_CORE_ASYNC, "AsyncCoreBorrowed", "sqlalchemy", is_async=True),
}

# What works on the connections that it lends, by dialect, driver and colour.
_LENT = {
    ("postgresql", "psycopg", False): _OBJECTS["psycopg", "Connection"],
    ("postgresql", "psycopg", True): _OBJECTS["psycopg", "AsyncConnection"],
    ("postgresql", "psycopg2", False): _OBJECTS["psycopg2", "connection"],
    ("postgresql", "asyncpg", True): _OBJECTS["asyncpg", "Connection"],
    ("sqlite", "pysqlite", False): _OBJECTS["sqlite3", "Connection"],
    ("sqlite", "aiosqlite", True): _OBJECTS["aiosqlite", "Connection"],
}

_ACCEPTED = (
    "Pass a URL (postgresql://..., sqlite:///..., mariadb://...), a connection or pool of"
    " psycopg, psycopg2 or asyncpg, a sqlite3 or aiosqlite connection, an engine or"
    " connection of SQLAlchemy, or a driver."
)


def driver_for(database: object) -> Driver:
    """
    Choose the blocking driver for *database*.

    Args:
        database: A URL, a libpq conninfo, a connection or pool of psycopg or
            psycopg2, a `sqlite3` connection, an engine or connection of SQLAlchemy,
            or a `Driver`, which is returned as it is.

    Raises:
        ConfigError: nothing can be done with it, a package is missing, or it is
            async and needs `AsyncMigrator`.
    """
    return cast("Driver", _choose(database, is_async=False))


def async_driver_for(database: object) -> AsyncDriver:
    """
    Choose the async driver for *database*; see `driver_for`.
    """
    return cast("AsyncDriver", _choose(database, is_async=True))


def _choose(database: object, *, is_async: bool) -> object:
    if isinstance(database, str):
        return _by_url(database.strip(), is_async=is_async)
    for kind in type(database).__mro__:
        package, name = kind.__module__.partition(".")[0], kind.__qualname__
        builtin = _OBJECTS.get((package, name))
        if builtin is not None:
            _check_colour(type(database), found=builtin.is_async, wanted=is_async)
            return _load(builtin)(database)
        if package == "sqlalchemy" and name in _LENDERS:
            _check_colour(type(database), found=_LENDERS[name].is_async, wanted=is_async)
            return _by_lender(database, name)
    if all(hasattr(database, name) for name in ("dialect", "describe", "connect")):
        found = inspect.iscoroutinefunction(cast("Any", database).connect)
        _check_colour(type(database), found=found, wanted=is_async)
        return database
    raise ConfigError(
        f"a {_full_name(type(database))} is not a database that can be migrated", remedy=_ACCEPTED
    )


def _by_lender(database: Any, name: str) -> object:
    """
    Choose by what SQLAlchemy connects with.
    """
    lender = _LENDERS[name]
    dialect = database.engine.dialect
    if dialect.is_async != lender.is_async:
        raise ConfigError(
            f"{dialect.name}+{dialect.driver} is async, and this engine or connection is not",
            remedy="Pass its AsyncEngine or AsyncConnection to AsyncMigrator or migrate_async().",
        )
    if dialect.name not in {native for native, _driver, _is_async in _LENT}:
        return _load(_EXECUTORS[name])(database)
    lent = _LENT.get((dialect.name, dialect.driver, dialect.is_async))
    if lent is None:
        known = dict.fromkeys(f"{name}+{driver}" for name, driver, _ in _LENT)
        raise ConfigError(
            f"an engine of {dialect.name}+{dialect.driver} cannot be migrated",
            remedy=f"Engines of {', '.join(known)} can, and so can a database URL.",
        )
    return _load(lender)(database, _load(lent))


def _check_colour(kind: type, *, found: bool, wanted: bool) -> None:
    if found == wanted:
        return
    colour, runner = (
        ("async", "AsyncMigrator or migrate_async()")
        if found
        else ("blocking", "Migrator or migrate()")
    )
    raise ConfigError(f"a {_full_name(kind)} is {colour}", remedy=f"Use {runner} with it.")


def _full_name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


# --- URLs ---------------------------------------------------------------------


def _by_url(url: str, *, is_async: bool) -> object:
    if not url:
        raise ConfigError("the database URL is empty", remedy=_ACCEPTED)
    # A conninfo, "host=db dbname=shop", is libpq's and has no scheme.
    scheme = "postgresql" if re.match(r"\w+\s*=", url) else url.partition(":")[0].lower()
    if scheme == url.lower() or not re.fullmatch(r"[a-z][a-z0-9+._-]*", scheme):
        raise ConfigError(
            "the database URL has no scheme",
            remedy=f"{_ACCEPTED} For a file app.db write sqlite:///app.db.",
        )
    base = scheme.partition("+")[0]
    if is_async and scheme.endswith("+asyncpg") and base in _SCHEMES and not _installed("psycopg"):
        return _load(_BY_ASYNCPG)(url)
    if base in _SCHEMES:
        return _load(_SCHEMES[base][is_async])(url)
    return _plugged_in(scheme, base, is_async=is_async)(url)


def _installed(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _load(builtin: _Builtin) -> Callable[..., object]:
    try:
        module = import_module(builtin.module, __package__)
    except ImportError as error:
        package = builtin.package
        if package is None or (error.name or package).partition(".")[0] != package:
            raise
        absent = isinstance(error, ModuleNotFoundError)
        raise ConfigError(
            f"this database needs the package {package}, which"
            f" {'is not installed' if absent else f'does not load: {error}'}",
            remedy=_install(package),
        ) from error
    opener: Callable[..., object] = getattr(module, builtin.name)
    return opener


def _plugged_in(scheme: str, base: str, *, is_async: bool) -> Callable[[str], object]:
    """
    Find the entry point for *scheme*, or for it without its ``+driver``.
    """
    from importlib.metadata import entry_points  # 50 ms, rarely needed

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    suffix = ".async" if is_async else ""
    entry = found.get(scheme + suffix) or found.get(base + suffix)
    if entry is None:
        raise ConfigError(
            f"there is no {'async ' if is_async else ''}driver for {base}:// databases",
            remedy=f"Known: {_known(is_async=is_async)}. Others come with a package that"
            f" registers the entry point {base + suffix!r} in the group {_GROUP!r}.",
        )
    try:
        return cast("Callable[[str], object]", entry.load())
    except ImportError as error:
        raise ConfigError(
            f"the driver for {base}:// databases, {entry.value}, does not load: {error}"
        ) from error


def _known(*, is_async: bool) -> str:
    packages = {
        name: _SCHEMES[name][is_async].package for name in ("postgresql", "sqlite", "mariadb")
    }
    return ", ".join(
        f"{name} ({_install(package) if package else 'nothing to install'})"
        for name, package in packages.items()
    )


def _install(package: str) -> str:
    return f"pip install 'st44-migrate[{package}]'"
