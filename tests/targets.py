"""
Every way to run the engine: databases and colours, behind one face.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import psycopg2
from psycopg.conninfo import conninfo_to_dict

from st44_migrate import AsyncMigrator, Migrator, Plan, Record, Report, Settings, Status
from st44_migrate.events import Event

POSTGRES = ("psycopg", "psycopg-async")
SQLITE = ("sqlite3", "aiosqlite")

LENT = ("psycopg2", "asyncpg")
"""What is not opened by URL: a run is lent a connection."""

ALL = (*POSTGRES, *LENT, *SQLITE)
MARIADB = ("pymysql", "aiomysql")
ASYNC = frozenset({"psycopg-async", "asyncpg", "aiosqlite", "aiomysql"})
OURS = {"schema_migrations", "schema_migrations_journal"}


@dataclass
class Target:
    """
    A database, and the colour of the driver that works on it.
    """

    kind: str
    url: str
    settings: Settings = field(default_factory=Settings)
    events: list[Event] = field(default_factory=list)

    @property
    def is_async(self) -> bool:
        return self.kind in ASYNC

    @property
    def is_postgres(self) -> bool:
        return self.kind in {*POSTGRES, *LENT}

    @property
    def is_mariadb(self) -> bool:
        return self.kind in MARIADB

    def do(self, folder: object, call: Callable[[Any], Any], **choices: Any) -> Any:
        """
        Make the migrator of this colour and let *call* use it; *choices* are its
        arguments, ``database`` among them.
        """
        options = {"settings": self.settings, "observer": self.events.append} | choices
        database = options.pop("database", self.url)
        if not self.is_async:
            with self.lent(database) as given:
                return call(Migrator(given, folder, **options))  # type: ignore[arg-type]

        async def run() -> Any:
            async with self.lent_async(database) as given:
                return await call(AsyncMigrator(given, folder, **options))  # type: ignore[arg-type]

        return asyncio.run(run())

    @contextmanager
    def lent(self, database: Any) -> Iterator[object]:
        """
        Give what the migrator is given: *database*, or a connection to it where
        this driver has to be lent one.
        """
        if self.kind not in LENT or not isinstance(database, str):
            yield database
            return
        conn = psycopg2.connect(database)
        try:
            yield conn
        finally:
            conn.close()

    @asynccontextmanager
    async def lent_async(self, database: Any) -> AsyncIterator[object]:
        """
        See `lent`.
        """
        if self.kind not in LENT or not isinstance(database, str):
            yield database
            return
        params: dict[str, Any] = conninfo_to_dict(database)
        params["database"] = params.pop("dbname")
        conn = await asyncpg.connect(**params)
        try:
            yield conn
        finally:
            await conn.close()

    def apply(self, folder: object, **choices: Any) -> Report:
        report = self.do(folder, lambda m: m.apply(), **choices)
        assert isinstance(report, Report)
        return report

    def plan(self, folder: object, **choices: Any) -> Plan:
        plan = self.do(folder, lambda m: m.plan(), **choices)
        assert isinstance(plan, Plan)
        return plan

    def show(self, folder: object, version: str) -> Record:
        record = self.do(folder, lambda m: m.show(version))
        assert isinstance(record, Record)
        return record

    def baseline(self, folder: object, version: str, reason: str = "here already") -> list[Status]:
        return list(self.do(folder, lambda m: m.baseline(version, reason=reason)))

    def mark(self, folder: object, version: str, reason: str = "done by hand") -> list[Status]:
        return list(self.do(folder, lambda m: m.mark(version, reason=reason)))

    def repair(self, folder: object, version: str, reason: str = "accepted") -> list[Status]:
        return list(self.do(folder, lambda m: m.repair(version, reason=reason)))

    # --- looking, past the library ---

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """
        Ask the database directly.
        """
        if self.is_postgres:
            with psycopg.connect(self.url, autocommit=True) as conn:
                return conn.execute(sql.encode()).fetchall()
        if self.is_mariadb:
            return self._on_mariadb(sql)
        with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"))) as lite:
            return lite.execute(sql).fetchall()

    def execute(self, *statements: str) -> None:
        """
        Do something by hand, as a person with psql would.
        """
        if self.is_postgres:
            with psycopg.connect(self.url, autocommit=True) as conn:
                for sql in statements:
                    conn.execute(sql.encode())
            return
        if self.is_mariadb:
            self._on_mariadb(*statements)
            return
        path = self.url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as lite:
            for sql in statements:
                lite.execute(sql)

    def _on_mariadb(self, *statements: str) -> list[tuple[Any, ...]]:
        from mariadb_server import connect  # which knows targets

        rows: Sequence[tuple[Any, ...]] = ()
        with closing(connect(self.url)) as conn, conn.cursor() as cursor:
            for sql in statements:
                cursor.execute(sql)
                rows = cursor.fetchall()
        return list(rows)

    def tables(self) -> set[str]:
        """
        The tables that are not ledger, journal or SQLite's own.
        """
        if self.is_mariadb:
            sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
            return {row[0] for row in self.query(sql)} - OURS
        sql = (
            "SELECT tablename FROM pg_tables WHERE schemaname NOT IN"
            " ('pg_catalog', 'information_schema')"
            if self.is_postgres
            else "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        names = {row[0] for row in self.query(sql)}
        return names - OURS

    def versions(self) -> list[str]:
        """
        The ledger's versions, in order, as written.
        """
        rows = self.query("SELECT version FROM schema_migrations ORDER BY version")
        return [row[0] for row in rows]

    def journal(self) -> dict[str, str]:
        """
        The journal's versions and states.
        """
        return dict(self.query("SELECT version, state FROM schema_migrations_journal"))

    def saw(self, kind: type[Event]) -> list[Any]:
        """
        The events of *kind*, in order.
        """
        return [event for event in self.events if isinstance(event, kind)]


def write(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """
    Make *folder* hold exactly *files*.
    """
    folder.mkdir(exist_ok=True)
    for old in folder.glob("*.sql"):
        old.unlink()
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return folder


def labels(plan: Plan) -> list[str]:
    """
    The pending versions of *plan*.
    """
    return [pending.migration.label for pending in plan.pending]


def applied(report: Report) -> list[str]:
    """
    The versions that a run applied.
    """
    return [done.label for done in report.applied]


def codes(plan: Plan) -> Sequence[str]:
    """
    The codes of a plan's problems.
    """
    return [problem.code for problem in plan.problems]


def until(condition: Callable[[], Any], *, within: float = 10.0) -> Any:
    """
    Poll until *condition* gives something that is true, and return it.
    """
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within} s"
        time.sleep(0.01)
    return found
