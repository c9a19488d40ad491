"""
What the laws of a driver are about: a driver, its sessions and a table of theirs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from ..errors import DriverError
from ..protocols import AsyncConnection, AsyncDriver

__all__ = [
    "SLOW",
    "TWICE",
    "WRONG",
    "Law",
    "Laws",
    "Subject",
    "disturb",
    "failure",
    "insert",
    "keys",
]

SLOW = {
    "postgresql": "SELECT pg_sleep(60)",
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT count(*) FROM n",
    "mariadb": "SELECT count(*) FROM seq_1_to_1000000 AS a, seq_1_to_1000000 AS b",
}
"""For each dialect, a statement that runs until it is stopped."""

WRONG = "INSERT INTOO st44_contract VALUES (9, 'never')"
TWICE = "INSERT INTO st44_contract VALUES (0, 'the key is taken')"


class Subject:
    """
    A driver under test, and the notices its sessions have received.

    *defers*: its database has constraints that are checked at COMMIT.
    """

    def __init__(self, driver: AsyncDriver, *, defers: bool = True) -> None:
        self.driver = driver
        self.defers = defers
        self.notices: list[tuple[str, str, str | None, str | None]] = []

    async def connect(self, *, readonly: bool = False) -> AsyncConnection:
        """
        Open a session.
        """
        return await self.driver.connect(timeout=10.0, readonly=readonly, notice=self._note)

    def _note(self, severity: str, message: str, detail: str | None, hint: str | None) -> None:
        self.notices.append((severity, message, detail, hint))

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncConnection]:
        """
        Open a session with a fresh table ``st44_contract (id, body)``, row 0 in it.
        """
        conn = await self.connect()
        try:
            await conn.run(["DROP TABLE IF EXISTS st44_contract"])
            text = "text"
            if conn.dialect == "mariadb":
                # There a text ends at 64 KB, and a backslash means something in it.
                text = "longtext"
                await conn.run(["SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"])
            await conn.run([f"CREATE TABLE st44_contract (id integer PRIMARY KEY, body {text})"])
            await conn.run([insert(0)])
            self.notices.clear()
            yield conn
        finally:
            await conn.close()


Law: TypeAlias = Callable[[Subject], Awaitable[None]]


class Laws(list[Law]):
    """
    The laws of a module, in the order they are written.
    """

    def add(self, law: Law) -> Law:
        """
        Take *law* in; a decorator, so that none is written and then forgotten.
        """
        self.append(law)
        return law


def insert(key: int, body: str = "row") -> str:
    """
    Write the INSERT of one row.
    """
    quoted = body.replace("'", "''")
    return f"INSERT INTO st44_contract VALUES ({key}, '{quoted}')"


async def keys(conn: AsyncConnection) -> list[int]:
    """
    Fetch the ids that are in the table.
    """
    return [row[0] for row in await conn.fetch("SELECT id FROM st44_contract ORDER BY id")]


async def failure(call: Awaitable[object]) -> DriverError:
    """
    Await what must fail, and return its error.
    """
    try:
        await call
    except DriverError as error:
        return error
    raise AssertionError("no DriverError was raised")


async def disturb(subject: Subject) -> None:
    """
    Do to a session what a run may do, end in a failed transaction, and close it.
    """
    async with subject.session() as conn:
        if conn.dialect == "sqlite":
            await conn.run(["PRAGMA foreign_keys = OFF", "PRAGMA busy_timeout = 77"])
        await conn.fetch("SELECT body FROM st44_contract")
        await conn.run(["BEGIN", insert(1), "COMMIT"])
        await failure(conn.run(["BEGIN", insert(2), TWICE]))
