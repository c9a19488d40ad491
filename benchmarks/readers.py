"""
What readers feel while a table is altered under them.

A number of sessions read one table about a hundred times a second.  Others hold
it meanwhile: one transaction that stays open and idle for seconds, or twelve
short ones that always overlap.  Then ``ALTER TABLE ... ADD COLUMN`` is run on it,
once by `migrate` and once by hand, without ``lock_timeout``.  The table that is
printed has the longest time that any reader waited for its row.  The lines
"nothing" show what the machine itself costs: no ALTER is run there.

    python benchmarks/readers.py
    python benchmarks/readers.py --url postgresql://localhost/postgres --readers 16
"""

from __future__ import annotations

import argparse
import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import psycopg

from st44_migrate import Memory, migrate
from st44_migrate.events import Event, MigrationRetried
from st44_migrate.testing.servers import PostgresServer, postgres_server

PERIOD = 0.01
"""Seconds from the begin of one read to the begin of the next."""

SHORT = (0.15, 0.45)
"""How long the overlapping transactions last, in seconds."""

OVERLAPPING = 12

ALTER = "ALTER TABLE busy ADD COLUMN extra integer"


@dataclass(frozen=True)
class Row:
    """
    A line of the table.  *longest*, *stalled* and *done* are in seconds;
    *stalled* sums up, over all readers, the waits of more than 50 ms.
    """

    traffic: str
    way: str
    longest: float
    stalled: float
    reads: int
    done: float
    attempts: int


# --- who reads ----------------------------------------------------------------


def read(url: str, ready: threading.Barrier, stop: threading.Event) -> list[float]:
    """
    Read one row again and again, and list how long each answer took.
    """
    waits = []
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as conn:
        ready.wait()
        while not stop.is_set():
            began = perf_counter()
            conn.execute("SELECT n FROM busy WHERE id = 1").fetchone()
            waits.append(perf_counter() - began)
            stop.wait(max(0.0, PERIOD - waits[-1]))
    return waits


# --- who is in the way --------------------------------------------------------


@contextmanager
def idle(url: str, seconds: float) -> Iterator[threading.Event]:
    """
    Keep one transaction open on the table; gives an event: it has ended.
    """
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with psycopg.connect(url) as conn:
            conn.execute("SELECT n FROM busy")
            held.set()
            ended.wait(seconds)
        ended.set()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        held.wait(10)
        yield ended
        holding.result()


@contextmanager
def overlapping(url: str, seconds: float) -> Iterator[threading.Event]:
    """
    Keep the table in use by short transactions that always overlap; gives an
    event that comes true after *seconds*.
    """
    begun, stop, ended = threading.Barrier(OVERLAPPING + 1), threading.Event(), threading.Event()

    def work(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(url) as conn:
            conn.execute("SELECT n FROM busy")
            begun.wait()
            while not stop.wait(chance.uniform(*SHORT)):
                conn.commit()
                conn.execute("SELECT n FROM busy")

    timer = threading.Timer(seconds, ended.set)
    with ThreadPoolExecutor(OVERLAPPING) as pool:
        working = [pool.submit(work, seed) for seed in range(OVERLAPPING)]
        begun.wait()
        timer.start()
        try:
            yield ended
        finally:
            timer.cancel()
            stop.set()
        for worker in working:
            worker.result()


# --- who alters ---------------------------------------------------------------


def by_us(url: str, ended: threading.Event) -> int:
    """
    Run the file with the library's own settings; returns the attempts it took.
    """
    del ended
    retries: list[Event] = []

    def observe(event: Event) -> None:
        if isinstance(event, MigrationRetried):
            retries.append(event)

    migrate(url, Memory({"001_extra.sql": f"{ALTER};\n"}), observer=observe)
    return len(retries) + 1


def by_hand(url: str, ended: threading.Event) -> int:
    """
    Run the statement as it is, and wait for its lock as long as it takes.
    """
    del ended
    with psycopg.connect(url) as conn:
        conn.execute("SET lock_timeout = 0")
        conn.execute(ALTER)
    return 1


def by_nobody(url: str, ended: threading.Event) -> int:
    """
    Let the others go on by themselves.
    """
    del url
    ended.wait()
    return 0


# --- the table ----------------------------------------------------------------

Traffic = Callable[[str], AbstractContextManager[threading.Event]]
WAYS = {"nothing": by_nobody, "st44-migrate": by_us, "no lock_timeout": by_hand}


def measure(server: PostgresServer, label: str, traffic: Traffic, way: str, readers: int) -> Row:
    """
    Alter a table in a database of its own, in one of the ways, under one traffic.
    """
    ready, stop = threading.Barrier(readers + 1), threading.Event()
    with ExitStack() as stack:
        url = stack.enter_context(server.database())
        with psycopg.connect(url) as conn:
            conn.execute("CREATE TABLE busy (id integer PRIMARY KEY, n integer)")
            conn.execute("INSERT INTO busy SELECT i, i FROM generate_series(1, 1000) AS i")
        pool = stack.enter_context(ThreadPoolExecutor(readers))
        stack.callback(stop.set)
        reading: list[Future[list[float]]] = [
            pool.submit(read, url, ready, stop) for _ in range(readers)
        ]
        with traffic(url) as ended:
            ready.wait()
            began = perf_counter()
            attempts = WAYS[way](url, ended)
            done = perf_counter() - began
        stop.set()
        waits = [wait for reader in reading for wait in reader.result()]
    stalled = sum(wait for wait in waits if wait > 0.05)
    return Row(label, way, max(waits), stalled, len(waits), done, attempts)


def table(rows: list[Row]) -> str:
    """
    Write the table, in milliseconds for people and seconds for the ALTER.
    """
    head = ("held by", "altered by", "longest wait", "waits > 50 ms", "reads", "after", "attempts")
    lines = [head] + [
        (
            row.traffic,
            row.way,
            f"{row.longest * 1000:.0f} ms",
            f"{row.stalled:.2f} s",
            str(row.reads),
            f"{row.done:.2f} s",
            str(row.attempts),
        )
        for row in rows
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if at < 2 else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--url", help="a server to create databases on; else one is started")
    parser.add_argument("--readers", type=int, default=8, help="sessions that read (default: 8)")
    parser.add_argument(
        "--hold", type=float, default=5.0, help="seconds of the idle transaction (default: 5)"
    )
    options = parser.parse_args()
    traffics = {
        f"one, idle for {options.hold:g} s": partial(idle, seconds=options.hold),
        f"{OVERLAPPING} that overlap": partial(overlapping, seconds=min(2.0, options.hold)),
    }
    with ExitStack() as stack:
        server = (
            PostgresServer(options.url, "url")
            if options.url
            else stack.enter_context(postgres_server())
        )
        rows = [
            measure(server, label, traffic, way, options.readers)
            for label, traffic in traffics.items()
            for way in WAYS
        ]
    print(table(rows))


if __name__ == "__main__":
    main()
