"""
What a warm check costs against ``SELECT 1`` on the same connection.

A probe with a session of its own looks at a database again and again (``ttl=0``),
six critical tables among what it looks at; ``SELECT 1`` is asked in turns with
it, in the same session: as psycopg does it, ``execute(...).fetchone()``, and as
the probe's driver does, ``fetch``.  The table has the median of each in
microseconds, and what a check is in units of psycopg's ``SELECT 1``.

    python benchmarks/health.py
    python benchmarks/health.py --url postgresql://localhost/postgres --files 8 300
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from statistics import median
from time import perf_counter
from typing import Any

from st44_migrate import HealthProbe, Memory, migrate
from st44_migrate.drivers.psycopg import PsycopgConnection, PsycopgDriver
from st44_migrate.testing.servers import PostgresServer, postgres_server

TABLES = tuple(f"t{number}" for number in range(6))

STATES = ("current", "behind")


class Known(PsycopgDriver):
    """
    A driver whose session can be used beside the probe.
    """

    session: PsycopgConnection

    def connect(self, **choices: Any) -> PsycopgConnection:
        self.session = super().connect(**choices)
        return self.session


@dataclass(frozen=True)
class Row:
    """
    A line of the table.  The times are in seconds.
    """

    files: int
    state: str
    psycopg: float
    driver: float
    check: float


def measure(url: str, files: int, state: str, rounds: int) -> Row:
    """
    Apply a folder, all of it or all but its last file, and look.
    """
    folder = {f"{n:04}_create_t{n}.sql": f"CREATE TABLE t{n} (id int);" for n in range(files)}
    applied = folder if state == "current" else dict(list(folder.items())[:-1])
    migrate(url, Memory(applied))
    driver = Known(url)
    with HealthProbe(driver, Memory(folder), tables=TABLES, ttl=0) as probe:
        for _ in range(10):
            assert probe.check().relation == state
        raw = driver.session._conn  # noqa: SLF001 -- the very same connection
        ways: tuple[Callable[[], object], ...] = (
            lambda: raw.execute("SELECT 1").fetchone(),
            lambda: driver.session.fetch("SELECT 1"),
            probe.check,
        )
        taken: list[list[float]] = [[] for _ in ways]
        for _ in range(rounds):
            for way, times in zip(ways, taken, strict=True):
                began = perf_counter()
                way()
                times.append(perf_counter() - began)
        assert probe.check().relation == state
    return Row(files, state, *map(median, taken))


def table(rows: list[Row]) -> str:
    """
    Write the table.
    """
    lines = [("files", "state", "psycopg us", "driver us", "check us", "check / psycopg")] + [
        (
            str(row.files),
            row.state,
            f"{row.psycopg * 1e6:.0f}",
            f"{row.driver * 1e6:.0f}",
            f"{row.check * 1e6:.0f}",
            f"{row.check / row.psycopg:.2f}",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--url", help="a server to create databases on; else one is started")
    parser.add_argument("--files", type=int, nargs="+", default=[8, 300], help="(default: 8 300)")
    parser.add_argument("--rounds", type=int, default=3000, help="(default: 3000)")
    options = parser.parse_args()
    rows: list[Row] = []
    with ExitStack() as stack:
        server = (
            PostgresServer(options.url, "url")
            if options.url
            else stack.enter_context(postgres_server())
        )
        for files, state in product(options.files, STATES):
            with server.database() as url:
                rows.append(measure(url, files, state, options.rounds))
    print(table(rows))


if __name__ == "__main__":
    main()
