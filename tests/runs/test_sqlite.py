"""
SQLite files (R1, R10): what may be read, what may be written, and what is no database.
"""

from __future__ import annotations

from dataclasses import replace
from operator import methodcaller
from pathlib import Path

import pytest

from runs.conftest import target_of
from st44_migrate import (
    ConfigError,
    DatabaseUnavailable,
    LedgerError,
)
from st44_migrate.events import MigrationStarted
from targets import SQLITE, Target, applied, labels, write
from unprivileged import common_folder, unprivileged

ONE = {"001_one.sql": "CREATE TABLE one (id integer);\n"}
TWO = ONE | {"002_two.sql": "CREATE TABLE two (id integer);\n"}


@pytest.fixture(params=SQLITE)
def lite(request: pytest.FixtureRequest) -> Target:
    """
    Give a path for a new database, once for each colour.
    """
    return target_of(request.param, request)


def path_of(target: Target) -> Path:
    return Path(target.url.removeprefix("sqlite:///"))


def test_looking_never_creates_the_file(lite: Target, folder: Path) -> None:
    """
    A misspelt path must not look like an empty database.
    """
    write(folder, ONE)
    for look in ("plan", "wait"):
        with pytest.raises(DatabaseUnavailable, match="does not exist") as caught:
            lite.do(folder, methodcaller(look))
        assert not caught.value.transient
    with pytest.raises(DatabaseUnavailable):
        lite.show(folder, "001")
    assert list(path_of(lite).parent.glob("*.db*")) == []


def test_looking_leaves_every_byte_as_it_was(lite: Target, folder: Path) -> None:
    """
    Neither a ledger nor a journal appears in somebody's database.
    """
    lite.execute("CREATE TABLE theirs (id integer)")
    write(folder, ONE)
    before = path_of(lite).read_bytes()
    assert labels(lite.plan(folder)) == ["001"]
    assert lite.show(folder, "001").entry is None
    assert path_of(lite).read_bytes() == before


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_read_only_file_can_be_looked_at_and_is_not_run_on(
    lite: Target, folder: Path, mode: str
) -> None:
    """
    Its status is known; a run with something to do is refused in words.
    """
    with common_folder() as common:
        here = replace(lite, url=f"sqlite:///{common}/app.db")
        here.execute(f"PRAGMA journal_mode = {mode}")
        files = write(common / "migrations", ONE)
        here.apply(files)
        write(files, TWO)
        path_of(here).chmod(0o444)
        with unprivileged():
            if mode == "DELETE":
                assert labels(here.plan(files)) == ["002"]
            with pytest.raises((DatabaseUnavailable, LedgerError)) as caught:
                here.apply(files)
        assert "read-only" in str(caught.value) or "readonly" in str(caught.value)
        assert caught.value.unchanged == "Nothing was run."
        assert str(path_of(here)) in str(caught.value) or "schema_migrations" in str(caught.value)
        assert here.tables() == {"one"}
        write(files, ONE)
        with unprivileged():
            if mode == "DELETE":
                assert here.apply(files).applied == ()


def test_a_folder_that_takes_no_file_is_said_to(lite: Target, folder: Path) -> None:
    """
    SQLite needs the right to write beside the database, too.
    """
    with common_folder() as common:
        here = replace(lite, url=f"sqlite:///{common}/app.db")
        write(common / "migrations", ONE)
        common.chmod(0o555)
        with unprivileged(), pytest.raises(DatabaseUnavailable, match="cannot be opened") as caught:
            here.apply(common / "migrations")
        common.chmod(0o755)
        assert f"{common}/app.db" in str(caught.value)
        assert not path_of(here).exists()
        here.apply(common / "migrations")
        path_of(here).chmod(0o666)
        write(common / "migrations", TWO)
        common.chmod(0o555)
        with unprivileged(), pytest.raises((DatabaseUnavailable, LedgerError)) as refused:
            here.apply(common / "migrations")
        common.chmod(0o755)
        assert refused.value.unchanged == "Nothing was run."


@pytest.mark.parametrize(
    "url",
    ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///x.db?mode=memory", "sqlite:x"],
)
def test_a_url_of_no_file_is_refused(lite: Target, folder: Path, url: str) -> None:
    """
    A database that is gone with its connection would be migrated for nobody.
    """
    with pytest.raises(ConfigError) as caught:
        replace(lite, url=url).apply(write(folder, ONE))
    assert caught.value.remedy


def test_a_file_that_is_no_database_is_refused(lite: Target, folder: Path) -> None:
    """
    Nothing is written into it.
    """
    path_of(lite).write_text("dear diary, " * 100)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        lite.apply(write(folder, ONE))
    assert path_of(lite).read_text() == "dear diary, " * 100
    assert lite.saw(MigrationStarted) == []


def test_a_path_may_hold_any_character(lite: Target, folder: Path) -> None:
    """
    What a URI would take for something else is the name of the file here.
    """
    odd = path_of(lite).with_name("it's 100% \u00fcber #1 & %41;.db")
    here = replace(lite, url=f"sqlite:///{odd}")
    assert applied(here.apply(write(folder, ONE))) == ["001"]
    assert odd.is_file()
    assert here.plan(folder).pending == ()


@pytest.mark.parametrize("kind", ["", "blob", "integer", "numeric", "text", "varchar(10)"])
def test_a_ledger_that_somebody_made_with_a_column_of_any_type(
    lite: Target, folder: Path, kind: str
) -> None:
    """
    What others record as a number is found, before a file runs and after it has.
    """
    lite.execute(
        f"CREATE TABLE schema_migrations (version {kind} PRIMARY KEY, name text, applied_at text)"
    )
    records = "INSERT INTO schema_migrations VALUES ({}, 'by_hand', '2026-01-01');\n"
    lite.execute(records.format(1))
    write(folder, TWO | {"003_three.sql": records.format(3)})
    assert applied(lite.apply(folder)) == ["002", "003"]
    assert lite.query("SELECT CAST(version AS integer) FROM schema_migrations ORDER BY 1") == [
        (1,),
        (2,),
        (3,),
    ]
