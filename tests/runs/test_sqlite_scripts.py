"""
What SQLite files do to the database itself: its modes, its size, its schema.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.conftest import target_of
from st44_migrate import ApplyError
from st44_migrate.events import StatementApplied
from targets import SQLITE, Target, applied, write

ONE = {"001_one.sql": "CREATE TABLE one (id integer, t text);\n"}


@pytest.fixture(params=SQLITE)
def lite(request: pytest.FixtureRequest) -> Target:
    """
    Give a path for a new database, once for each colour.
    """
    return target_of(request.param, request)


@pytest.mark.parametrize(
    "text",
    [
        "PRAGMA journal_mode = WAL;\n",
        "PRAGMA journal_mode = WAL;\nCREATE TABLE two (id integer);\n",
        "CREATE TABLE two (id integer);\nPRAGMA journal_mode = WAL;\n",
        "PRAGMA journal_mode = WAL;\nBEGIN;\nCREATE TABLE two (id integer);\nCOMMIT;\n",
        "CREATE TABLE two (id integer);\nPRAGMA journal_mode = WAL;\nINSERT INTO two VALUES (1);\n",
    ],
    ids=["alone", "first", "last", "before BEGIN", "in the middle"],
)
def test_the_journal_mode_is_changed_wherever_it_stands(
    lite: Target, folder: Path, text: str
) -> None:
    """
    SQLite refuses it in a transaction, so it is kept out of ours.
    """
    assert applied(lite.apply(write(folder, ONE | {"002_wal.sql": text}))) == ["001", "002"]
    assert lite.query("PRAGMA journal_mode") == [("wal",)]
    assert lite.apply(folder).applied == ()


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_vacuum_runs_alone(lite: Target, folder: Path, mode: str) -> None:
    """
    It cannot be in a transaction; what stands beside it commits step by step.
    """
    lite.execute(f"PRAGMA journal_mode = {mode}")
    text = "INSERT INTO one VALUES (1, 'a');\nPRAGMA page_size = 8192;\nVACUUM;\nANALYZE;\n"
    assert applied(lite.apply(write(folder, ONE | {"002_vacuum.sql": text}))) == ["001", "002"]
    assert lite.query("PRAGMA page_size") == [(8192 if mode == "DELETE" else 4096,)]
    assert lite.query("SELECT count(*) FROM one") == [(1,)]


def test_vacuum_that_cannot_go_on_is_resumed(lite: Target, folder: Path) -> None:
    """
    What was committed before it stays and is not done twice.
    """
    text = "INSERT INTO one VALUES (1, 'a');\nVACUUM {};\nINSERT INTO one VALUES (2, 'b');\n"
    write(folder, ONE | {"002_vacuum.sql": text.format("nowhere")})
    with pytest.raises(ApplyError) as caught:
        lite.apply(folder)
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert "first 1 of 3 statement(s)" in caught.value.unchanged
    assert lite.versions() == ["001"]
    write(folder, ONE | {"002_vacuum.sql": text.format("main")})
    assert applied(lite.apply(folder)) == ["002"]
    assert lite.query("SELECT id FROM one ORDER BY id") == [(1,), (2,)]


def test_tables_come_and_go_with_the_transaction(lite: Target, folder: Path) -> None:
    """
    The third statement fails: nothing of the first two stays, nothing after it ran.
    """
    bad = (
        "CREATE TABLE two (id integer PRIMARY KEY);\nALTER TABLE one ADD COLUMN u text;\n"
        "DROP TABLE nowhere;\nCREATE TABLE three (id integer);\nDROP TABLE one;\n"
    )
    write(folder, ONE | {"002_bad.sql": bad})
    with pytest.raises(ApplyError) as caught:
        lite.apply(folder)
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.place.column) == (3, 12)
    assert lite.tables() == {"one"}
    assert lite.query("SELECT count(*) FROM pragma_table_info('one')") == [(2,)]
    assert [event.migration.label for event in lite.saw(StatementApplied)] == ["001"]
    write(folder, ONE | {"002_bad.sql": bad.replace("DROP TABLE nowhere;", "")})
    assert applied(lite.apply(folder)) == ["002"]
    assert lite.tables() == {"two", "three"}


def test_a_large_file_runs_and_can_be_shown_again(lite: Target, folder: Path) -> None:
    """
    Five megabytes in twenty thousand statements, quotes and wide characters among them.
    """
    padding = "it''s größer 🎉 \\ " * 12
    large = "".join(f"INSERT INTO one VALUES ({n}, '{padding}{n}');\n" for n in range(20_000))
    assert len(large.encode()) > 5_000_000
    report = lite.apply(write(folder, ONE | {"002_large.sql": large}))
    assert applied(report) == ["001", "002"]
    assert report.applied[1].statements == 20_000
    assert lite.query("SELECT count(*), count(DISTINCT t) FROM one") == [(20_000, 20_000)]
    assert lite.show(folder, "002").applied_sql == large
    assert lite.apply(folder).applied == ()


@pytest.mark.parametrize("quotes", [0, 400_000], ids=["wide", "quoted"])
def test_a_literal_of_the_journal_never_exceeds_a_statement(
    lite: Target, folder: Path, quotes: int
) -> None:
    """
    A comment of wide characters or quotes grows as it is written down.
    """
    text = "/* " + ("'" * quotes or "🎉" * 400_000) + " */ SELECT 1;\n"
    assert applied(lite.apply(write(folder, {"001_long.sql": text}))) == ["001"]
    assert lite.show(folder, "001").applied_sql == text


# Two files, and how many rows the second adds where it notices nothing.
LEAKS: dict[str, tuple[str, str, int]] = {
    "a temporary table": ("CREATE TEMP TABLE w (id integer);\n",) * 2 + (0,),
    "an attached database": ("ATTACH ':memory:' AS side;\n",) * 2 + (0,),
    "a temporary table that hides a real one": (
        "CREATE TEMP TABLE one AS SELECT 5 AS id;\n",
        "INSERT INTO main.one SELECT 1, 'a' WHERE NOT EXISTS (SELECT 1 FROM one);\n",
        1,
    ),
}
PRAGMAS = ("recursive_triggers", "ignore_check_constraints", "legacy_alter_table")


@pytest.mark.parametrize(("first", "second", "rows"), LEAKS.values(), ids=list(LEAKS))
def test_what_a_file_leaves_in_its_session_is_gone_for_the_next(
    lite: Target, folder: Path, first: str, second: str, rows: int
) -> None:
    """
    A file behaves the same, whether it runs alone or after others (R9).
    """
    write(folder, ONE | {"002_first.sql": first, "003_second.sql": second})
    assert applied(lite.apply(folder)) == ["001", "002", "003"]
    assert lite.query("SELECT count(*) FROM one") == [(rows,)]


@pytest.mark.parametrize("pragma", PRAGMAS)
def test_what_a_file_sets_for_its_session_is_unset_for_the_next(
    lite: Target, folder: Path, pragma: str
) -> None:
    """
    Files set what they need for themselves (R9).
    """
    ask = f"INSERT INTO one SELECT {pragma}, 'is on' FROM pragma_{pragma};\n"
    write(folder, ONE | {"002_set.sql": f"PRAGMA {pragma} = ON;\n", "003_ask.sql": ask})
    assert applied(lite.apply(folder)) == ["001", "002", "003"]
    assert lite.query("SELECT * FROM one") == [(0, "is on")]


def test_a_rebuild_after_a_file_that_commits_step_by_step(lite: Target, folder: Path) -> None:
    """
    What is noted for the check of foreign keys does not outlive its file.
    """
    steps = "PRAGMA foreign_keys = OFF;\nCREATE TABLE w (a);\nVACUUM;\nPRAGMA foreign_keys = ON;\n"
    rebuild = "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE x (a);\nCOMMIT;\n"
    lite.apply(write(folder, {"001_steps.sql": steps, "002_rebuild.sql": rebuild}))
    assert lite.tables() == {"w", "x"}
