"""
A driver of one's own: DuckDB, a database that st44-migrate does not know.

Started as a program it migrates a file: ``python duckdb_driver.py shop.duckdb``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from st44_migrate import DatabaseUnavailable, Memory, migrate
from st44_migrate.dialects import Standard, Types
from st44_migrate.errors import DriverError
from st44_migrate.protocols import Heard, Notice, Row

FILES = {
    "001_orders.sql": "CREATE TABLE orders (id integer PRIMARY KEY, total decimal(9, 2));",
    "002_first.sql": "INSERT INTO orders VALUES (1, 9.50);",
}

# DuckDB has no SQLSTATEs: what the engine has to know is told by its words.
STATES = {
    "does not exist": "42P01",
    "already exists": "42P07",
    "duplicate key": "23505",
    "scalar subqueries can only return": "21000",
    "conflict on": "40001",
    "failed to commit": "40001",
    "interrupt": "57014",
}


class DuckDB(Standard):
    name = "duckdb"
    types = Types("timestamptz", "timestamptz NOT NULL DEFAULT current_timestamp")


class DuckDBConnection:
    dialect = "duckdb"
    backend_pid = None
    borrowed = False

    def __init__(self, conn: duckdb.DuckDBPyConnection) -> None:
        self.conn = conn

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        tags = []
        for index, sql in enumerate(statements):
            rows, tag = self.execute(sql, index), sql.split(maxsplit=1)[0].upper()
            tags.append(tag)
            if heard is not None:
                # Of an INSERT, DuckDB gives the number of rows.
                heard(tag, rows[0][0] if rows and tag in {"SELECT", "WITH"} else None)
        return tags

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        del within  # A file answers at once.
        return self.execute(sql, None)

    def execute(self, sql: str, index: int | None) -> Sequence[Row]:
        try:
            return self.conn.execute(sql).fetchall()
        except (duckdb.Error, RuntimeError) as error:
            said = str(error)
            state = next((code for words, code in STATES.items() if words in said.lower()), None)
            lost = isinstance(error, duckdb.ConnectionException)
            message = said.partition("\n")[0]
            state = state or type(error).__name__
            raise DriverError(message, index=index, sqlstate=state, lost=lost) from error

    def cancel(self) -> None:
        self.conn.interrupt()

    def close(self) -> None:
        with suppress(duckdb.Error):
            self.conn.close()


class DuckDBDriver:
    dialect = "duckdb"
    grammar = DuckDB()

    def __init__(self, url: str) -> None:
        self.path = Path(url.removeprefix("duckdb:///"))

    def describe(self) -> str:
        return f"duckdb:///{self.path}"

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> DuckDBConnection:
        del timeout, notice
        if readonly and not self.path.exists():
            raise DatabaseUnavailable(f"{self.path} does not exist", transient=False)
        try:
            return DuckDBConnection(duckdb.connect(self.path))
        except duckdb.IOException as error:
            # One process at a time may have the file.
            locked = "lock" in str(error)
            raise DatabaseUnavailable(
                f"{self.path} cannot be opened: {error}", transient=locked
            ) from error


if __name__ == "__main__":
    report = migrate(DuckDBDriver(f"duckdb:///{sys.argv[1]}"), Memory(FILES))
    print(
        f"{len(report.applied)} applied, {report.skipped} had been: {report.latest} is the latest"
    )
