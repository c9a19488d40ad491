"""
The ledger on PostgreSQL: made where there is none, shared where there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runs.conftest import Login
from runs.wrapped import Window
from st44_migrate import LedgerError, LedgerName, PlanError, Settings, State
from targets import Target, applied, codes, labels, write

GUIDE = (
    "CREATE TABLE schema_migrations (version varchar(10) PRIMARY KEY,"
    " name varchar(255) NOT NULL, applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)
FILES = {
    "001_a.sql": "CREATE TABLE a (id int);",
    "002_b.sql": "CREATE TABLE b (id int);",
    "003_c.sql": "CREATE TABLE c (id int);",
}


def columns(target: Target, table: str) -> list[tuple[Any, ...]]:
    return target.query(
        "SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute"
        f" WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum"
    )


def at_hand(target: Target, *names: str) -> None:
    """Record versions as a person with psql would."""
    rows = (name.partition("_")[::2] for name in names)
    target.execute(
        *(
            f"INSERT INTO schema_migrations (version, name) VALUES ('{version}', '{name}')"
            for version, name in rows
        )
    )


def test_a_fresh_ledger_has_the_known_columns_and_room_for_timestamps(
    database: Target, folder: Path
) -> None:
    """Where there is no ledger it gets version, name and applied_at, and no other column."""
    database.apply(write(folder, FILES | {"20251214093000_d.sql": "SELECT 1;"}))
    assert columns(database, "schema_migrations") == [
        ("version", "character varying(255)", True),
        ("name", "character varying(255)", True),
        ("applied_at", "timestamp with time zone", True),
    ]
    assert database.query(
        "SELECT version, name FROM schema_migrations ORDER BY version DESC LIMIT 1"
    ) == [("20251214093000", "d")]
    assert database.query(
        "SELECT bool_and(applied_at > now() - interval '1 min') FROM schema_migrations"
    )
    assert database.plan(folder).problems == ()


def test_rows_by_hand_count_and_the_table_keeps_its_shape(database: Target, folder: Path) -> None:
    """A guide-shaped table with rows by hand is the ledger: they are applied, it is not altered."""
    database.execute(GUIDE)
    at_hand(database, "001_a", "2_b")
    before = columns(database, "schema_migrations")
    report = database.apply(write(folder, FILES))
    assert applied(report) == ["003"]
    assert before == columns(database, "schema_migrations")
    assert database.versions() == ["001", "003", "2"]
    assert database.journal() == {"3": "applied"}
    states = [status.state.value for status in database.plan(folder).statuses]
    assert states == ["recorded elsewhere", "recorded elsewhere", "applied"]


@pytest.mark.parametrize(
    "name",
    [
        LedgerName("x y", "Ops"),
        LedgerName("quote\"s'", "Ops"),
        LedgerName("x.y", "O.ps"),
        LedgerName("100%", "sch$st44$ema"),
        LedgerName("back\\slash", "Ops"),
    ],
    ids=str,
)
def test_a_ledger_may_have_any_name_and_its_schema_is_made(
    database: Target, folder: Path, name: LedgerName
) -> None:
    """Names are quoted everywhere; a schema that is missing is created; journal and ledger share it."""
    database.settings = Settings(ledger=name)
    assert labels(database.plan(write(folder, FILES))) == ["001", "002", "003"]
    assert applied(database.apply(folder)) == ["001", "002", "003"]
    found = database.query(
        "SELECT relname, nspname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind = 'r' AND nspname NOT IN ('public', 'pg_catalog', 'information_schema')"
    )
    assert sorted(found) == sorted([(name.table, name.schema), (name.journal, name.schema)])
    assert database.apply(folder).skipped == 3


@pytest.mark.parametrize("length", [55, 56, 62, 63])
def test_a_ledgers_name_may_be_as_long_as_the_server_lets_it(
    database: Target, folder: Path, length: int
) -> None:
    """The journal's name is longer than the ledger's, and the server cuts names at 63 bytes."""
    database.settings = Settings(ledger=LedgerName("x" * length))
    assert applied(database.apply(write(folder, FILES))) == ["001", "002", "003"]
    window = Window()
    assert database.apply(folder, database=window.on(database)).skipped == 3
    assert len(window.calls) == 1


def test_ledgers_of_two_schemas_are_never_mixed(
    database: Target, folder: Path, login: Login
) -> None:
    """A ledger in one schema of the search_path and a journal in another are not a pair."""
    write(folder, FILES)
    database.execute("CREATE SCHEMA one", "CREATE SCHEMA two")
    both = f"{login(options='SUPERUSER')} options='-c search_path=one,two'"
    two = Settings(ledger=LedgerName(schema="two"))
    database.apply(folder, settings=two)
    database.execute("DROP TABLE a, b, c", "DROP TABLE two.schema_migrations")
    database.execute(GUIDE.replace("schema_migrations", "one.schema_migrations"))
    assert labels(database.plan(folder, database=both)) == ["001", "002", "003"]
    database.execute("INSERT INTO one.schema_migrations VALUES ('001', 'a')")
    plan = database.plan(folder, database=both)
    assert plan.statuses[0].state is State.ELSEWHERE
    assert applied(database.apply(folder, database=both)) == ["002", "003"]
    held = "SELECT string_agg(version, ' ' ORDER BY version) FROM "
    assert database.query(held + "one.schema_migrations") == [("001 002 003",)]
    assert database.query(held + "one.schema_migrations_journal") == [("2 3",)]
    assert database.query(held + "two.schema_migrations_journal") == [("1 2 3",)]


@pytest.mark.parametrize("version", ["integer", "bigint", "varchar(10)", "char(14)", "numeric"])
def test_a_version_column_may_have_other_types(
    database: Target, folder: Path, version: str
) -> None:
    """Numbers are compared as integers, whatever the type of the column."""
    database.execute(GUIDE.replace("varchar(10)", version))
    at_hand(database, "1_a")
    assert applied(database.apply(write(folder, FILES))) == ["002", "003"]
    found = database.query("SELECT trim(version::text)::int FROM schema_migrations ORDER BY 1")
    assert found == [(1,), (2,), (3,)]
    assert labels(database.plan(folder)) == []
    assert database.apply(folder).skipped == 3


@pytest.mark.parametrize(
    ("version", "fits"), [("integer", False), ("varchar(10)", False), ("bigint", True)]
)
def test_a_version_that_the_column_cannot_take_is_found_before_anything_runs(
    database: Target, folder: Path, version: str, fits: bool
) -> None:
    """A timestamp has fourteen digits: the plan says so, and nothing runs."""
    database.execute(GUIDE.replace("varchar(10)", version))
    write(folder, FILES | {"20251214093000_d.sql": "CREATE TABLE d (id int);"})
    if fits:
        assert applied(database.apply(folder))[-1] == "20251214093000"
        return
    assert "too-long" in codes(database.plan(folder))
    with pytest.raises(PlanError) as caught:
        database.apply(folder)
    assert "ALTER COLUMN version TYPE" in caught.value.remedy
    assert database.tables() == set()


@pytest.mark.parametrize("moment", ["timestamp", "timestamptz", "date"])
def test_any_moment_can_be_read(database: Target, folder: Path, moment: str) -> None:
    """Columns without a time zone, infinity and typing errors do not make a ledger unreadable."""
    write(folder, FILES)
    moments = ("2025-01-02", "infinity", "-infinity", "12025-01-01", "0044-03-15 BC")
    read = []
    for number, at in enumerate(moments):
        name = LedgerName(f"ledger_{number}")
        database.execute(
            GUIDE.replace("schema_migrations", name.table).replace(" timestamp ", f" {moment} "),
            f"INSERT INTO {name.table} VALUES ('001', 'a', '{at}')",
        )
        (first, *_) = database.plan(folder, settings=Settings(ledger=name)).statuses
        read.append(first.applied_at)
    assert f"{read[0]:%Y-%m-%d}" == moments[0]
    assert read[1:] == [None] * 4


def test_a_moment_beyond_python_does_not_stop_a_run(database: Target, folder: Path) -> None:
    """The moment is for people: files are applied whatever it is."""
    database.execute(GUIDE, "INSERT INTO schema_migrations VALUES ('001', 'a', '294276-12-31')")
    assert applied(database.apply(write(folder, FILES))) == ["002", "003"]


def test_versions_that_are_no_numbers_stop_everything(database: Target, folder: Path) -> None:
    """What cannot be compared is an error that quotes it, never skipped."""
    texts = ("abc", "1 b", "1.5", "v1", "-1", "", "\N{ARABIC-INDIC DIGIT ONE}")
    rows = ", ".join(f"('{text}', 'x')" for text in texts)
    database.execute(GUIDE, f"INSERT INTO schema_migrations VALUES {rows}")
    with pytest.raises(PlanError) as caught:
        database.apply(write(folder, FILES))
    found = {(problem.code, problem.version) for problem in caught.value.problems}
    assert found == {("foreign-version", text) for text in texts}
    assert all(repr(text) in str(caught.value) for text in texts)
    assert database.tables() == set()


def test_spaces_around_a_version_do_not_matter(database: Target, folder: Path) -> None:
    """A row typed as ' 001 ' is version 1, and its file is not run again."""
    database.execute(GUIDE)
    at_hand(database, " 001 _a")
    assert applied(database.apply(write(folder, FILES))) == ["002", "003"]


def test_the_versions_may_have_a_collation_of_their_own(database: Target, folder: Path) -> None:
    """A column declared COLLATE "C" can be read and compared."""
    database.execute(GUIDE.replace("varchar(10)", 'varchar(10) COLLATE "C"'))
    at_hand(database, "001_a")
    assert applied(database.apply(write(folder, FILES))) == ["002", "003"]
    assert labels(database.plan(folder)) == []


def test_a_ledger_that_is_gone_is_not_a_fresh_start(database: Target, folder: Path) -> None:
    """The journal remembers: without the ledger beside it nothing is assumed and nothing runs."""
    database.apply(write(folder, FILES))
    database.execute("DROP TABLE schema_migrations")
    for attempt in (database.plan, database.apply):
        with pytest.raises(LedgerError, match="3 applied") as caught:
            attempt(folder)
        assert caught.value.exit_code == 4
    assert database.query("SELECT to_regclass('schema_migrations')") == [(None,)]


def test_a_ledger_that_is_gone_from_a_later_schema_is_not_a_fresh_start(
    database: Target, folder: Path, login: Login
) -> None:
    """The same where the journal is in the second schema of the search_path."""
    database.apply(write(folder, FILES))
    database.execute("CREATE SCHEMA first", "DROP TABLE public.schema_migrations")
    both = f"{login(options='SUPERUSER')} options='-c search_path=first,public'"
    with pytest.raises(LedgerError, match="3 applied"):
        database.apply(folder, database=both)


def test_two_creators_of_the_first_ledger_agree(database: Target, folder: Path) -> None:
    """Another program may create the ledger between our look and our own creation."""

    def interfere(text: str) -> None:
        if "CREATE TABLE" in text and "schema_migrations" in text:
            database.execute(GUIDE.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"))

    window = Window(before=interfere)
    assert applied(database.apply(write(folder, FILES), database=window.on(database))) == [
        "001",
        "002",
        "003",
    ]
    assert columns(database, "schema_migrations")[0][1] == "character varying(10)"
    assert database.journal() == {"1": "applied", "2": "applied", "3": "applied"}
