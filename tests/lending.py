"""
A caller's own SQLite connection, in either colour, to be lent to a run.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aiosqlite

from st44_migrate import AsyncMigrator, Migrator, Plan, Report, Settings
from st44_migrate.events import Event

__all__ = ["Lent", "lend"]

_PRAGMAS = (
    *("foreign_keys", "busy_timeout", "synchronous", "recursive_triggers", "query_only"),
    *("legacy_alter_table", "ignore_check_constraints", "defer_foreign_keys", "cache_size"),
)


@dataclass
class Lent:
    """
    An open connection and the loop that it lives in, if it needs one.
    """

    conn: Any
    loop: asyncio.Runner | None = None
    events: list[Event] = field(default_factory=list)

    def do(self, folder: object, call: Callable[[Any], Any], **choices: Any) -> Any:
        """
        Make the migrator of this colour and let *call* use it.
        """
        choices = {"observer": self.events.append} | choices
        if self.loop is None:
            return call(Migrator(self.conn, folder, **choices))  # type: ignore[arg-type]

        async def run() -> Any:
            return await call(AsyncMigrator(self.conn, folder, **choices))  # type: ignore[arg-type]

        return self.loop.run(run())

    def apply(self, folder: object, settings: Settings | None = None) -> Report:
        report = self.do(folder, lambda m: m.apply(), settings=settings or Settings())
        assert isinstance(report, Report)
        return report

    def plan(self, folder: object) -> Plan:
        plan = self.do(folder, lambda m: m.plan())
        assert isinstance(plan, Plan)
        return plan

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """
        Use the connection as its owner does.
        """
        if self.loop is None:
            return [tuple(row) for row in self.conn.execute(sql).fetchall()]

        async def run() -> list[tuple[Any, ...]]:
            cursor = await self.conn.execute(sql)
            return [tuple(row) for row in await cursor.fetchall()]

        return self.loop.run(run())

    def state(self) -> object:
        """
        Give all that a run must leave as it was.
        """
        return (
            self.conn.in_transaction,
            self.conn.isolation_level,
            self.conn.row_factory,
            self.conn.text_factory,
            [self.execute(f"PRAGMA {name}") for name in _PRAGMAS],
            [path for at, _, path in self.execute("PRAGMA database_list") if at != 1],
            self.execute("SELECT name FROM sqlite_temp_master"),
        )


@contextmanager
def lend(kind: str, database: object, **options: Any) -> Iterator[Lent]:
    """
    Open *database* as *kind*, ``"sqlite3"`` or ``"aiosqlite"``.
    """
    if kind == "sqlite3":
        conn = sqlite3.connect(str(database), **options)
        try:
            yield Lent(conn)
        finally:
            conn.close()
        return
    with asyncio.Runner() as loop:

        async def connect() -> aiosqlite.Connection:
            return await aiosqlite.connect(str(database), **options)

        lent = Lent(loop.run(connect()), loop)
        try:
            yield lent
        finally:
            loop.run(lent.conn.close())
