"""
Other connections to the same SQLite file (R10): they are waited for, in words.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from runs.conftest import target_of
from st44_migrate import ApplyError, LockTimeout, Settings
from st44_migrate.events import Event, LockWaited, MigrationRetried
from targets import SQLITE, Target, applied, labels, write

ONE = {"001_one.sql": "CREATE TABLE one (id integer);\n"}
TWO = ONE | {"002_two.sql": "CREATE TABLE two (id integer);\n"}

BRIEF = Settings(lock_wait=0.3, retry_for=0.3)
PATIENT = Settings(lock_wait=30, retry_for=30)


@pytest.fixture(params=SQLITE)
def lite(request: pytest.FixtureRequest) -> Target:
    """
    Give a path for a new database, once for each colour.
    """
    return target_of(request.param, request)


def path_of(target: Target) -> Path:
    return Path(target.url.removeprefix("sqlite:///"))


@contextmanager
def writer(target: Target, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """
    Hold a write transaction on another connection.
    """
    path = path_of(target)
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as conn:
        conn.execute(begin)
        yield conn


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("files", [{}, ONE], ids=["fresh", "with a ledger"])
def test_another_writer_is_waited_for_and_then_given_up(
    lite: Target, folder: Path, files: dict[str, str | bytes], begin: str
) -> None:
    """
    Somebody else's transaction is no failure of ours: it is waited for, in words.
    """
    if files:
        lite.apply(write(folder, files))
    write(folder, TWO)
    lite.settings = BRIEF
    with writer(lite, begin), pytest.raises(LockTimeout) as caught:
        lite.apply(folder)
    assert "another connection" in caught.value.happened
    assert caught.value.remedy
    waits = lite.saw(LockWaited)
    assert waits
    assert {wait.holder for wait in waits} == {"another connection"}
    assert lite.tables() == ({"one"} if files else set())
    assert applied(lite.apply(folder)) == (["002"] if files else ["001", "002"])


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("files", [{}, ONE], ids=["fresh", "with a ledger"])
def test_a_run_goes_on_when_the_other_writer_is_done(
    lite: Target, folder: Path, files: dict[str, str | bytes], begin: str
) -> None:
    """
    The other ends as soon as we say that we wait.
    """
    if files:
        lite.apply(write(folder, files))
    write(folder, TWO)
    lite.settings = PATIENT
    with writer(lite, begin) as other:

        def end(event: Event) -> None:
            if isinstance(event, LockWaited) and other.in_transaction:
                other.execute("CREATE TABLE theirs (id integer)")
                other.execute("COMMIT")

        report = lite.do(folder, lambda m: m.apply(), observer=end)
    assert applied(report) == (["002"] if files else ["001", "002"])
    assert lite.tables() == {"one", "two", "theirs"}


@pytest.mark.parametrize("files", [{}, ONE], ids=["fresh", "with a ledger"])
def test_a_reader_in_the_way_of_the_commit_is_waited_for(
    lite: Target, folder: Path, files: dict[str, str | bytes]
) -> None:
    """
    Without a write-ahead log no commit is possible while somebody reads: it is
    tried again until the reader is done, and given up with nothing kept.
    """
    lite.execute("CREATE TABLE theirs (id integer)")
    if files:
        lite.apply(write(folder, files))
    before = lite.tables()
    write(folder, TWO)
    with writer(lite, "BEGIN") as reader:
        reader.execute("SELECT * FROM theirs").fetchall()
        lite.settings = BRIEF
        with pytest.raises((ApplyError, LockTimeout), match=r"locked|another connection"):
            lite.apply(folder)
        assert lite.tables() == before

        def end(event: Event) -> None:
            if isinstance(event, LockWaited | MigrationRetried) and reader.in_transaction:
                reader.execute("COMMIT")

        lite.settings = PATIENT
        report = lite.do(folder, lambda m: m.apply(), observer=end)
    assert applied(report) == (["002"] if files else ["001", "002"])


def test_a_reader_with_a_write_ahead_log_disturbs_nobody(lite: Target, folder: Path) -> None:
    """
    Reading goes on while another writes, and writing while another reads.
    """
    lite.execute("PRAGMA journal_mode = WAL")
    lite.apply(write(folder, ONE))
    write(folder, TWO)
    with writer(lite, "BEGIN IMMEDIATE"):
        assert labels(lite.plan(folder)) == ["002"]
    with writer(lite, "BEGIN") as reader:
        reader.execute("SELECT * FROM one").fetchall()
        assert applied(lite.apply(folder)) == ["002"]
    assert lite.query("PRAGMA journal_mode") == [("wal",)]


def test_what_cannot_follow_the_commit_does_not_undo_the_record(lite: Target, folder: Path) -> None:
    """
    A reader keeps SQLite from changing the journal mode behind the COMMIT: the file
    is applied all the same, and the report says so, whatever the run ends in.
    """
    lite.apply(write(folder, ONE))
    text = "BEGIN;\nCREATE TABLE two (id integer);\nCOMMIT;\nPRAGMA journal_mode = WAL;\n"
    write(folder, ONE | {"002_two.sql": text})
    lite.settings = BRIEF
    with writer(lite, "BEGIN") as reader:
        reader.execute("SELECT * FROM sqlite_master").fetchall()
        try:
            report = lite.apply(folder)
        except ApplyError as error:
            report = error.report
    if lite.tables() == {"one", "two"}:
        assert lite.versions() == ["001", "002"]
        assert applied(report) == ["002"]
        assert (report.count, report.latest, report.pending) == (2, "002", 0)
    else:
        assert lite.versions() == ["001"]
        assert (applied(report), report.pending) == ([], 1)
