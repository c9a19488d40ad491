"""
Sessions that the server ends, at any exchange and at any statement: the next run
completes it, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from faults.tally import FINE, Outcome, Tally, judged
from runs.conftest import empty
from runs.wrapped import Window
from st44_migrate import MigrateError
from st44_migrate.errors import DriverError
from targets import POSTGRES, Target, until, write

FILES = {
    "001_t.sql": "CREATE TABLE t (id serial, n int);\nINSERT INTO t (n) VALUES (1);",
    "002_steps.sql": "CREATE INDEX CONCURRENTLY one ON t (n);\nINSERT INTO t (n) VALUES (2);\n"
    "BEGIN;\nINSERT INTO t (n) VALUES (3);\nCREATE TABLE u (id int);\nCOMMIT;\n"
    "DROP INDEX CONCURRENTLY one;\nCREATE INDEX CONCURRENTLY IF NOT EXISTS two ON t (n);",
    "003_last.sql": "INSERT INTO t (n) SELECT max(n) + 1 FROM t;",
}
EFFECTS = [
    *(("row", f"{place} is {place}") for place in (1, 2, 3, 4)),
    ("index", "two true"),
    ("table", "u"),
    *(("ledger", version) for version in ("001", "002", "003")),
    *(("journal", f"{version} applied, certain") for version in (1, 2, 3)),
]
SEEN = """
SELECT 'row', row_number() OVER (ORDER BY id) || ' is ' || n FROM t
UNION ALL SELECT 'index', indexrelid::regclass || ' ' || indisvalid::text FROM pg_index
           WHERE indrelid = 't'::regclass
UNION ALL SELECT 'table', tablename FROM pg_tables WHERE tablename = 'u'
UNION ALL SELECT 'ledger', version FROM schema_migrations
UNION ALL SELECT 'journal', version || ' ' || state || CASE WHEN in_doubt OR error IS NOT NULL
            THEN ', in doubt' ELSE ', certain' END FROM schema_migrations_journal"""
LOCKED = (
    "SELECT pid FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
END = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE application_name = 'st44-migrate' AND datname = current_database()"
)


class Stop(BaseException):
    """What Ctrl-C is: not an Exception."""


def stop(target: Target) -> None:
    del target
    raise Stop


def end(target: Target) -> None:
    target.query(END)


def end_unheard(target: Target) -> None:
    target.query(END)
    raise DriverError("the answer never came", lost=True)


def nth(number: int, do: Callable[[], None]) -> Callable[[str], None]:
    """
    Make a hook that does something at one call, and remembers nothing else.
    """
    calls = 0

    def hook(text: str) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            do()

    return hook


def judge(target: Target, folder: Path, database: object) -> Outcome:
    """
    Run with the fault, then again as an operator would, until it says that all is well.
    """
    try:
        try:
            target.apply(folder, database=database)
        except (MigrateError, Stop):
            target.apply(folder)
        # A server takes a moment to notice that a session has been left, and its lock
        # with it; a run that finds nothing to do waits for no lock.
        until(lambda: not target.query(LOCKED))
        return judged(EFFECTS, target.query(SEEN))
    except (MigrateError, DriverError, psycopg.Error) as error:
        print(f"stuck: {error}")
        return Outcome(stuck=1)


@pytest.mark.parametrize(
    ("kind", "moment", "fault"),
    [
        pytest.param("psycopg", "before", stop, id="interrupted before"),
        pytest.param("psycopg", "after", stop, id="interrupted after"),
        pytest.param("psycopg", "before", end, id="ended before"),
        pytest.param("psycopg", "after", end_unheard, id="ended unheard"),
        pytest.param("psycopg-async", "before", end, id="ended before, async"),
    ],
)
def test_wherever_a_run_is_cut_off_the_next_one_completes_it(
    pg_url: str,
    folder: Path,
    tally: Tally,
    kind: str,
    moment: str,
    fault: Callable[[Target], None],
) -> None:
    """For every exchange of a run in turn: each statement took effect once, and all is recorded."""
    write(folder, FILES)
    target = Target(kind, pg_url)
    window = Window()
    target.apply(folder, database=window.on(target))
    calls = window.calls
    assert len(calls) > 20
    wrong: dict[tuple[int, str], Outcome] = {}
    outcomes = []
    for number, call in enumerate(calls, 1):
        empty(target)
        hook = nth(number, lambda: fault(target))
        broken = Window(before=hook) if moment == "before" else Window(after=hook)
        outcomes.append(judge(target, folder, broken.on(target)))
        if outcomes[-1] != FINE:
            wrong[number, call[:60]] = outcomes[-1]
    tally.count("PostgreSQL: session ended before or after each exchange", outcomes)
    assert wrong == {}


SUICIDE = "SELECT pg_terminate_backend(pg_backend_pid()) FROM fatal WHERE place = {place};"


def armed(files: dict[str, str]) -> tuple[dict[str, str], int]:
    """
    Put, before and behind each statement, one that ends the session when its turn has come.
    """
    places, made = 0, {}
    for name, text in files.items():
        lines = []
        for line in text.split(";\n"):
            lines += [SUICIDE.format(place=places), f"{line.rstrip(';')};"]
            places += 1
        made[name] = "\n".join([*lines, SUICIDE.format(place=places)])
        places += 1
    return made, places


@pytest.mark.parametrize("kind", POSTGRES)
def test_at_whatever_statement_a_session_ends_the_next_run_completes_it(
    pg_url: str, folder: Path, tally: Tally, kind: str
) -> None:
    """In the middle of a message, or of a file that commits step by step: the same."""
    target = Target(kind, pg_url)
    files, places = armed(FILES)
    write(folder, files)
    outcomes = []
    for place in range(places):
        empty(target)
        target.execute("CREATE TABLE fatal (place int)", f"INSERT INTO fatal VALUES ({place})")
        with pytest.raises(MigrateError):
            target.apply(folder)
        target.execute("DELETE FROM fatal")
        outcomes.append(judge(target, folder, target.url))
    tally.count("PostgreSQL: session ended at each statement", outcomes)
    assert outcomes == [FINE] * places
