"""
What people tell the ledger: baseline and mark run nothing, keep their reasons, and
refuse what would be a lie.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from failing import HELD
from runs.holding import holding
from settling import DUPLICATE, EDITED, FILES, nothing_is_there, reasons
from st44_migrate import ApplyError, ConfigError, LockTimeout, PlanError, Settings, SourceError
from st44_migrate.events import LockWaited
from st44_migrate.model import State
from targets import Target, applied, codes, labels, write

WRONG = ["", " ", "x", "-21", "2.1", "21_two", "0x15", "\u0662\u0661", "1" * 5000]


# --- baseline -----------------------------------------------------------------


@pytest.mark.parametrize("written", ["21", "021", "000021", " 021 "])
def test_a_baseline_records_all_up_to_its_version(
    target: Target, folder: Path, written: str
) -> None:
    """
    For a database that has it all already: nothing runs, the rest is pending.
    """
    write(folder, FILES)
    done = target.baseline(folder, written, "as in production")
    assert [(s.label, s.name, s.state) for s in done] == [
        ("007", "one", State.APPLIED),
        ("021", "two", State.APPLIED),
    ]
    assert target.tables() == set()
    assert target.versions() == ["007", "021"]
    assert target.journal() == {"7": "applied", "21": "applied"}
    assert set(reasons(target).values()) == {"as in production"}
    assert target.plan(folder).problems[0].code == "gap"
    assert applied(target.apply(folder)) == ["022"]
    if target.is_postgres:
        assert target.query(HELD) == [(0,)]


def test_a_baseline_leaves_what_is_recorded_alone(target: Target, folder: Path) -> None:
    """
    On a ledger with rows it only adds those that are missing, and none twice.
    """
    target.baseline(write(folder, FILES), "7", "first")
    target.execute(
        "INSERT INTO schema_migrations (version, name, applied_at)"
        " VALUES ('22', 'by hand', '2020-01-02 03:04:05')"
    )
    assert [s.label for s in target.baseline(folder, "022", "second")] == ["021"]
    assert target.baseline(folder, "022", "third") == []
    assert target.versions() == ["007", "021", "22"]
    assert reasons(target) == {"7": "first", "21": "second"}
    assert target.query("SELECT name FROM schema_migrations WHERE version = '22'") == [("by hand",)]


def test_a_baselined_file_is_watched_like_any_other(target: Target, folder: Path) -> None:
    """
    It counts as applied as it was then: an edit is found.
    """
    target.baseline(write(folder, FILES), "022")
    assert codes(target.plan(write(folder, EDITED))) == ["edited", "gap"]


@pytest.mark.parametrize("version", ["7", "21", "22"])
def test_a_baseline_over_two_files_with_one_number_is_refused(
    target: Target, folder: Path, version: str
) -> None:
    """
    One of the two would count as applied and never run.
    """
    write(folder, DUPLICATE)
    if version == "7":
        assert [s.label for s in target.baseline(folder, version)] == ["007"]
        return
    with pytest.raises((ConfigError, SourceError)) as caught:
        target.baseline(folder, version)
    assert "021_two.sql" in str(caught.value)
    assert "21_other.sql" in str(caught.value)
    assert nothing_is_there(target) or target.versions() == []


def test_a_baseline_over_a_file_that_cannot_be_read_records_nothing(
    target: Target, folder: Path
) -> None:
    """
    All or nothing, also of what stands before it.
    """
    write(folder, FILES | {"021_two.sql": "SELECT 'open;\n"})
    with pytest.raises(SourceError) as caught:
        target.baseline(folder, "022")
    assert caught.value.place is not None
    assert nothing_is_there(target) or target.versions() == []


# --- mark ---------------------------------------------------------------------


@pytest.mark.parametrize("written", ["21", "021"])
def test_one_file_is_marked_without_running(target: Target, folder: Path, written: str) -> None:
    """
    It was done by hand; the others run as always.
    """
    write(folder, FILES)
    (status,) = target.mark(folder, written, "done at night")
    assert (status.label, status.state) == ("021", State.APPLIED)
    assert target.versions() == ["021"]
    assert reasons(target) == {"21": "done at night"}
    with pytest.raises(PlanError, match="comes late"):
        target.apply(folder)
    target.mark(folder, "7")
    assert applied(target.apply(folder)) == ["022"]
    assert target.tables() == {"three"}


def test_what_is_applied_cannot_be_marked(target: Target, folder: Path) -> None:
    """
    Neither what a run applied, nor what somebody recorded in another spelling.
    """
    target.apply(write(folder, FILES | {"023_four.sql": "SELECT 1;\n"}))
    target.execute("UPDATE schema_migrations SET version = '23' WHERE version = '023'")
    for version in ("022", "22", "023"):
        with pytest.raises(ConfigError, match="recorded as applied already"):
            target.mark(folder, version)
    assert reasons(target) == dict.fromkeys(["7", "21", "22", "23"])


def test_a_failed_file_can_be_marked(target: Target, folder: Path) -> None:
    """
    Somebody has finished it by hand: it counts, and its failure is history.
    """
    write(folder, FILES | {"021_two.sql": "SELECT broken;\n"})
    with pytest.raises(ApplyError):
        target.apply(folder)
    assert target.journal() == {"7": "applied", "21": "failed"}
    target.mark(folder, "021", "by hand")
    assert target.journal() == {"7": "applied", "21": "applied"}
    record = target.show(folder, "21")
    assert record.journal is not None
    assert (record.journal.error, record.journal.reason) == (None, "by hand")
    assert applied(target.apply(folder)) == ["022"]


# --- one at a time ---------------------------------------------------------------


@contextmanager
def at_work(target: Target) -> Iterator[None]:
    """
    Be another runner, or whoever writes.
    """
    if target.is_postgres:
        with holding(target):
            yield
        return
    path = target.url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@pytest.mark.parametrize("call", ["baseline", "mark", "repair"])
def test_who_settles_waits_for_who_runs(target: Target, folder: Path, call: str) -> None:
    """
    The ledger has one writer at a time: another is waited for, and then given up.
    """
    target.apply(write(folder, FILES))
    if call != "repair":
        target.execute("DELETE FROM schema_migrations WHERE version = '021'")
    write(folder, EDITED)
    target.settings = Settings(lock_wait=0.3)
    with at_work(target), pytest.raises(LockTimeout):
        getattr(target, call)(folder, "21")
    assert target.saw(LockWaited)
    assert [s.label for s in getattr(target, call)(folder, "21")] == ["021"]


# --- wrong versions -----------------------------------------------------------


@pytest.mark.parametrize("target", ["psycopg", "sqlite3"], indirect=True)
@pytest.mark.parametrize("call", ["baseline", "mark", "repair", "show"])
def test_a_version_is_a_number(target: Target, folder: Path, call: str) -> None:
    """
    Anything else is refused in words before the ledger is touched.
    """
    target.execute("VACUUM")
    write(folder, FILES)
    for wrong in WRONG:
        with pytest.raises(ConfigError) as caught:
            getattr(target, call)(folder, wrong)
        assert "version" in str(caught.value) or "repair" in str(caught.value)
    assert nothing_is_there(target)


@pytest.mark.parametrize("call", ["baseline", "mark", "show"])
def test_a_version_that_nobody_has_is_named(target: Target, folder: Path, call: str) -> None:
    """
    A slip of the finger must not record anything.
    """
    target.apply(write(folder, FILES))
    with pytest.raises(ConfigError, match="version 8"):
        getattr(target, call)(folder, "8")
    assert target.versions() == ["007", "021", "022"]


@pytest.mark.parametrize("call", ["mark", "repair"])
def test_a_number_of_two_files_cannot_be_settled(target: Target, folder: Path, call: str) -> None:
    """
    Nobody can know which of the two is meant.
    """
    target.apply(write(folder, FILES))
    if call == "mark":
        target.execute("DELETE FROM schema_migrations WHERE version = '021'")
    write(folder, DUPLICATE)
    before = target.query("SELECT version, name, checksum FROM schema_migrations_journal")
    with pytest.raises((ConfigError, SourceError)) as caught:
        getattr(target, call)(folder, "21")
    assert "021_two.sql" in str(caught.value)
    assert "21_other.sql" in str(caught.value)
    after = target.query("SELECT version, name, checksum FROM schema_migrations_journal")
    assert after == before
    assert labels(target.plan(folder)) in ([], ["021", "21"])
