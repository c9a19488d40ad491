"""
Migrations in the background of an application that is up already.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading

import pytest

from health.probing import household
from runs.holding import free, holding
from st44_migrate import ApplyError, AsyncMigrator, HealthProbe, Memory, Migrator, Report, Settings
from st44_migrate.health import (
    READINESS,
    AsyncBackgroundMigration,
    AsyncHealthProbe,
    BackgroundMigration,
)
from targets import Target, until

BROKEN = {"001_a.sql": "CREATE TABLE a (id integer)", "002_b.sql": "SELECT nothing FROM nowhere"}


def test_the_states_of_a_start(either: Target) -> None:
    """Degraded while it runs, not ready; healthy as soon as it has ended: no TTL hides it."""
    begin = threading.Event()
    migration = BackgroundMigration(Waiting(begin, either))
    with HealthProbe(either.url, household(), ttl=600, activity=migration.activity) as probe:
        assert probe.check().relation == "empty"
        migration.start()
        report = probe.check()
        assert (report.relation, report.status, report.http_status) == (
            "in_progress",
            "degraded",
            200,
        )
        assert probe.check(READINESS).http_status == 503
        begin.set()
        assert len(migration.wait(60).applied) == 8
        assert probe.check(READINESS).http_status == 200
        assert probe.check().relation == "current"


class Waiting:
    """
    A runner that begins when it is let.
    """

    def __init__(self, begin: threading.Event, target: Target) -> None:
        self._begin = begin
        self._runner = Migrator(target.url, household())
        self.plan = self._runner.plan

    def apply(self) -> Report:
        self._begin.wait(60)
        return self._runner.apply()


def test_a_failure_is_told_by_all(database: Target, caplog: pytest.LogCaptureFixture) -> None:
    """By `wait`, by health and by the log; the report names the file."""
    migration = BackgroundMigration(Migrator(database.url, Memory(BROKEN))).start()
    with pytest.raises(ApplyError):
        migration.wait(60)
    with HealthProbe(database.url, Memory(BROKEN), activity=migration.activity) as probe:
        report = probe.check()
    assert (report.relation, report.status) == ("behind", "degraded")
    assert report.last_failure is not None
    assert report.last_failure.version == "002"
    assert "failed" in [str(finding.code) for finding in report.findings]
    (told,) = [r for r in caplog.records if r.levelno == logging.ERROR]
    assert "the migration in the background failed" in told.getMessage()


def test_a_run_that_could_not_begin_is_a_failure(database: Target) -> None:
    """No lock, say: the file is not to blame, and still it is told."""
    with holding(database):
        runner = Migrator(database.url, household(), settings=Settings(lock_wait=0.0))
        migration = BackgroundMigration(runner).start()
        until(lambda: migration.error, within=60)
    with HealthProbe(database.url, household(), activity=migration.activity) as probe:
        report = probe.check()
    assert report.status == "degraded"
    assert "The migration that this process started failed." in [f.message for f in report.findings]


def test_once(either: Target) -> None:
    """A migration is begun once, and waited for as long as one likes."""
    begin = threading.Event()
    migration = BackgroundMigration(Waiting(begin, either))
    assert migration.activity() is None
    migration.start()
    with pytest.raises(RuntimeError, match="started already"):
        migration.start()
    with pytest.raises(TimeoutError):
        migration.wait(0)
    begin.set()
    migration.wait(60)


def test_several_workers_start_at_once(database: Target) -> None:
    """One of them works, the others wait for it; all are ready in the end."""
    workers = [
        BackgroundMigration(Migrator(database.url, household(), settings=Settings(lock_wait=60)))
        for _ in range(4)
    ]
    applied = [len(w.wait(60).applied) for w in [worker.start() for worker in workers]]
    assert sorted(applied) == [0, 0, 0, 8]
    assert database.versions() == ["000", "001", "011", "012", "013", "014", "015", "016"]


# --- async --------------------------------------------------------------------


def test_the_loop_is_free_while_it_runs(database: Target) -> None:
    """Health answers in the same loop, between two steps of a slow file."""
    slow = Memory({"001_slow.sql": "SELECT pg_sleep(600)"})

    async def live() -> list[str]:
        relations: list[str] = []
        migration = AsyncBackgroundMigration(AsyncMigrator(database.url, slow))
        probe = AsyncHealthProbe(database.url, slow, activity=migration.activity, deadline=30)
        async with migration, probe:
            relations.append((await probe.check()).relation)
        relations.append((await probe.check()).relation)
        await probe.close()
        with pytest.raises(RuntimeError, match="not run to its end"):
            await migration.wait()
        return relations

    assert asyncio.run(live()) == ["in_progress", "empty"]
    until(lambda: free(database))


def test_an_async_run_to_its_end(either: Target) -> None:
    """And one that fails."""

    async def live() -> None:
        migration = AsyncBackgroundMigration(AsyncMigrator(either.url, household())).start()
        report = await migration.wait()
        assert len(report.applied) == 8
        assert migration.report is report
        broken = Memory(
            {f"{m.label}_{m.name}.sql": m.content for m in household().load()}
            | {"017_b.sql": BROKEN["002_b.sql"]}
        )
        migration = AsyncBackgroundMigration(AsyncMigrator(either.url, broken)).start()
        with pytest.raises(ApplyError):
            await migration.wait()
        with pytest.raises(RuntimeError, match="started already"):
            migration.start()

    asyncio.run(live())


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_process_forked_meanwhile_does_not_wait_for_its_end(either: Target) -> None:
    """It has not the thread: what it sees of the database is all that it goes by."""
    begin = threading.Event()
    migration = BackgroundMigration(Waiting(begin, either)).start()
    child = os.fork()
    if not child:
        os._exit(0 if migration.activity() is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert migration.activity() is not None
    begin.set()
    migration.wait(60)
