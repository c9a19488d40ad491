"""
A run with nothing to do asks for one row, and whatever is not as it was is seen all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from st44_migrate import MigrateError, Migrator, Report
from st44_migrate.drivers.psycopg import PsycopgConnection
from st44_migrate.protocols import Row
from targets import Target, write

FILES = {
    "009_a.sql": "CREATE TABLE a (i integer);",
    "010_b\u00e9.sql": "CREATE TABLE b (i integer);",
    "012_c.sql": "CREATE TABLE c (i integer);",
}

LEDGER = "UPDATE schema_migrations SET"
JOURNAL = "UPDATE schema_migrations_journal SET"
CHANGES = {
    "nothing": "SELECT 1",
    "another name": f"{LEDGER} name = 'other' WHERE version = '010'",
    "another spelling": f"{LEDGER} version = '10' WHERE version = '010'",
    "one less": "DELETE FROM schema_migrations WHERE version = '012'",
    "one less in the middle": "DELETE FROM schema_migrations WHERE version = '010'",
    "one more": "INSERT INTO schema_migrations (version, name) VALUES ('013', 'd')",
    "one more in the middle": "INSERT INTO schema_migrations (version, name) VALUES ('011', 'd')",
    "no version at all": "INSERT INTO schema_migrations (version, name) VALUES (' ', 'd')",
    "no row in the journal": "DELETE FROM schema_migrations_journal WHERE version = '10'",
    "other bytes": f"{JOURNAL} raw_checksum = 'x' WHERE version = '10'",
    "another file": f"{JOURNAL} raw_checksum = 'x', checksum = 'x' WHERE version = '10'",
    "no hash": f"{JOURNAL} raw_checksum = NULL, checksum = NULL WHERE version = '10'",
    "not finished": f"{JOURNAL} state = 'running', done = 1, total = 2 WHERE version = '10'",
    "retired": f"{JOURNAL} state = 'retired' WHERE version = '10'",
    "no rows": "TRUNCATE schema_migrations, schema_migrations_journal",
    "no journal": "DROP TABLE schema_migrations_journal",
    "no ledger": "DROP TABLE schema_migrations",
}


def ended(target: Target, folder: Path) -> tuple[Any, ...]:
    """
    Say how a run ends, without times.
    """
    try:
        report = Migrator(target.url, folder).apply()
    except MigrateError as error:
        return type(error), str(error)
    return essence(report)


def essence(report: Report) -> tuple[Any, ...]:
    done = tuple(file.label for file in report.applied)
    return (done, report.skipped, report.pending, report.latest, report.count, report.problems)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_run_ends_as_if_all_rows_were_read(
    database: Target, folder: Path, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it may ask for the digest, once it reads all; the tables are as before each time."""
    write(folder, FILES)
    ends: list[tuple[Any, ...]] = []
    for _ in range(2):
        database.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        database.apply(folder)
        database.execute(change)
        ends.append(ended(database, folder))
        monkeypatch.setattr("st44_migrate._progress.digest", lambda _: None)
    assert ends[0] == ends[1]


def rows_read(target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """
    Apply, and list how many rows each query gave.
    """
    counts: list[int] = []
    fetch = PsycopgConnection.fetch

    def counting(self: PsycopgConnection, sql: str, /, **choices: Any) -> Sequence[Row]:
        rows = fetch(self, sql, **choices)
        counts.append(len(rows))
        return rows

    with monkeypatch.context() as patch:
        patch.setattr(PsycopgConnection, "fetch", counting)
        Migrator(target.url, folder).apply()
    return counts


def test_only_where_all_is_as_it_was_no_row_is_read(
    database: Target, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row that says so; after a change of the bytes that means nothing, all three."""
    database.apply(write(folder, FILES))
    assert rows_read(database, folder, monkeypatch) == [1]
    (folder / "009_a.sql").write_text("CREATE TABLE a (i integer); -- a comment")
    assert rows_read(database, folder, monkeypatch) == [3]


def test_a_gap_is_told_of_each_time(database: Target, folder: Path) -> None:
    """Also where no row is read: it is the folder that says so."""
    first = database.apply(write(folder, FILES))
    assert [problem.code for problem in first.problems] == ["gap"]
    assert database.apply(folder).problems == first.problems
