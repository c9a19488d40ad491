"""
Folders of other tools, applied: versions that are more than an integer, places, programs.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dressing import DRESSES, Dressed, dress
from runs.conftest import target_of
from st44_migrate import (
    ApplyError,
    LedgerName,
    Memory,
    PlanError,
    Settings,
    SourceError,
    State,
)
from targets import Target, applied, codes, labels

GUIDE = (
    "CREATE TABLE schema_migrations (version {type} PRIMARY KEY, name varchar(255) NOT NULL,"
    " applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)

FOLDER = [
    Dressed(1, "one", ("CREATE TABLE one (i integer)", "INSERT INTO one VALUES (1)")),
    Dressed(2, "two", ("CREATE TABLE two (i integer)",), alone=True),
    Dressed(10, "ten", ("INSERT INTO one SELECT 10 FROM two", "INSERT INTO one VALUES (11)")),
]
MORE = Dressed(11, "more", ("CREATE TABLE more (i integer)",))


@pytest.mark.parametrize("layout", DRESSES)
@pytest.mark.parametrize("kind", ["psycopg-async", "sqlite3"])
def test_a_folder_of_each_tool_is_applied(
    kind: str, layout: str, request: pytest.FixtureRequest
) -> None:
    """Once, whole and in order; a second run does nothing; a file more is applied."""
    target = target_of(kind, request)
    source = Memory(dress(layout, FOLDER), layout=layout)
    assert len(applied(target.apply(source))) == 3
    assert target.tables() == {"one", "two"}
    assert target.query("SELECT i FROM one ORDER BY i") == [(1,), (11,)]
    assert applied(target.apply(source)) == []
    assert target.plan(source).problems == () or set(codes(target.plan(source))) == {"gap"}
    longer = Memory(dress(layout, [*FOLDER, MORE]), layout=layout)
    (label,) = applied(target.apply(longer))
    assert label == longer.load()[-1].label
    assert target.tables() == {"one", "two", "more"}
    assert [status.state for status in target.plan(longer).statuses] == [State.APPLIED] * 4


PRISMA = {
    "20240101000000_b/migration.sql": "INSERT INTO a VALUES (2)",
    "20240101000000_a/migration.sql": "CREATE TABLE a (i integer)",
    "20240102_c/migration.sql": "INSERT INTO a VALUES (3)",
    "0_init/migration.sql": "SELECT 1",
}


def prisma(files: Mapping[str, str]) -> Memory:
    return Memory(files, layout="prisma")


def test_several_files_of_one_second_are_several_versions(target: Target) -> None:
    """By their whole names, in the order of the tool; the ledger has them as they are."""
    source = prisma(PRISMA)
    names = ["0_init", "20240101000000_a", "20240101000000_b", "20240102_c"]
    assert applied(target.apply(source)) == names
    assert target.versions() == names
    assert set(target.journal()) == set(names)
    assert applied(target.apply(source)) == []
    record = target.show(source, "20240101000000_b")
    assert record.applied_sql == "INSERT INTO a VALUES (2)"
    assert record.file is not None
    assert record.file.name == "b"


def test_an_edited_file_among_them_is_refused(target: Target) -> None:
    """And what was applied is shown, as with every version."""
    target.apply(prisma(PRISMA))
    edited = prisma({**PRISMA, "20240101000000_b/migration.sql": "INSERT INTO a VALUES (9)"})
    assert codes(target.plan(edited)) == ["edited"]
    (touched,) = target.repair(edited, "20240101000000_b")
    assert touched.label == "20240101000000_b"
    assert codes(target.plan(edited)) == []


def test_late_is_said_in_the_order_of_the_tool(target: Target) -> None:
    """Between two of one second, and before a name that is lower as a number."""
    files = dict.fromkeys(PRISMA, "SELECT 1")
    first = {name: sql for name, sql in files.items() if not name.startswith("2024010100")}
    target.apply(prisma(first))
    assert codes(target.plan(prisma(files))) == ["late", "late"]
    new = {**first, "20240103000000_d/migration.sql": "SELECT 1"}
    assert codes(target.plan(prisma(new))) == []
    assert applied(target.apply(prisma(new))) == ["20240103000000_d"]


def test_a_database_ahead_and_one_that_has_diverged(target: Target) -> None:
    """By the versions that only the ledger has."""
    target.apply(prisma(PRISMA))
    fewer = {name: sql for name, sql in PRISMA.items() if not name.endswith("_a/migration.sql")}
    assert codes(target.plan(prisma(fewer))) == ["diverged"]
    early = {name: sql for name, sql in PRISMA.items() if "0_init" in name}
    plan = target.plan(prisma(early))
    assert codes(plan) == []
    assert len(plan.ahead) == 3


def test_a_baseline_goes_by_the_order_of_the_folder(target: Target) -> None:
    """Up to a version, where the numbers would say otherwise."""
    source = prisma(PRISMA)
    touched = target.baseline(source, "20240101000000_b")
    assert [status.label for status in touched] == [
        "0_init",
        "20240101000000_a",
        "20240101000000_b",
    ]
    assert labels(target.plan(source)) == ["20240102_c"]


FLYWAY = {
    "V1__a.sql": "CREATE TABLE a (i integer)",
    "V1_9__b.sql": "INSERT INTO a VALUES (1)",
    "V1.10__c.sql": "INSERT INTO a VALUES (2)",
    "V2.0__d.sql": "INSERT INTO a VALUES (3)",
}


def test_dotted_versions_are_compared_part_by_part(target: Target) -> None:
    """1.10 comes after 1.9; zeros at the end and before a part do not count."""
    source = Memory(FLYWAY, layout="flyway")
    assert applied(target.apply(source)) == ["1", "1.9", "1.10", "2.0"]
    renamed = {
        "V01__a.sql": FLYWAY["V1__a.sql"],
        "V1.9.0__b.sql": FLYWAY["V1_9__b.sql"],
        "V1_010__c.sql": FLYWAY["V1.10__c.sql"],
        "V2__d.sql": FLYWAY["V2.0__d.sql"],
    }
    again = Memory(renamed, layout="flyway")
    assert applied(target.apply(again)) == []
    assert set(codes(target.plan(again))) == {"number"}
    assert target.journal() == dict.fromkeys(["1", "1.9", "1.10", "2"], "applied")
    assert all(s.state is State.APPLIED for s in target.plan(again).statuses)
    edited = Memory({**renamed, "V2__d.sql": "SELECT 1"}, layout="flyway")
    assert "edited" in codes(target.plan(edited))


def test_integer_rows_count_for_a_dotted_folder(target: Target) -> None:
    """V1 is version 1, whoever recorded it."""
    target.execute(GUIDE.format(type="varchar(10)"))
    target.execute("INSERT INTO schema_migrations (version, name) VALUES ('01', 'a')")
    rest = {**FLYWAY, "V1_9__b.sql": "CREATE TABLE a (i integer)"}
    report = target.apply(Memory(rest, layout="flyway"))
    assert applied(report) == ["1.9", "1.10", "2.0"]


def test_what_is_more_than_a_number_does_not_go_into_a_number(target: Target) -> None:
    """A ledger whose column is an integer is refused before anything runs."""
    target.execute(GUIDE.format(type="bigint"))
    assert "not-numeric" in codes(target.plan(prisma(PRISMA)))
    with pytest.raises(PlanError, match=r"ALTER COLUMN version TYPE varchar\(255\)"):
        target.apply(Memory(FLYWAY, layout="flyway"))
    assert target.tables() == set()
    goose = Memory({"00007_a.sql": "-- +goose Up\nCREATE TABLE a (i integer);"}, layout="goose")
    assert applied(target.apply(goose)) == ["00007"]


def test_what_is_longer_than_the_column_is_refused(pg: Target) -> None:
    """As a number that is too long for it."""
    pg.execute(GUIDE.format(type="varchar(10)"))
    assert set(codes(pg.plan(prisma(PRISMA)))) == {"too-long"}


def test_a_row_that_is_no_number_stops_an_integer_folder_only(target: Target) -> None:
    """In a folder of names it is one more version."""
    target.execute(GUIDE.format(type="varchar(255)"))
    target.execute("INSERT INTO schema_migrations (version, name) VALUES ('0_init', 'init')")
    plain = Memory({"001_a.sql": "CREATE TABLE a (i integer)"})
    assert codes(target.plan(plain)) == ["foreign-version"]
    assert labels(target.plan(prisma(PRISMA)))[0] == "20240101000000_a"


@pytest.mark.parametrize("layout", ["goose", "dbmate", "sql-migrate", "node-pg-migrate"])
def test_an_error_is_at_its_place_in_the_file(target: Target, layout: str) -> None:
    """Of the file as it is, with the lines around it."""
    broken = Dressed(3, "broken", ("SELECT 1", "  INSERT INTO nowhere VALUES (1)", "SELECT 2"))
    files = dress(layout, [FOLDER[0], broken])
    (path,) = (name for name in files if "broken" in name)
    with pytest.raises(ApplyError) as caught:
        target.apply(Memory(files, layout=layout))
    place = caught.value.place
    assert place is not None
    line = files[path].split("\n")[place.line - 1]
    assert place.path == path
    assert line[place.column - 1 :].startswith(("nowhere", "INSERT"))
    assert line in caught.value.excerpt


def test_an_error_behind_a_placeholder_is_at_its_place(target: Target) -> None:
    """However long what stands for it."""
    text = "CREATE TABLE ${name} (i integer); SELECT 1;\nINSERT INTO ${name} SELECT ${n}, x;"
    source = Memory(
        {"V1__a.sql": text}, layout="flyway", values={"name": "a_long_name", "n": "1,\n2,\n3"}
    )
    with pytest.raises(ApplyError) as caught:
        target.apply(source)
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert "INSERT INTO ${name} SELECT ${n}, x;" in caught.value.excerpt


def test_a_value_that_changes_is_an_edit(target: Target) -> None:
    """What was applied is what the journal has, filled in."""
    files = {"V1__a.sql": "CREATE TABLE ${t} (i integer)"}
    one = Memory(files, layout="flyway", values={"t": "one"})
    target.apply(one)
    assert codes(target.plan(one)) == []
    other = Memory(files, layout="flyway", values={"t": "other", "unused": "x"})
    assert codes(target.plan(other)) == ["edited"]
    assert codes(target.plan(Memory(files, layout="flyway"))) == ["unreadable"]
    record = target.show(other, "1")
    assert record.applied_sql == "CREATE TABLE one (i integer)"
    assert record.file_sql == "CREATE TABLE other (i integer)"


def test_nothing_runs_while_a_placeholder_stands_for_nothing(target: Target) -> None:
    """Not the files before it either."""
    files = {"V1__a.sql": "CREATE TABLE a (i integer)", "V2__b.sql": "SELECT '${x}'"}
    with pytest.raises(SourceError, match=r"V2__b\.sql:1:9: \$\{x\} is a placeholder of flyway"):
        target.apply(Memory(files, layout="flyway"))
    assert target.tables() == set()


def test_the_sql_of_a_program_is_applied_in_its_place(target: Target) -> None:
    """As the user gives it."""
    files = {
        "00001_a.sql": "-- +goose Up\nCREATE TABLE a (i integer);",
        "00002_fill.go": "package migrations",
        "00003_b.sql": "-- +goose Up\nUPDATE a SET i = 3 WHERE i = 2;",
    }
    with pytest.raises(SourceError, match=r"00002_fill\.go is a program"):
        target.apply(Memory(files, layout="goose"))
    up = "-- +goose Up\nINSERT INTO a VALUES (2)"
    source = Memory(files, layout="goose", values={"00002_fill.go": up})
    assert applied(target.apply(source)) == ["00001", "00002", "00003"]
    assert target.query("SELECT i FROM a") == [(3,)]


@pytest.mark.parametrize(
    ("layout", "first", "program"),
    [
        ("goose", "-- +goose Up", "00002_fill.go"),
        ("node-pg-migrate", "-- Up Migration", "2_fill.js"),
        ("yoyo", "", "2_fill.py"),
    ],
)
@pytest.mark.parametrize(
    ("sql", "held"),
    [("INSERT INTO a VALUES (2)", 1), ("", 0), ("-- +goose Up\nINSERT INTO a VALUES (2)", 1)],
)
def test_that_sql_needs_no_markers(
    target: Target, layout: str, first: str, program: str, sql: str, held: int
) -> None:
    """What the refusal says to write is enough, and so is nothing at all."""
    files = {"00001_a.sql": f"{first}\nCREATE TABLE a (i integer);", program: "x"}
    source = Memory(files, layout=layout, values={program: sql})
    assert len(applied(target.apply(source))) == 2
    assert target.query("SELECT count(*) FROM a") == [(held,)]


def test_a_plain_folder_does_not_undo_itself(target: Target) -> None:
    """Another tool's file, read as plain SQL, would drop what it creates."""
    files = {"00001_a.sql": "-- +goose Up\nCREATE TABLE a (i int);\n-- +goose Down\nDROP TABLE a;"}
    with pytest.raises(SourceError, match=r"(?s)00001_a\.sql:3:1: .*--layout goose"):
        target.apply(Memory(files))
    assert target.tables() == set()


def test_a_ledger_of_its_own_beside_the_tools(target: Target) -> None:
    """Whose table is called the same, and stays as it is."""
    target.execute("CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)")
    settings = Settings(ledger=LedgerName("st44_migrations"))
    source = Memory(dress("dbmate", FOLDER), layout="dbmate")
    assert len(applied(target.apply(source, settings=settings))) == 3
    assert target.query("SELECT count(*) FROM schema_migrations") == [(0,)]
