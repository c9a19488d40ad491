"""
Ctrl-C and cancelled tasks (R11): the server stops, the lock is free, nothing is half done.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from runs.conftest import empty
from runs.holding import free, holding
from runs.wrapped import Window
from st44_migrate import AsyncMigrator
from st44_migrate.events import LockWaited
from targets import Target, until, write

FILES = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}


class Stop(BaseException):
    """What Ctrl-C is: not an Exception."""


def stop_at(moment: str, text: str) -> None:
    if moment in text:
        raise Stop


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_lock_is_free_after_an_interruption(pg: Target, folder: Path, when: str) -> None:
    """An interruption at any exchange goes through, and leaves no lock, session or half a file."""
    kept = {
        "before": {"CREATE TABLE b": {"a"}},
        "after": {"CREATE TABLE a": {"a"}, "CREATE TABLE b": {"a", "b"}},
    }
    for moment in ("pg_try_advisory_lock", "CREATE TABLE a", "CREATE TABLE b", "FULL JOIN"):
        empty(pg).apply(write(folder, {"000_first.sql": "SELECT 1;"}))
        write(folder, {"000_first.sql": "SELECT 1;", **FILES})
        hook = partial(stop_at, moment)
        window = Window(before=hook) if when == "before" else Window(after=hook)
        with pytest.raises(Stop):
            pg.apply(folder, database=window.on(pg))
        until(lambda: free(pg))
        expected = kept[when].get(moment, set())
        assert pg.tables() == expected
        assert len(pg.apply(folder).applied) == 2 - len(expected)


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("CREATE TABLE c (id int);\nSELECT pg_sleep(60);", "c"),
        (
            "CREATE TABLE c (id int);\nCREATE INDEX CONCURRENTLY ON c (id);\nSELECT pg_sleep(60);",
            None,
        ),
    ],
    ids=["transaction", "stepwise"],
)
def test_a_cancelled_task_stops_the_server(
    pg_url: str, folder: Path, sql: str, seen: str | None
) -> None:
    """The server's query is gone within a second, the file is rolled back, the lock is free."""
    target = Target("psycopg-async", pg_url)
    write(folder, {**FILES, "003_slow.sql": sql})
    sleeping = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event = 'PgSleep'"
    )

    async def main() -> float:
        task = asyncio.create_task(AsyncMigrator(pg_url, folder).apply())
        await asyncio.to_thread(until, lambda: target.query(sleeping) == [(1,)])
        loop = asyncio.get_running_loop()
        began = loop.time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.shield(task), 10)
        return loop.time() - began

    assert asyncio.run(asyncio.wait_for(main(), 30)) < 1
    assert target.query(sleeping) == [(0,)]
    until(lambda: free(target))
    assert target.versions() == ["001", "002"]
    assert target.tables() == ({"a", "b"} if seen else {"a", "b", "c"})


def test_a_cancelled_wait_for_the_lock_leaves_nothing(pg_url: str, folder: Path) -> None:
    """Cancelling while another holds the lock ends at once."""
    target = Target("psycopg-async", pg_url)
    write(folder, FILES)

    async def main() -> None:
        migrator = AsyncMigrator(pg_url, folder, observer=target.events.append)
        task = asyncio.create_task(migrator.apply())
        await asyncio.to_thread(until, lambda: target.saw(LockWaited))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with holding(target):
        asyncio.run(asyncio.wait_for(main(), 10))
    until(lambda: free(target))
    assert target.tables() == set()
