"""
What keeps a ledger from being adopted: nothing is written, and the way out is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from adoption.conftest import DONE, Legacy, legacy_of
from recording import RECORDS
from runs.conftest import Login, target_of
from st44_migrate import ConfigError, HealthProbe, LedgerError, Memory, PlanError, Terms
from st44_migrate.model import Fault, Found
from targets import codes, labels

BOTH = ("psycopg", "aiosqlite")

# Tool, what happened to its table, and words of the way out.
UNSETTLED = [
    ("golang-migrate", "UPDATE schema_migrations SET dirty = true", "migrate force 2"),
    ("sqlx", "UPDATE _sqlx_migrations SET success = false WHERE version = 2", "DELETE FROM"),
    ("flyway", "UPDATE flyway_schema_history SET success = false WHERE version = '0.02'", "repair"),
    (
        "prisma",
        "UPDATE _prisma_migrations SET finished_at = NULL WHERE id = '2'",
        "prisma migrate resolve --applied 20240101000002_two",
    ),
]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize(("tool", "happened", "way_out"), UNSETTLED)
def test_what_is_half_applied_is_refused(
    kind: str, tool: str, happened: str, way_out: str, request: pytest.FixtureRequest
) -> None:
    """Until it is settled, nothing of ours is created."""
    legacy = legacy_of(kind, tool, request)
    legacy.target.execute(happened)
    before = legacy.untouched()
    (obstacle,) = legacy.adoption().obstacles
    assert obstacle.code == "dirty"
    assert way_out in obstacle.remedy
    with pytest.raises(LedgerError, match="in part") as caught:
        legacy.adopt()
    assert caught.value.unchanged == "Nothing was adopted."
    assert way_out in str(caught.value)
    assert legacy.ours() == set()
    assert legacy.untouched() == before


CHECKED = [tool for tool, record in RECORDS.items() if record.checks]


def with_files(legacy: Legacy, change: tuple[str, str]) -> None:
    legacy.files.update({name: text.replace(*change) for name, text in legacy.files.items()})


@pytest.mark.parametrize("tool", CHECKED)
def test_an_edited_file_is_refused(tool: str, request: pytest.FixtureRequest) -> None:
    """By the tool's own checksum; unless somebody says that it is as good."""
    legacy = legacy_of("psycopg", tool, request)
    with_files(legacy, ("CREATE TABLE one (i", "CREATE TABLE one (j"))
    with pytest.raises(LedgerError, match="is not what") as caught:
        legacy.adopt()
    assert "--accept-edited" in caught.value.remedy
    assert legacy.ours() == set()
    found = [adopted.found for adopted in legacy.adoption().versions]
    assert found == [Found.EDITED, Found.APPLIED]
    made = legacy.adopt(Terms(accept_edited=True))
    assert [adopted.verified for adopted in made.versions] == [False, True]
    assert set(codes(legacy.plan())) <= {"gap"}


@pytest.mark.parametrize("tool", CHECKED)
def test_other_line_ends_are_no_edit(tool: str, request: pytest.FixtureRequest) -> None:
    """A checkout on another system is what was applied."""
    legacy = legacy_of("psycopg", tool, request)
    with_files(legacy, ("\n", "\r\n"))
    assert [adopted.verified for adopted in legacy.adopt().versions] == [True, True]


@pytest.mark.parametrize("kind", BOTH)
def test_the_folder_of_somebody_else_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    """Not one version matches: the folder or its layout is wrong."""
    legacy = legacy_of(kind, "sqlx", request)
    legacy.files.clear()
    legacy.files["900_other.sql"] = "SELECT 1;"
    (obstacle,) = legacy.adoption().obstacles
    assert "900_other.sql" in obstacle.message
    assert "--layout sqlx" in obstacle.remedy
    with pytest.raises(LedgerError, match="none of that is in the folder"):
        legacy.adopt()
    assert legacy.ours() == set()


