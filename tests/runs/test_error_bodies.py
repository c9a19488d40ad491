"""
Where an error is that happens inside a function or a DO block (R16): the server
counts lines from the body's start, the author reads the file's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from failing import fail, finish, pointed, spot
from targets import Target

# Each with "@" in front of the word that the caret must stand under.
PROCEDURAL = {
    "DO": "SELECT 1;\n\nDO $$\nDECLARE\n  n int := 1;\nBEGIN\n  @n := n / 0;\nEND $$;\n",
    "DO with a tag, its body in the first line": "DO $a$ @BEGIN PERFORM 1 / 0; END $a$;\n",
    "DO, a query inside": (
        "DO LANGUAGE plpgsql $do$\nBEGIN\n  INSERT INTO first VALUES (1);\n"
        "  INSERT INTO @nowhere VALUES (1);\nEND\n$do$;\n"
    ),
    "DO inside of a condition": (
        "DO $$\nBEGIN\n  IF true THEN\n    @RAISE EXCEPTION 'stop: %', 5;\n  END IF;\nEND $$;\n"
    ),
    "function of this file": (
        "CREATE FUNCTION halve(n int) RETURNS int LANGUAGE plpgsql AS $body$\n"
        "BEGIN\n  @RETURN n / 0;\nEND $body$;\nSELECT 1;\nSELECT halve(4);\n"
    ),
    "procedure of this file, quoted and with a schema": (
        'CREATE OR REPLACE PROCEDURE public."Do It"() LANGUAGE plpgsql AS $$\n'
        'BEGIN\n\n\t@PERFORM 1 / 0;\nEND $$;\nCALL public."Do It"();\n'
    ),
    "innermost of two functions": (
        "CREATE FUNCTION inner_one() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  @UPDATE first SET id = 1 / 0;\nEND $$;\n"
        "CREATE FUNCTION outer_one() RETURNS void LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  PERFORM inner_one();\nEND $$;\n"
        "INSERT INTO first VALUES (1);\nDO $$ BEGIN PERFORM outer_one(); END $$;\n"
    ),
    "second of two like queries, the first in a branch not taken": (
        "DO $$\nBEGIN\n  IF false THEN\n    DELETE FROM nowhere;\n  END IF;\n"
        "  DELETE FROM @nowhere;\nEND $$;\n"
    ),
    "body in plain quotes, which is the statement's place": (
        "SELECT 1;\n@DO '\nBEGIN\n  PERFORM 1 / 0;\nEND';\n"
    ),
    "body behind a comment with dollars": (
        "DO /* not $$ this\n*/ $$\nBEGIN\n  @PERFORM 1 / 0;\nEND $$;\n"
    ),
    "trigger of this file": (
        "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  @RAISE 'no: %', new.id;\nEND $$;\nCREATE TRIGGER guard BEFORE INSERT ON first\n"
        "  FOR EACH ROW EXECUTE FUNCTION guard();\nINSERT INTO first VALUES (1);\n"
    ),
    "body that does not parse": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  @RETUR 1;\nEND $$;\n"
    ),
    "body of SQL that does not parse": (
        "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS $$\n  SELECT @idd FROM first\n$$;\n"
    ),
}


@pytest.mark.parametrize("pg", ["psycopg"], indirect=True)
@pytest.mark.parametrize("marked", PROCEDURAL.values(), ids=list(PROCEDURAL))
def test_an_error_inside_a_body_is_shown_inside_it(pg: Target, folder: Path, marked: str) -> None:
    """
    The line that the server counts from the body's start becomes the file's.
    """
    at = marked.index("@")
    bad = marked.replace("@", "")
    error = fail(pg, folder, bad)
    line, column = bad.count("\n", 0, at) + 1, at - bad.rfind("\n", 0, at)
    assert error.place is not None
    assert (error.place.line, error.place.column) == (line, column)
    rest = bad[at:].partition("\n")[0]
    assert pointed(error.excerpt) == rest


def test_an_error_inside_a_function_of_the_database_is_the_call(pg: Target, folder: Path) -> None:
    """
    The file did not write the function: its own line is the one that calls it.
    """
    pg.execute(
        "CREATE FUNCTION theirs() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1 / 0;\nEND $$"
    )
    error = fail(pg, folder, "SELECT 1;\n  SELECT 1,\n theirs();\n")
    assert spot(error) == ("002_bad.sql", 2, 3, "SELECT")
    assert error.error is not None
    assert "theirs()" in (error.error.context or "")
    finish(pg, folder, "SELECT 1;\n")


def test_the_line_that_calls_a_function_of_the_database_is_shown_in_a_body(
    pg: Target, folder: Path
) -> None:
    """
    The innermost place that the file holds is the one that its author can change.
    """
    pg.execute(
        "CREATE FUNCTION theirs() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n RETURN 1 / 0;\nEND $$"
    )
    error = fail(pg, folder, "DO $$\nBEGIN\n  PERFORM 1;\n  PERFORM theirs();\nEND $$;\n")
    assert spot(error) == ("002_bad.sql", 4, 3, "PERFORM")


def test_a_function_of_the_same_name_in_another_schema_is_not_blamed(
    pg: Target, folder: Path
) -> None:
    """
    The file defines app.work(); the one that fails is public.work() of the database.
    """
    pg.execute(
        "CREATE SCHEMA app",
        "CREATE FUNCTION public.work() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
        " RETURN 1 / 0;\nEND $$",
    )
    error = fail(
        pg,
        folder,
        "CREATE FUNCTION app.work() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  RETURN 1;\nEND $$;\nSELECT public.work();\n",
    )
    assert spot(error) == ("002_bad.sql", 5, 1, "SELECT")


def test_of_two_functions_with_one_name_the_wrong_one_is_not_blamed(
    pg: Target, folder: Path
) -> None:
    """
    Overloads differ in their arguments: the place is in the right one, or the call.
    """
    bad = (
        "CREATE FUNCTION f(n integer) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  RETURN 1 / 0;\nEND $$;\n"
        "CREATE FUNCTION f(t text) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n"
        "  RETURN length(t);\nEND $$;\nSELECT f(1);\n"
    )
    place = fail(pg, folder, bad).place
    assert place is not None
    assert (place.line, place.column) in {(3, 3), (9, 1)}
