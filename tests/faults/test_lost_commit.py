"""
The connection breaks around COMMIT: the run finds out by looking.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutting import cutting
from faults.tally import FINE, Tally, judged
from st44_migrate import ApplyError, DatabaseUnavailable, MigrateError
from st44_migrate.events import MigrationApplied, MigrationStarted
from st44_migrate.protocols import Sleep
from targets import POSTGRES, Target, applied, labels, write


@pytest.fixture(params=POSTGRES)
def target(request: pytest.FixtureRequest, pg_url: str) -> Target:
    if "host=/" not in pg_url:
        pytest.skip("the proxy speaks to a unix socket; this server has none")
    return Target(request.param, pg_url)


FILES: dict[str, str | bytes] = {
    "001_a.sql": "CREATE TABLE a (i int)",
    "002_b.sql": "CREATE TABLE b (i int); INSERT INTO b VALUES (1)",
    "003_c.sql": "CREATE TABLE c (i int)",
}
EFFECTS = [("a",), ("b",), ("c",), ("a row of b",), ("001",), ("002",), ("003",)]


def finish(target: Target, folder: Path, tally: Tally) -> None:
    """
    Run plainly, and see that each file took effect once.
    """
    try:
        stuck = bool(target.apply(folder).pending)
    except MigrateError:
        stuck = True
    rows = "SELECT 'a row of b' FROM b UNION ALL SELECT version FROM schema_migrations"
    seen = [*((name,) for name in target.tables()), *target.query(rows)]
    outcome = judged(EFFECTS, seen, stuck=stuck)
    tally.count("PostgreSQL: connection cut around COMMIT", [outcome])
    assert outcome == FINE


def test_a_swallowed_reply_is_looked_up(target: Target, tmp_path: Path, tally: Tally) -> None:
    """The file was committed, the answer lost: it counts, and the rest runs."""
    folder = write(tmp_path / "m", FILES)
    with cutting(target.url, b"CREATE TABLE b", deliver=True) as proxy:
        through = Target(target.kind, proxy.url)
        report = through.apply(folder)
        assert proxy.cuts == 1
    assert applied(report) == ["001", "002", "003"]
    finish(target, folder, tally)
    assert [e.migration.label for e in through.saw(MigrationStarted)] == ["001", "002", "003"]
    assert [e.migration.label for e in through.saw(MigrationApplied)] == ["001", "002", "003"]
    assert target.versions() == ["001", "002", "003"]


def test_a_lost_message_is_looked_up(target: Target, tmp_path: Path, tally: Tally) -> None:
    """Nothing reached the server: said so, and a re-run finishes."""
    folder = write(tmp_path / "m", FILES)
    with cutting(target.url, b"CREATE TABLE b", deliver=False) as proxy:
        with pytest.raises(ApplyError) as caught:
            Target(target.kind, proxy.url).apply(folder)
        assert proxy.cuts == 1
    assert "rolled back whole" in caught.value.unchanged
    assert applied(caught.value.report) == ["001"]
    assert target.tables() == {"a"}
    assert labels(target.plan(folder)) == ["002", "003"]
    finish(target, folder, tally)


def test_two_cuts_in_one_run_are_survived(target: Target, tmp_path: Path, tally: Tally) -> None:
    """Each is looked up for itself."""
    folder = write(tmp_path / "m", FILES)
    with cutting(target.url, b"EATE TABLE ", deliver=True, times=5) as proxy:
        # Five cuts: the creation of the ledger is one of them.
        for _ in range(3):
            try:
                Target(target.kind, proxy.url).apply(folder)
                break
            except (ApplyError, DatabaseUnavailable):
                continue
    finish(target, folder, tally)


def test_nobody_answers_any_more(target: Target, tmp_path: Path, tally: Tally) -> None:
    """Without a look nothing is claimed: the state is unknown, and named so."""
    folder = write(tmp_path / "m", FILES)
    with cutting(target.url, b"CREATE TABLE b", deliver=True) as proxy:
        through = Target(target.kind, proxy.url)

        def refuse_after_cut(event: object) -> None:
            if isinstance(event, MigrationStarted) and event.migration.label == "002":
                proxy.refuse = True

        with pytest.raises(ApplyError) as caught:
            through.apply(folder, observer=refuse_after_cut, **_impatient(through))
    assert "is not known" in caught.value.unchanged
    assert "002_b.sql" in str(caught.value)
    assert labels(target.plan(folder)) in (["003"], ["002", "003"])
    finish(target, folder, tally)


def _impatient(target: Target) -> dict[str, object]:
    """A clock that runs a thousand times faster, and a sleep that does not wait."""
    from datetime import UTC, datetime, timedelta
    from itertools import count

    ticks = count()

    def now() -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(ticks))

    def sleep(seconds: float, /) -> None:
        del seconds

    async def sleep_async(seconds: float, /) -> None:
        del seconds

    kept: Sleep = sleep
    return {"now": now, "sleep": sleep_async if target.is_async else kept}
