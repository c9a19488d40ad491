"""
Eight processes released at one moment: each file once, and every runner ends well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from faults.forked import Ended, Stable, stable
from faults.tally import FINE, Tally, judged
from runs.holding import free
from targets import Target, until, write

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

RUNNERS = 8
LOG = {
    "001_log.sql": "CREATE TABLE log (at serial PRIMARY KEY, file integer, n integer DEFAULT 0);\n"
    "INSERT INTO log (file) VALUES (1);"
}


@pytest.fixture
def database(pg_url: str) -> Target:
    return Target("psycopg", pg_url)


@pytest.fixture(scope="module")
def runners() -> Iterator[Stable]:
    with stable() as made:
        yield made


def numbered(kind: str, number: int) -> str:
    """
    Write a file that logs its number and could not run twice, or would show it.
    """
    body = {
        "ddl": f"CREATE TABLE t{number} (id integer);\n"
        f"ALTER TABLE log ADD COLUMN c{number} integer;",
        "data": f"UPDATE log SET n = n + {number};",
        "concurrently": f"CREATE INDEX CONCURRENTLY i{number} ON log (file);",
    }[kind]
    return f"{body}\nINSERT INTO log (file) VALUES ({number});"


def check(target: Target, outcomes: list[Ended], pending: Mapping[str, str], tally: Tally) -> None:
    """
    All is applied once: by what the runners say, by the log and by the ledger.
    """
    labels = [name.partition("_")[0] for name in sorted(pending)]
    logged = [f"{number:03}" for (number,) in target.query("SELECT file FROM log")]
    stuck = any(one.code for one in outcomes)
    judgement = judged({*labels, "001"}, logged, stuck=stuck)
    tally.count("PostgreSQL: eight processes start together", [judgement])
    assert judgement == FINE
    assert [(one.code, one.error) for one in outcomes] == [(0, "")] * RUNNERS
    assert sorted(label for one in outcomes for label in one.applied) == labels
    versions = target.versions()
    assert {(one.count, one.pending) for one in outcomes} == {(len(versions), 0)}
    assert target.query("SELECT file FROM log ORDER BY at") == [(int(v),) for v in versions]
    assert set(target.journal().values()) == {"applied"}
    until(lambda: free(target))


def test_an_empty_database(database: Target, runners: Stable, folder: Path, tally: Tally) -> None:
    """All want to create ledger and journal at once, and then every kind of file."""
    kinds = ("ddl", "data", "concurrently", "ddl", "concurrently", "data")
    files = {f"{n:03}_file.sql": numbered(kind, n) for n, kind in enumerate(kinds, 2)}
    write(folder, LOG | files)
    check(database, runners.run(database.url, folder, runners=RUNNERS), LOG | files, tally)


@pytest.mark.parametrize("kind", ["ddl", "data", "concurrently"])
def test_pending_files(
    database: Target, runners: Stable, folder: Path, kind: str, tally: Tally
) -> None:
    """The next deploy meets a database in use, with the same kind of work in all its files."""
    database.apply(write(folder, LOG))
    files = {f"{n:03}_file.sql": numbered(kind, n) for n in range(2, 7)}
    write(folder, LOG | files)
    check(database, runners.run(database.url, folder, runners=RUNNERS), files, tally)
    n = 2 + 3 + 4 + 5 + 6 if kind == "data" else 0
    assert database.query("SELECT n FROM log WHERE file = 1") == [(n,)]
    indexes = database.query(
        "SELECT indexrelid::regclass::text FROM pg_index"
        " WHERE indrelid = 'log'::regclass AND indisvalid AND NOT indisprimary ORDER BY 1"
    )
    assert indexes == ([(f"i{n}",) for n in range(2, 7)] if kind == "concurrently" else [])
    assert database.query(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'log'::regclass AND NOT indisvalid"
    ) == [(0,)]
