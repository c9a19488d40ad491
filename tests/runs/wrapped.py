"""
A real driver with a window in it: what is sent can be seen, held up or broken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.protocols import AsyncConnection, Connection, Heard, Notice, Row
from targets import Target

Hook = Callable[[str], None]


def nothing(text: str) -> None:
    del text


@dataclass
class Window:
    """
    Args:
        before: Called with the joined SQL text before it is sent; may raise.

        after: The same, when it has succeeded.

        pooled: Pretend that a pooler stands before the server: another process
            greets us than the one that works.
    """

    before: Hook = nothing
    after: Hook = nothing
    pooled: bool = False
    calls: list[str] = field(default_factory=list)

    def on(self, target: Target, database: object = None) -> Any:
        """
        Wrap the driver of *target*'s colour.
        """
        database = target.url if database is None else database
        if target.is_async:
            return AsyncWindowed(async_driver_for(database), self)
        return Windowed(driver_for(database), self)

    def enter(self, text: str) -> None:
        self.calls.append(text)
        self.before(text)

    def rewrite(self, text: str) -> str:
        """
        Say what is fetched in place of *text*.
        """
        return text


class _Named:
    def __init__(self, driver: Any, window: Window) -> None:
        self._driver = driver
        self._window = window

    @property
    def dialect(self) -> str:
        return str(self._driver.dialect)

    def describe(self) -> str:
        return str(self._driver.describe())


class _Known:
    def __init__(self, conn: Any, window: Window) -> None:
        self._conn = conn
        self._window = window

    @property
    def dialect(self) -> str:
        return str(self._conn.dialect)

    @property
    def backend_pid(self) -> int | None:
        pid: int | None = self._conn.backend_pid
        return -1 if self._window.pooled else pid

    @property
    def borrowed(self) -> bool:
        return bool(self._conn.borrowed)

    @property
    def one_by_one(self) -> bool:
        return getattr(self._conn, "one_by_one", False)


class Windowed(_Named):
    """
    A blocking driver behind a window.
    """

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> Connection:
        conn = self._driver.connect(timeout=timeout, readonly=readonly, notice=notice)
        return WindowedConnection(conn, self._window)


class WindowedConnection(_Known):
    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        text = "\n;\n".join(statements)
        self._window.enter(text)
        tags: Sequence[str] = self._conn.run(statements, heard)
        self._window.after(text)
        return tags

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        self._window.enter(sql)
        rows: Sequence[Row] = self._conn.fetch(self._window.rewrite(sql), within=within)
        self._window.after(sql)
        return rows

    def cancel(self) -> None:
        self._conn.cancel()

    def close(self) -> None:
        self._conn.close()


class AsyncWindowed(_Named):
    """
    An async driver behind a window.
    """

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> AsyncConnection:
        conn = await self._driver.connect(timeout=timeout, readonly=readonly, notice=notice)
        return AsyncWindowedConnection(conn, self._window)


class AsyncWindowedConnection(_Known):
    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        text = "\n;\n".join(statements)
        self._window.enter(text)
        tags: Sequence[str] = await self._conn.run(statements, heard)
        self._window.after(text)
        return tags

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        self._window.enter(sql)
        rows: Sequence[Row] = await self._conn.fetch(self._window.rewrite(sql), within=within)
        self._window.after(sql)
        return rows

    async def cancel(self) -> None:
        await self._conn.cancel()

    async def close(self) -> None:
        await self._conn.close()
