"""
Engines of SQLAlchemy as people have them, on every package that we migrate through.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import (
    AsyncAdaptedQueuePool,
    NullPool,
    QueuePool,
    SingletonThreadPool,
    StaticPool,
)

ONE: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 5}
"""A pool that gives one connection, and refuses a second."""


def url_of(url: str) -> str:
    """
    Say a libpq URL as SQLAlchemy does.
    """
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@contextmanager
def engine_on(url: str, **options: Any) -> Iterator[Engine]:
    """
    Give an engine, and dispose of it.
    """
    engine = create_engine(url, **options)
    try:
        yield engine
    finally:
        engine.dispose()


@asynccontextmanager
async def async_engine_on(url: str, **options: Any) -> AsyncIterator[AsyncEngine]:
    """
    Give an async engine, and dispose of it.
    """
    engine = create_async_engine(url, **options)
    try:
        yield engine
    finally:
        await engine.dispose()


# --- SQLite, as many ways as there are to set it up ---------------------------


class AlwaysInside(sqlite3.Connection):
    """
    What Python 3.12 does with ``autocommit=False``, for the Python before it.
    """

    _outside = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options | {"isolation_level": None})
        self._begin()

    def _begin(self) -> None:
        if not self._outside:
            sqlite3.Cursor(self).execute("BEGIN")

    def commit(self) -> None:
        super().commit()
        self._begin()

    def rollback(self) -> None:
        super().rollback()
        self._begin()

    @property
    def autocommit(self) -> bool:
        return self._outside

    @autocommit.setter
    def autocommit(self, outside: bool) -> None:
        if outside != self._outside:
            super().commit()
            self._outside = outside
            self._begin()


INSIDE: dict[str, Any] = (
    {"autocommit": False} if sys.version_info >= (3, 12) else {"factory": AlwaysInside}
)


def begins_by_itself(engine: Engine) -> None:
    """
    Do as SQLAlchemy's documentation says, for transactions that hold DDL too.
    """

    @event.listens_for(engine, "connect")
    def connected(conn: Any, record: object) -> None:
        conn.isolation_level = None

    @event.listens_for(engine, "begin")
    def begun(conn: Any) -> None:
        conn.exec_driver_sql("BEGIN")


def sets_pragmas(engine: Engine) -> None:
    """
    Turn foreign keys on, as everybody has to.
    """

    @event.listens_for(engine, "connect")
    def connected(conn: Any, record: object) -> None:
        cursor = conn.cursor()
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA synchronous = NORMAL")
        cursor.close()


def as_it_is(engine: Engine) -> None:
    """
    Change nothing.
    """


Setup = tuple[str | None, dict[str, Any], Callable[[Engine], None]]

# A database, None for the file; what `create_engine` is given; what listens.
SQLITE_SETUPS: dict[str, Setup] = {
    "file": (None, {}, as_it_is),
    "one": (None, {"poolclass": QueuePool, **ONE}, as_it_is),
    "no pool": (None, {"poolclass": NullPool}, as_it_is),
    "its thread only": (None, {"connect_args": {"check_same_thread": True}}, as_it_is),
    "autocommit": (None, {"isolation_level": "AUTOCOMMIT"}, as_it_is),
    "serializable": (None, {"isolation_level": "SERIALIZABLE"}, as_it_is),
    "exclusive": (None, {"connect_args": {"isolation_level": "EXCLUSIVE"}}, as_it_is),
    "events": (None, {}, begins_by_itself),
    "pragmas": (None, {}, sets_pragmas),
    "always inside": (None, {"connect_args": INSIDE}, as_it_is),
    "no reset": (None, {"pool_reset_on_return": None}, as_it_is),
    "memory": ("", {}, as_it_is),
    "memory, static": (
        "",
        {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}},
        as_it_is,
    ),
    "memory, always inside": ("", {"connect_args": INSIDE}, as_it_is),
    "file, one a thread": (None, {"poolclass": SingletonThreadPool}, as_it_is),
}


@contextmanager
def sqlite_engine(name: str, path: Path) -> Iterator[Engine]:
    """
    Give the engine of a setup.
    """
    database, options, listen = SQLITE_SETUPS[name]
    with engine_on(f"sqlite:///{path if database is None else database}", **options) as engine:
        listen(engine)
        yield engine


AIOSQLITE_SETUPS: dict[str, Setup] = {
    "file": (None, {}, as_it_is),
    "one": (None, {"poolclass": AsyncAdaptedQueuePool, **ONE}, as_it_is),
    "no pool": (None, {"poolclass": NullPool}, as_it_is),
    "autocommit": (None, {"isolation_level": "AUTOCOMMIT"}, as_it_is),
    "events": (None, {}, begins_by_itself),
    "pragmas": (None, {}, sets_pragmas),
    "always inside": (None, {"connect_args": INSIDE}, as_it_is),
    "memory": ("", {"connect_args": {"check_same_thread": False}}, as_it_is),
}


@asynccontextmanager
async def aiosqlite_engine(name: str, path: Path) -> AsyncIterator[AsyncEngine]:
    """
    Give the async engine of a setup.
    """
    database, options, listen = AIOSQLITE_SETUPS[name]
    url = f"sqlite+aiosqlite:///{path if database is None else database}"
    async with async_engine_on(url, **options) as engine:
        listen(engine.sync_engine)
        yield engine
