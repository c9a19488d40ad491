"""
Where an error is: path, line, column, a caret under the right character, and
what stays (R16), however little the database tells.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from failing import GOOD, fail, finish, spot
from st44_migrate import ApplyError
from targets import Target, applied, write


def lines(count: int, at: int, instead: str, *, like: str) -> str:
    """
    Write *count* lines *like* this, number *at* being another.
    """
    made = [like.format(n=number) for number in range(1, count + 1)]
    made[at - 1] = instead
    return "\n".join(made) + "\n"


# --- what both databases know -------------------------------------------------


def test_a_syntax_error_on_line_17_of_40_is_shown_there(target: Target, folder: Path) -> None:
    """
    The place is the word that the parser stumbled over, in the file's own lines.
    """
    like = "CREATE TABLE t{n} (id integer);"
    error = fail(target, folder, lines(40, 17, "CREATE TABEL t17 (id integer);", like=like))
    assert spot(error) == ("002_bad.sql", 17, 8, "TABEL")
    assert error.sqlstate == ("42601" if target.is_postgres else "SQLITE_ERROR")
    assert error.statement is not None
    assert error.statement.text == "CREATE TABEL t17 (id integer)"
    assert "  16 | CREATE TABLE t16 (id integer);" in error.excerpt
    assert "rolled back whole" in error.unchanged
    finish(target, folder, lines(40, 17, like.format(n=17), like=like))
    assert len(target.tables()) == 41


def test_a_failing_constraint_on_line_30_is_shown_there(target: Target, folder: Path) -> None:
    """
    The server gives no position for it: the statement that failed is the place.
    """
    like = "INSERT INTO first VALUES ({n});"
    bad = lines(40, 30, "  INSERT INTO first VALUES (7);", like=like)
    error = fail(target, folder, bad)
    assert spot(error) == ("002_bad.sql", 30, 3, "INSERT")
    assert error.error is not None
    if target.is_postgres:
        assert (error.sqlstate, error.error.constraint) == ("23505", "first_pkey")
        assert error.error.detail == "Key (id)=(7) already exists."
        assert "first_pkey" in str(error)
    else:
        state = "SQLITE_CONSTRAINT_PRIMARYKEY"
        assert (error.sqlstate, error.error.constraint) == (state, "first.id")
    assert target.query("SELECT count(*) FROM first") == [(0,)]
    finish(target, folder, lines(40, 30, like.format(n=30), like=like))
    assert target.query("SELECT count(*) FROM first") == [(40,)]


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_the_caret_stands_right_behind_tabs_and_wide_characters(
    target: Target, folder: Path, end: str
) -> None:
    """
    Columns count characters, not bytes; the caret follows what a terminal shows.
    """
    text = (
        "-- größer als 日本語 🎉\n\n"
        "INSERT INTO first VALUES (1);\n"
        "\t/* naïve 日本 */\tSELECT 'Straße 🎉', '日本語' FROM nowhere;\n"
    ).replace("\n", end)
    error = fail(target, folder, text.encode())
    column = text.split(end)[3].index("nowhere") + 1
    assert spot(error) == ("002_bad.sql", 4, column, "nowhere")
    assert "\r" not in str(error)
    assert error.sqlstate == ("42P01" if target.is_postgres else "SQLITE_ERROR")
    finish(target, folder, text.replace("nowhere", "first"))


def test_a_string_of_several_lines_before_the_error_moves_nothing(
    target: Target, folder: Path
) -> None:
    """
    Line ends inside strings and comments count as the lines that they are.
    """
    bad = "INSERT INTO first SELECT length('a;\n\n b''\n');\n/* one\n\n two */ SELECT 1 +\n  nothing;\n"
    error = fail(target, folder, bad)
    assert spot(error) == ("002_bad.sql", 8, 3, "nothing")
    finish(target, folder, bad.replace("nothing", "1"))


def test_what_is_missing_from_the_ledger_is_no_place_in_the_file(
    target: Target, folder: Path
) -> None:
    """
    A file that drops the ledger fails as it is recorded, and is rolled back.
    """
    error = fail(target, folder, "DROP TABLE schema_migrations;\n")
    assert error.place is None
    assert str(error).startswith(f"{folder}/002_bad.sql: while it was recorded: ")
    assert "not at fault" not in error.remedy
    finish(target, folder, "SELECT 1;\n")


def test_a_file_that_makes_its_session_read_only_is_blamed_itself(
    target: Target, folder: Path
) -> None:
    """
    The database is as writable as before.
    """
    bad = "SET transaction_read_only = on;\n" if target.is_postgres else "PRAGMA query_only = ON;\n"
    error = fail(target, folder, bad)
    assert str(error).startswith(f"{folder}/002_bad.sql")
    finish(target, folder, "SELECT 1;\n")


# --- PostgreSQL ---------------------------------------------------------------


def test_detail_and_hint_are_kept(pg: Target, folder: Path) -> None:
    """
    Everything that the server says is in the exception, with the place it gives.
    """
    error = fail(pg, folder, "SELECT 1;\nSELECT\n  idd FROM first;\n")
    assert spot(error) == ("002_bad.sql", 3, 3, "idd")
    assert error.error is not None
    assert error.error.hint == 'Perhaps you meant to reference the column "first.id".'


def test_what_a_body_raises_is_kept(pg: Target, folder: Path) -> None:
    """
    An author may choose the code, the detail and the hint.
    """
    raised = "DO $$ BEGIN RAISE 'no' USING ERRCODE = 'AB123', DETAIL = 'why', HINT = 'do'; END $$;"
    error = fail(pg, folder, raised)
    assert error.error is not None
    assert (error.sqlstate, error.error.message) == ("AB123", "no")
    assert (error.error.detail, error.error.hint) == ("why", "do")


@pytest.mark.parametrize(
    ("marked", "state"),
    [
        ("ALTER TABLE first\n  ALTER COLUMN @colour SET NOT NULL;\n", "42703"),
        ("ALTER TABLE @nowhere ADD COLUMN nowhere_id integer;\n", "42P01"),
        ("SELECT 1;\n  @ALTER TABLE first RENAME id TO id;\n", "42701"),
        ("DROP TABLE @nowhere, first CASCADE; -- nowhere\n", "42P01"),
    ],
)
def test_a_name_in_the_message_is_found_if_it_stands_there_once(
    pg: Target, folder: Path, marked: str, state: str
) -> None:
    """
    The server gives no position for ALTER and DROP, but says what it does not know.
    """
    error = fail(pg, folder, marked.replace("@", ""))
    at = marked.index("@")
    line, column = marked.count("\n", 0, at) + 1, at - marked.rfind("\n", 0, at)
    assert error.place is not None
    assert (error.place.line, error.place.column) == (line, column)
    assert error.sqlstate == state


def test_a_deferred_constraint_fails_at_commit_with_its_name(pg: Target, folder: Path) -> None:
    """
    No statement is to blame: the moment and the constraint are said instead.
    """
    bad = (
        "CREATE TABLE child (id integer CONSTRAINT child_of_first\n"
        "  REFERENCES first DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO child VALUES (5);\n"
    )
    error = fail(pg, folder, bad)
    assert error.place is None
    assert error.statement is None
    assert error.sqlstate == "23503"
    assert error.error is not None
    assert error.error.constraint == "child_of_first"
    assert str(error).startswith(f"{folder}/002_bad.sql: at commit: ")
    assert "child_of_first" in str(error).splitlines()[0]
    finish(pg, folder, bad + "INSERT INTO first VALUES (5);\n")


def test_a_file_that_commits_step_by_step_says_what_stays(pg: Target, folder: Path) -> None:
    """
    The first two statements are committed; a corrected file goes on with the third.
    """
    text = (
        "-- st44: no-transaction\nCREATE TABLE a (id integer);\n"
        "CREATE INDEX CONCURRENTLY a_id ON a (id);\n\n"
        "CREATE INDEX CONCURRENTLY a_no ON a (nothing);\nCREATE TABLE b (id integer);\n"
    )
    write(folder, {"001_good.sql": GOOD, "002_bad.sql": text})
    with pytest.raises(ApplyError) as caught:
        pg.apply(folder)
    error = caught.value
    assert spot(error) == ("002_bad.sql", 5, 38, "nothing)")
    assert error.sqlstate == "42703"
    assert "first 2 of 4 statement(s)" in error.unchanged
    assert pg.tables() == {"first", "a"}
    assert pg.versions() == ["001"]
    write(folder, {"001_good.sql": GOOD, "002_bad.sql": text.replace("nothing", "id")})
    assert applied(pg.apply(folder)) == ["002"]
    assert pg.tables() == {"first", "a", "b"}


def test_what_cannot_run_in_a_transaction_is_told_the_way_out(pg: Target, folder: Path) -> None:
    """
    Its text does not show that the table is partitioned: the server does, and the
    header named in the error helps.
    """
    parted = "CREATE TABLE p (i integer) PARTITION BY LIST (i);\nCREATE INDEX p_i ON p (i);\n"
    pg.apply(write(folder, {"001_p.sql": parted}))
    write(folder, {"001_p.sql": parted, "002_bad.sql": "REINDEX TABLE p;\n"})
    with pytest.raises(ApplyError) as caught:
        pg.apply(folder)
    assert caught.value.sqlstate == "25001"
    assert "-- st44: no-transaction" in caught.value.remedy
    write(
        folder, {"001_p.sql": parted, "002_bad.sql": "-- st44: no-transaction\nREINDEX TABLE p;\n"}
    )
    assert applied(pg.apply(folder)) == ["002"]
