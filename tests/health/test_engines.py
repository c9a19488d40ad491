"""
Probes on an engine of the app's: one connection of its pool for a moment, within the
deadline.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from drivers.engines import ONE, async_engine_on, engine_on, url_of
from health.probing import COLOURS, TABLES, household, probing
from st44_migrate import HealthProbe, Memory, migrate
from st44_migrate.health import NotCurrent, require_current
from targets import Target, until

colours = pytest.mark.parametrize("colour", COLOURS)


def lend(colour: str, **options: Any) -> Callable[[str], Any]:
    """
    Say which engine is lent on a URL.
    """

    def engine(url: str) -> Any:
        if colour == "blocking":
            return engine_on(url_of(url), **options)
        return async_engine_on(url_of(url).replace("sqlite:", "sqlite+aiosqlite:"), **options)

    return engine


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest) -> Target:
    """
    Give a database with the household applied.
    """
    if request.param == "postgresql":
        target = Target("psycopg", request.getfixturevalue("pg_url"))
    else:
        target = Target("sqlite3", f"sqlite:///{request.getfixturevalue('sqlite_path')}")
    target.apply(household())
    return target


@colours
def test_the_only_connection_is_lent_for_a_moment(colour: str, database: Target) -> None:
    """What is there is seen, again and again, and the pool has its connection back."""
    with probing(
        colour,
        database.url,
        household(),
        tables=TABLES,
        lend=lend(colour, **ONE),
        ttl=0,
        deadline=5,
    ) as asked:
        for _ in range(5):
            assert asked.check().status == "healthy"
            assert asked.lent.pool.checkedout() == 0
        assert {report.status for report in asked.burst(20)} == {"healthy"}
        database.execute("DROP TABLE tasks")
        assert asked.check().status == "degraded"
        until(lambda: asked.lent.pool.checkedout() == 0)


@colours
def test_an_exhausted_pool_of_an_engine(colour: str, database: Target) -> None:
    """Whatever patience the pool has, the answer is there in time, and true afterwards."""
    options = ONE | {"pool_timeout": 30}
    with probing(
        colour, database.url, household(), lend=lend(colour, **options), deadline=1.0, ttl=0
    ) as asked:
        assert asked.check().status == "healthy"
        conn = asked.lent.connect()
        if asked.loop is not None:

            async def start() -> None:
                await conn

            asked.loop.run(start())
        for _ in range(3):
            report = asked.check()
            assert (report.status, report.connected) == ("unhealthy", False)
            assert report.error in {"Connection pool timeout", "Connection timeout"}
        asked.await_(conn.close())
        until(lambda: asked.check().status == "healthy", within=40)
        until(lambda: asked.latest().cached and asked.lent.pool.checkedout() == 0)


@colours
def test_a_session_that_was_killed_in_the_pool(colour: str, pg_url: str) -> None:
    """No false alarm: the pool gives another."""
    target = Target("psycopg", pg_url)
    target.apply(household())
    with probing(
        colour, pg_url, household(), lend=lend(colour, **ONE), deadline=10.0, ttl=0
    ) as asked:
        assert asked.check().status == "healthy"
        target.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert asked.check().status == "healthy"


def test_a_database_in_memory_is_looked_at_where_it_is() -> None:
    """Each thread has its own there: the one who asks looks."""
    with engine_on("sqlite://") as engine:
        migrate(engine, household())
        with HealthProbe(engine, household(), tables=TABLES, ttl=0) as probe:
            assert probe.check().status == "healthy"


def test_require_current_takes_an_engine(database: Target) -> None:
    """It refuses to start on a database that is behind, and leaves the pool alone."""
    with engine_on(url_of(database.url), **ONE) as engine:
        require_current(engine, household())
        more = Memory({"099_more.sql": "SELECT 1;"})
        with pytest.raises(NotCurrent):
            require_current(engine, more)
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
