"""
Runners killed with SIGKILL at random moments: each file took effect once, or not at all.
"""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

import pytest

from faults.forked import Stable, stable
from faults.tally import FINE, Outcome, Tally, judged
from runs.holding import free
from st44_migrate.testing.servers import PostgresServer
from targets import Target, until, write

COUNT = 30
KILLS = 50
EACH = 10
"""Kills on one database, at the most: a slow machine may never get through by itself."""

BUILDS = 20
"""The number of the file that builds an index concurrently."""

TABLES = frozenset(range(4, COUNT + 1, 3)) - {BUILDS}
COLUMNS = frozenset(range(5, COUNT + 1, 3)) - {BUILDS}


def files() -> dict[str, str]:
    """
    A log, then files that write their number into it, most of them beside DDL.
    """
    made = {"001_log.sql": "CREATE TABLE log (at serial PRIMARY KEY, file integer);"}
    for number in range(2, COUNT + 1):
        text = f"INSERT INTO log (file) VALUES ({number});"
        if number in TABLES:
            text = f"CREATE TABLE t{number} (id integer PRIMARY KEY);\n{text}"
        if number in COLUMNS:
            text = f"{text}\nALTER TABLE log ADD COLUMN c{number} integer DEFAULT {number};"
        if number == BUILDS:
            text = f"CREATE INDEX CONCURRENTLY built ON log (file);\n{text}"
        made[f"{number:03}_file.sql"] = text
    return made


def look(target: Target) -> int:
    """
    Compare ledger, log and schema; return how many files are applied.
    """
    ((ledger, log),) = target.query(
        "SELECT to_regclass('schema_migrations') IS NOT NULL, to_regclass('log') IS NOT NULL"
    )
    if not log:
        assert not ledger or target.versions() == []
        return 0
    versions = [int(version) for version in target.versions()]
    assert versions == list(range(1, len(versions) + 1))
    logged = [number for (number,) in target.query("SELECT file FROM log ORDER BY at")]
    # The file that commits step by step logs before it is recorded.
    ahead = [BUILDS] if logged[-1:] == [BUILDS] == [len(versions) + 1] else []
    assert logged == versions[1:] + ahead
    assert target.tables() == {"log", *(f"t{number}" for number in TABLES & set(versions))}
    columns = target.query(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'log'::regclass AND attname ~ '^c[0-9]'"
    )
    assert {name for (name,) in columns} == {f"c{number}" for number in COLUMNS & set(versions)}
    return len(versions)


def finish(runners: Stable, url: str, folder: Path) -> tuple[Outcome, float]:
    """
    Run as an operator would, to the end; judge what is there, and return the
    seconds that it took.
    """
    (ended,) = runners.run(url, folder)
    target = Target("psycopg", url)
    until(lambda: free(target), within=8)
    logged = [number for (number,) in target.query("SELECT file FROM log")]
    stuck = (ended.code, ended.error, ended.count, ended.pending) != (0, "", COUNT, 0)
    outcome = judged(range(2, COUNT + 1), logged, stuck=stuck)
    if outcome == FINE:
        assert look(target) == COUNT
        assert target.journal() == {str(number): "applied" for number in range(1, COUNT + 1)}
        assert target.query(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indrelid = 'log'::regclass AND NOT indisprimary"
        ) == [("built", True)]
    return outcome, ended.lived


def killed(runners: Stable, url: str, folder: Path, after: float) -> bool:
    """
    Kill a runner that many seconds after its beginning, unless it has ended by then.
    """
    (ended,) = runners.run(url, folder, kill_after=after)
    assert ended.code in {-9, 0}, ended.error
    target = Target("psycopg", url)
    until(lambda: free(target), within=8)
    applied = look(target)
    print(f"after {after:.3f} s: {applied} applied")
    return ended.code == -9


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_whenever_runners_are_killed_a_plain_run_completes(
    postgres: PostgresServer, folder: Path, tally: Tally
) -> None:
    """Fifty kills over a few databases: the lock is free in seconds, a plain run does the rest."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    write(folder, files())
    outcomes: list[Outcome] = []
    with stable() as runners:
        with postgres.database() as url:
            untouched, whole = finish(runners, url, folder)
        while len(outcomes) < KILLS:
            with postgres.database() as url:
                kills = 0
                while kills < EACH and killed(runners, url, folder, chance.uniform(0, whole)):
                    kills += 1
                outcomes += [finish(runners, url, folder)[0]] * kills
    tally.count("PostgreSQL: kill -9 at a random moment", outcomes)
    assert [untouched, *outcomes] == [FINE] * (1 + len(outcomes))
