"""
Whatever SQLAlchemy lends to a run, behind one face.

The stories of the tests are coroutines in both colours: what blocks is called as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from drivers.engines import url_of
from st44_migrate import AsyncMigrator, Migrator, Plan, Report
from st44_migrate.events import Event
from targets import Target

__all__ = ["LENT", "Lender", "lending", "tell"]

LENT = ("engine", "connection")


@dataclass
class Lender:
    """
    An engine, and what of it is lent: itself, or a connection.
    """

    engine: Any
    lent: Any
    is_async: bool
    events: list[Event] = field(default_factory=list)

    async def done(self, value: Any) -> Any:
        """
        Await *value*, if it has to be awaited.
        """
        return await value if self.is_async else value

    def migrator(self, folder: object, **choices: Any) -> Any:
        make: Any = AsyncMigrator if self.is_async else Migrator
        return make(self.lent, folder, **{"observer": self.events.append} | choices)

    async def apply(self, folder: object, **choices: Any) -> Report:
        report = await self.done(self.migrator(folder, **choices).apply())
        assert isinstance(report, Report)
        return report

    async def plan(self, folder: object) -> Plan:
        plan = await self.done(self.migrator(folder).plan())
        assert isinstance(plan, Plan)
        return plan

    async def ask(self, sql: str, conn: Any = None) -> list[tuple[Any, ...]]:
        """
        Ask by SQLAlchemy: on *conn*, or on a connection of its own.
        """
        if conn is None:
            conn = await self.done(self.engine.connect())
            try:
                return await self.ask(sql, conn)
            finally:
                await self.done(conn.close())
        result = await self.done(conn.exec_driver_sql(sql))
        return [tuple(row) for row in result] if result.returns_rows else []

    @property
    def pool(self) -> Any:
        return self.engine.pool


@asynccontextmanager
async def lending(target: Target, lent: str = "engine", **options: Any) -> AsyncIterator[Lender]:
    """
    Make an engine of the target's kind, and lend it or a connection of it.
    """
    make: Any = create_async_engine if target.is_async else create_engine
    named = (
        url_of(target.url)
        if target.is_postgres
        else target.url.replace(
            "sqlite:", f"sqlite+{'aiosqlite' if target.is_async else 'pysqlite'}:"
        )
    )
    engine = make(named, **options)
    lender = Lender(engine, engine, target.is_async)
    try:
        if lent == "connection":
            lender.lent = await lender.done(engine.connect())
        yield lender
    finally:
        if lent == "connection":
            await lender.done(lender.lent.close())
        await lender.done(engine.dispose())


def tell(story: Callable[[], Awaitable[None]]) -> None:
    """
    Run a story to its end.
    """

    async def whole() -> None:
        await story()

    asyncio.run(whole())
