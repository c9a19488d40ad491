"""
What a caller may pass as a database, as far as a type checker can tell.

No package is imported to say so.  A connection or a pool is known by how it is
closed, an engine by how it is disposed of: at once, or with ``await``.  So a
checker flags the wrong colour, whatever is installed.  The rest, such as an open
file, is refused in words when it runs; see `drivers.url`.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol, TypeAlias

from .driver import AsyncDriver, Driver

__all__ = ["AsyncDatabase", "Database"]


class _Closed(Protocol):
    """
    A connection or pool of sqlite3, psycopg or SQLAlchemy, a connection of psycopg2.
    """

    def close(self) -> None: ...


class _ClosedWhole(Protocol):
    """
    A pool of psycopg2.
    """

    def closeall(self) -> None: ...


class _Disposed(Protocol):
    """
    An engine of SQLAlchemy.
    """

    def dispose(self) -> None: ...


class _ClosedAsync(Protocol):
    """
    A connection or pool of aiosqlite, psycopg, asyncpg or SQLAlchemy.
    """

    def close(self) -> Awaitable[object]: ...


class _DisposedAsync(Protocol):
    """
    An async engine of SQLAlchemy.
    """

    def dispose(self) -> Awaitable[object]: ...


Database: TypeAlias = str | _Closed | _ClosedWhole | _Disposed | Driver
"""What `Migrator` takes: a URL, or what a blocking app has open."""

AsyncDatabase: TypeAlias = str | _ClosedAsync | _DisposedAsync | AsyncDriver
"""What `AsyncMigrator` takes: a URL, or what an async app has open."""
