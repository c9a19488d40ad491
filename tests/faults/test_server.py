"""
The server restarts in the middle of a run: it finishes, or says honestly how it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from faults.own_server import Mode, OwnServer, own_server
from faults.tally import FINE, Tally, judged
from runs.holding import free
from runs.wrapped import Window
from st44_migrate import ApplyError, DatabaseUnavailable, MigrateError, Report
from st44_migrate.errors import DriverError
from st44_migrate.events import Event, MigrationApplied, NoticeReceived, RunFinished
from targets import POSTGRES, Target, applied, until, write

MODES: tuple[Mode, ...] = ("fast", "immediate")
FILES = {
    "001_log.sql": "CREATE TABLE log (at serial PRIMARY KEY, file integer);",
    "002_a.sql": "INSERT INTO log (file) VALUES (2);\nCREATE TABLE a (id integer);",
    "003_b.sql": "INSERT INTO log (file) VALUES (3);\nCREATE TABLE b (id integer);",
}
SLEEPS = {
    "transaction": "INSERT INTO log (file) VALUES (3);\n"
    "SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT 1 FROM go_on);",
    "stepwise": "CREATE INDEX CONCURRENTLY i ON log (file);\n"
    "INSERT INTO log (file) VALUES (3);\n"
    "SELECT pg_sleep(60) WHERE NOT EXISTS (SELECT 1 FROM go_on);",
}


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as made:
        yield made


@pytest.fixture(params=POSTGRES)
def target(request: pytest.FixtureRequest, server: OwnServer) -> Target:
    made = Target(request.param, server.url)
    made.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return made


def once(do: Callable[[], None], marker: str) -> Callable[[str], None]:
    """
    Make a hook that does something at the first exchange with *marker* in it.
    """
    left = [do]

    def hook(text: str) -> None:
        if marker in text and left:
            left.pop()()

    return hook


def complete(target: Target, folder: Path, numbers: list[int], tally: Tally) -> None:
    """
    Run plainly, and see that each file took effect once.
    """
    try:
        stuck = bool(target.apply(folder).pending)
    except MigrateError:
        stuck = True
    logged = [number for (number,) in target.query("SELECT file FROM log")]
    judgement = judged(numbers, logged, stuck=stuck)
    tally.count("PostgreSQL: server restarted in the middle of a run", [judgement])
    assert judgement == FINE
    assert target.query("SELECT file FROM log ORDER BY at") == [(n,) for n in numbers]
    assert target.versions() == ["001", "002", "003"]
    assert set(target.journal().values()) == {"applied"}
    until(lambda: free(target))


@pytest.mark.parametrize("mode", MODES)
def test_a_restart_between_two_files(
    server: OwnServer, target: Target, folder: Path, mode: Mode, tally: Tally
) -> None:
    """The next file meets a dead session, and is not there: said so, and a plain run finishes."""
    write(folder, FILES)
    # The first file has a message of its own, the other two are in the next one.
    window = Window(before=once(lambda: server.restart(mode), "CREATE TABLE a"))
    with pytest.raises(ApplyError) as caught:
        target.apply(folder, database=window.on(target))
    assert "002_a.sql" in caught.value.happened
    assert "rolled back whole" in caught.value.unchanged
    assert applied(caught.value.report) == ["001"]
    complete(target, folder, [2, 3], tally)


@pytest.mark.parametrize("mode", MODES)
def test_a_restart_behind_a_commit_is_survived(
    server: OwnServer, target: Target, folder: Path, mode: Mode, tally: Tally
) -> None:
    """The answer is lost, the server comes back: the run looks, finds its record and goes on."""

    def vanish() -> None:
        server.restart(mode)
        raise DriverError("the answer never came", lost=True)

    write(folder, FILES)
    window = Window(after=once(vanish, "CREATE TABLE a"))
    report = target.apply(folder, database=window.on(target))
    assert applied(report) == ["001", "002", "003"]
    assert [e.migration.label for e in target.saw(MigrationApplied)] == ["001", "002", "003"]
    assert len(target.saw(RunFinished)) == 1
    complete(target, folder, [2, 3], tally)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", SLEEPS)
def test_a_restart_under_a_statement(
    server: OwnServer, target: Target, folder: Path, kind: str, mode: Mode, tally: Tally
) -> None:
    """The error names the file and what stays of it; once it can, a plain run does the rest."""
    target.execute("CREATE TABLE go_on (id integer)")
    write(folder, FILES | {"003_b.sql": SLEEPS[kind]})
    asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with ThreadPoolExecutor(1) as pool:
        running: Future[Report] = pool.submit(target.apply, folder)
        until(lambda: target.query(asleep), within=30)
        server.restart(mode)
        error = running.exception(45)
    assert isinstance(error, ApplyError)
    assert applied(error.report) == target.versions()
    if applied(error.report) == ["001"]:
        # The second had not reached the disk: it was in one message with the third.
        assert (mode, kind) == ("immediate", "transaction")
    else:
        assert "003_b.sql" in error.happened
        assert target.versions() == ["001", "002"]
        stays = [(2,)] if kind == "transaction" else [(2,), (3,)]
        assert target.query("SELECT file FROM log ORDER BY at") == stays
        expected = "rolled back whole" if kind == "transaction" else "has to be looked up"
        assert expected in error.unchanged
    target.execute("INSERT INTO go_on VALUES (1)")
    complete(target, folder, [2, 3], tally)


def test_what_a_crash_has_lost_is_not_reported(
    server: OwnServer, target: Target, folder: Path, tally: Tally
) -> None:
    """Files that were told of, and whose commit had not reached the disk yet."""
    target.execute("CREATE TABLE go_on (id integer)")
    # Else it is a matter of luck what has been written by then.
    target.execute("ALTER SYSTEM SET wal_writer_delay = '10s'", "SELECT pg_reload_conf()")
    talks = "DO $$ BEGIN RAISE NOTICE 'now'; END $$;\n"
    files = {"001_log.sql": "CREATE TABLE log (at serial PRIMARY KEY, file integer);"} | {
        f"{n:03}_more.sql": f"INSERT INTO log (file) VALUES ({n});" for n in range(2, 24)
    }
    files["024_last.sql"] = talks + SLEEPS["transaction"].replace("(3)", "(24)")
    asked: list[int] = []

    def crash(event: Event) -> None:
        target.events.append(event)
        if isinstance(event, NoticeReceived) and event.message == "now":
            asked.append(len(target.saw(MigrationApplied)))
            server.restart("immediate")

    try:
        with pytest.raises(ApplyError) as caught:
            target.apply(write(folder, files), observer=crash)
    finally:
        target.execute("ALTER SYSTEM RESET wal_writer_delay", "SELECT pg_reload_conf()")
    assert applied(caught.value.report) == target.versions()
    told = [event for event in target.saw(NoticeReceived) if "lost again" in event.message]
    assert asked == [len(target.versions()) + len(told)]
    assert told
    assert [(int(v),) for v in target.versions()[1:]] == target.query(
        "SELECT file FROM log ORDER BY at"
    )
    target.execute("INSERT INTO go_on VALUES (1)")
    target.apply(folder)
    logged = [number for (number,) in target.query("SELECT file FROM log ORDER BY at")]
    judgement = judged(list(range(2, 25)), logged, stuck=False)
    tally.count("PostgreSQL: server restarted in the middle of a run", [judgement])
    assert judgement == FINE


def test_a_server_that_goes_and_stays_away(
    server: OwnServer, target: Target, folder: Path, tally: Tally
) -> None:
    """Nobody is there before the run writes anything: unavailable, and nothing is claimed."""
    write(folder, FILES)
    window = Window(before=once(lambda: server.stop("fast"), "pg_try_advisory_lock"))
    try:
        with pytest.raises(DatabaseUnavailable) as caught:
            target.apply(folder, database=window.on(target))
    finally:
        server.start()
    assert isinstance(caught.value, MigrateError)
    assert caught.value.transient
    with psycopg.connect(server.url) as conn:
        assert conn.execute("SELECT to_regclass('schema_migrations')").fetchone() == (None,)
    complete(target, folder, [2, 3], tally)
