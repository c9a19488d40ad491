"""
Everything there is to know about "sync".

The engine is written once, as coroutines.  A blocking connection is dressed as
an async one whose methods never suspend; a coroutine that never suspends runs
to its end with a single ``send(None)``.  No event loop, no thread, no greenlet.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from .protocols import (
    AsyncConnection,
    AsyncDriver,
    AsyncSleep,
    Connection,
    Driver,
    Heard,
    Notice,
    Row,
    Sleep,
)

__all__ = ["lift", "lift_driver", "lift_sleep", "no_shield", "run_blocking"]

T = TypeVar("T")


def run_blocking(coroutine: Coroutine[Any, Any, T]) -> T:
    """
    Run *coroutine*, which must not suspend, to its end in the calling thread.

    Raises:
        RuntimeError: it did suspend: something in it is really asynchronous.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a blocking driver suspended: use AsyncMigrator with it")


class _Lifted:
    """
    A blocking connection dressed as an `AsyncConnection`.
    """

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    @property
    def dialect(self) -> str:
        return self._conn.dialect

    @property
    def backend_pid(self) -> int | None:
        return self._conn.backend_pid

    @property
    def borrowed(self) -> bool:
        return self._conn.borrowed

    @property
    def one_by_one(self) -> bool:
        return getattr(self._conn, "one_by_one", False)

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        return self._conn.run(statements, heard)

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        return self._conn.fetch(sql, within=within)

    async def cancel(self) -> None:
        self._conn.cancel()

    async def close(self) -> None:
        self._conn.close()


class _LiftedDriver:
    """
    A blocking driver dressed as an `AsyncDriver`.
    """

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def dialect(self) -> str:
        return self._driver.dialect

    @property
    def grammar(self) -> object:
        return getattr(self._driver, "grammar", None)

    def describe(self) -> str:
        return self._driver.describe()

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> AsyncConnection:
        return lift(self._driver.connect(timeout=timeout, readonly=readonly, notice=notice))


def lift(conn: Connection) -> AsyncConnection:
    """
    Dress a blocking connection as an async one that never suspends.
    """
    return _Lifted(conn)


def lift_driver(driver: Driver) -> AsyncDriver:
    """
    Dress a blocking driver as an async one that never suspends.
    """
    return _LiftedDriver(driver)


def lift_sleep(sleep: Sleep) -> AsyncSleep:
    """
    Dress a blocking sleep as an async one that never suspends.
    """

    async def lifted(seconds: float, /) -> None:
        sleep(seconds)

    return lifted


async def no_shield(cleanup: Callable[[], Awaitable[object]], /) -> None:
    """
    Run *cleanup*: what does not suspend cannot be cancelled in between.
    """
    await cleanup()
