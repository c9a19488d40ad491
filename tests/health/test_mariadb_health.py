"""
Health on MariaDB: healthy, behind, a table that is gone, a runner at work.
"""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import Any

import pytest

from mariadb_server import connect
from st44_migrate import HealthReport, LedgerName, Memory
from st44_migrate.health import AsyncHealthProbe, HealthProbe
from st44_migrate.locks import lock_key
from targets import MARIADB, Target

FILES = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "INSERT INTO a VALUES (1);"}


@pytest.fixture(params=MARIADB)
def maria(request: pytest.FixtureRequest, mariadb_url: str) -> Target:
    """
    Give an empty MariaDB database, once for each colour.
    """
    return Target(request.param, mariadb_url)


def reports(target: Target, *between: str) -> list[HealthReport]:
    """
    Ask one probe before and after each of the statements *between*.
    """
    choices: dict[str, Any] = {"tables": ["a"], "ttl": 0.0, "deadline": 20.0}
    if not target.is_async:
        with HealthProbe(target.url, Memory(FILES), **choices) as probe:
            seen = [probe.check()]
            for sql in between:
                target.execute(sql)
                seen.append(probe.check())
            return seen

    async def ask() -> list[HealthReport]:
        async with AsyncHealthProbe(target.url, Memory(FILES), **choices) as probe:
            seen = [await probe.check()]
            for sql in between:
                target.execute(sql)
                seen.append(await probe.check())
            return seen

    return asyncio.run(ask())


def test_a_database_that_has_it_all_is_healthy(maria: Target) -> None:
    maria.apply(Memory(FILES))
    assert [report.status for report in reports(maria, "SELECT 1")] == ["healthy", "healthy"]


def test_a_database_behind_says_so(maria: Target) -> None:
    (report,) = reports(maria)
    assert (report.status, report.pending) == ("degraded", ("001", "002"))
    maria.apply(Memory({"001_a.sql": FILES["001_a.sql"]}))
    first, second = reports(maria, "DELETE FROM schema_migrations")
    assert (first.pending, second.pending) == (("002",), ("001", "002"))


def test_a_table_that_is_gone_is_seen(maria: Target) -> None:
    maria.apply(Memory(FILES))
    before, after = reports(maria, "DROP TABLE a")
    assert (before.status, after.status) == ("healthy", "degraded")
    assert after.tables is not None
    assert [table.exists for table in after.tables] == [False]


def test_a_ledger_that_is_gone_is_seen(maria: Target) -> None:
    maria.apply(Memory(FILES))
    before, after = reports(maria, "DROP TABLE schema_migrations")
    assert (before.status, after.status) == ("healthy", "unhealthy")


def test_a_runner_at_work_is_seen(maria: Target) -> None:
    maria.apply(Memory({"001_a.sql": FILES["001_a.sql"]}))
    ((name,),) = maria.query("SELECT DATABASE()")
    key = lock_key(LedgerName("schema_migrations"), name)
    with closing(connect(maria.url)) as conn, conn.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('st44-migrate:{key}', 0)")
        cursor.execute("SELECT CONNECTION_ID()")
        ((pid,),) = cursor.fetchall()
        (report,) = reports(maria)
    assert report.holder is not None
    assert report.holder.pid == pid