@pytest.mark.parametrize("kind", BOTH)
def test_without_a_ledger_there_is_nothing_to_adopt(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Tables of the application are none, and neither is ours."""
    target = target_of(kind, request)
    target.execute("CREATE TABLE users (id integer PRIMARY KEY, name text, version integer)")
    source = Memory({"001_a.sql": "CREATE TABLE a (i integer)"})
    target.apply(source)
    with pytest.raises(ConfigError, match="no other tool's ledger"):
        target.do(source, lambda m: m.adopt())
    with pytest.raises(ConfigError, match="no ledger of goose"):
        target.do(source, lambda m: m.adopt(Terms("goose")))
    with pytest.raises(ConfigError, match="users is not a ledger of goose: it has the columns id"):
        target.do(source, lambda m: m.adopt(Terms("goose", table="users")))
    with pytest.raises(ConfigError, match="no ledger of a tool 'gose'"):
        target.do(source, lambda m: m.adopt(Terms("gose")))


@pytest.mark.parametrize("kind", BOTH)
def test_of_two_ledgers_one_has_to_be_named(kind: str, request: pytest.FixtureRequest) -> None:
    """By its tool, or by its table."""
    legacy = legacy_of(kind, "sqlx", request)
    dialect = "postgresql" if legacy.target.is_postgres else "sqlite"
    legacy.target.execute(*RECORDS["goose"].write(dialect, legacy.files, DONE))
    with pytest.raises(ConfigError, match="several ledgers") as caught:
        legacy.adoption()
    assert "sqlx" in caught.value.happened
    assert "goose" in caught.value.happened
    assert legacy.adoption(Terms("sqlx")).tool == "sqlx"
    assert legacy.adoption(Terms(table="goose_db_version")).tool == "goose"
    assert legacy.adopt(Terms("sqlx")).written


def test_a_table_of_another_name_is_known_by_its_columns(request: pytest.FixtureRequest) -> None:
    """And one in another schema."""
    legacy = legacy_of("psycopg", "goose", request)
    legacy.target.execute(
        "CREATE SCHEMA elsewhere",
        "ALTER TABLE goose_db_version SET SCHEMA elsewhere",
        "ALTER TABLE elsewhere.goose_db_version RENAME TO history",
    )
    assert legacy.adopt().table == "elsewhere.history"
    assert labels(legacy.plan()) == ["00010"]


def test_what_may_not_be_read_is_no_empty_ledger(
    request: pytest.FixtureRequest, login: Login
) -> None:
    """The role is told what it lacks."""
    legacy = legacy_of("psycopg", "goose", request)
    with pytest.raises(LedgerError, match="cannot be read: permission denied") as caught:
        legacy.adopt(database=login())
    assert "Grant" in caught.value.remedy
    assert legacy.ours() == set()


@pytest.mark.parametrize("kind", BOTH)
def test_it_is_all_or_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    """A ledger that does not take the second row takes none."""
    legacy = legacy_of(kind, "goose", request)
    legacy.target.execute(
        "CREATE TABLE schema_migrations (version varchar(255) PRIMARY KEY, name varchar(255) NOT NULL"
        " CHECK (name <> 'two'), applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    with pytest.raises(LedgerError, match=r"cannot be adopted: .*(check|CHECK)"):
        legacy.adopt()
    assert legacy.target.versions() == []
    assert legacy.target.journal() == {}


def rows_of(legacy: Legacy) -> Sequence[str]:
    return legacy.target.versions()


@pytest.mark.parametrize("kind", BOTH)
def test_a_version_without_a_file_is_kept(kind: str, request: pytest.FixtureRequest) -> None:
    """The database has it; its file was removed on purpose, as the tool allows."""
    legacy = legacy_of(kind, "goose", request)
    del legacy.files["00001_one.sql"]
    made = legacy.adopt()
    assert [adopted.found for adopted in made.versions] == [Found.APPLIED, Found.UNKNOWN]
    assert rows_of(legacy) == ["00002", "1"]
    assert codes(legacy.plan()) in ([], ["gap"])
    assert [done.label for done in legacy.apply().applied] == ["00010"]


@pytest.mark.parametrize("kind", BOTH)
def test_a_database_ahead_of_the_folder_stays_so(kind: str, request: pytest.FixtureRequest) -> None:
    """The later version is recorded, and is no trouble."""
    legacy = legacy_of(kind, "golang-migrate", request)
    legacy.target.execute("UPDATE schema_migrations SET version = 11")
    made = legacy.adopt()
    assert [adopted.label for adopted in made.versions] == ["000001", "000002", "000010", "11"]
    assert [entry.label for entry in legacy.plan().ahead] == ["11"]


@pytest.mark.parametrize("kind", BOTH)
def test_the_other_name_is_found_by_itself(kind: str, request: pytest.FixtureRequest) -> None:
    """Every operation uses the ledger beside the other tool's table of the same name."""
    legacy = legacy_of(kind, "dbmate", request)
    with pytest.raises(LedgerError, match="dbmate or Rails") as caught:
        legacy.plan()
    assert "st44-migrate adopt" in caught.value.remedy
    made = legacy.adopt()
    assert (str(made.ledger), str(made.evades)) == ("st44_schema_migrations", "schema_migrations")
    assert legacy.target.show(legacy.source, "1").journal is not None
    (touched,) = legacy.target.mark(legacy.source, "10")
    assert touched.label.endswith("10")
    assert [status.label for status in legacy.target.repair(legacy.source, "10")] == [touched.label]
    assert legacy.apply().count == 3
    with HealthProbe(legacy.target.url, legacy.source, ttl=0, deadline=30) as probe:
        assert (probe.check().status, probe.check().relation) == ("healthy", "current")
        legacy.target.execute("DROP TABLE st44_schema_migrations_journal")
        assert probe.check().error == Fault.LEDGER
    # A ledger that lost its journal is not taken for ours in silence.
    with pytest.raises(LedgerError, match="dbmate or Rails"):
        legacy.plan()


@pytest.mark.parametrize("kind", BOTH)
def test_a_file_that_comes_late_is_told_of(kind: str, request: pytest.FixtureRequest) -> None:
    """The tool would run it in silence; the plan that comes with the adoption says so."""
    legacy = legacy_of(kind, "goose", request, DONE[1:])
    legacy.files["00001_one.sql"] = "-- +goose Up\nSELECT 1;"
    made = legacy.adopt()
    assert "late" in codes(made.after)
    with pytest.raises(PlanError, match="comes late"):
        legacy.apply()


def test_a_file_that_cannot_be_read_any_more_counts_all_the_same(tmp_path: Path) -> None:
    """It ran once; it is recorded elsewhere, without a checksum of ours."""
    import sqlite3

    path = tmp_path / "app.db"
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE schema_version (version int4 NOT NULL PRIMARY KEY)")
    conn.execute("INSERT INTO schema_version VALUES (1)")
    conn.commit()
    conn.close()
    from st44_migrate import Migrator

    source = Memory(
        {"001_a.sql": "SELECT {{.x}};", "002_b.sql": "CREATE TABLE b (i int);"}, layout="tern"
    )
    migrator = Migrator(f"sqlite:///{path}", source)
    assert migrator.adopt().written
    assert [status.state.value for status in migrator.plan().statuses] == [
        "recorded elsewhere",
        "pending",
    ]
