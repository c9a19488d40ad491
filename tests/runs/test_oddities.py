"""
SQL as people write it: what a naive splitter or a careless driver gets wrong.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import ApplyError
from targets import Target, applied, write

BASE = "CREATE TABLE base (id integer, t text);\n"

# The file, a query, and what it gives.
POSTGRES: dict[str, tuple[str, str, object]] = {
    "semicolons in a dollar body": (
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$\nDECLARE t text := ';';\nBEGIN\n"
        "  t := t || $$;'$$; -- ; it's\n  RETURN t;\nEND; $f$;\n",
        *("SELECT f()", ";;'"),
    ),
    "a body in plain quotes": (
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS 'SELECT ''a;b''; SELECT ''c;''';\n",
        *("SELECT f()", "c;"),
    ),
    "BEGIN ATOMIC": (
        "CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC\n  SELECT 1;\n"
        "  SELECT CASE WHEN n > 1 THEN 2 ELSE 3 END;\nEND;\nINSERT INTO base VALUES (f(5));\n",
        *("SELECT id FROM base", 2),
    ),
    "a rule with parentheses": (
        "CREATE TABLE log (id integer);\nCREATE RULE r AS ON INSERT TO base DO ALSO (\n"
        "  INSERT INTO log VALUES (new.id);\n  INSERT INTO log VALUES (-new.id);\n);\n"
        "INSERT INTO base VALUES (7);\n",
        *("SELECT count(*) || ' ' || sum(id) FROM log", "2 0"),
    ),
    "a rule that selects": (
        "CREATE RULE r AS ON INSERT TO base DO ALSO SELECT 'inserted', new.id;\n"
        "INSERT INTO base VALUES (7), (8);\nINSERT INTO base VALUES (9);\n",
        *("SELECT count(*) FROM base", 3),
    ),
    "percent, colons, question marks and dollars": (
        "INSERT INTO base SELECT 5 % 3, '100%' || ' %s %(x)s :name ? {} $1 ${HOME}'\n"
        " WHERE 'a' LIKE '%' AND '{\"k\": 1}'::jsonb ? 'k';\n",
        *("SELECT id || t FROM base", "2100% %s %(x)s :name ? {} $1 ${HOME}"),
    ),
    "a prepared statement": (
        "PREPARE p (int) AS INSERT INTO base VALUES ($1);\nEXECUTE p(4);\nDEALLOCATE p;\n",
        *("SELECT id FROM base", 4),
    ),
    "strings of every kind": (
        r"INSERT INTO base VALUES (1, E'\';' || 'C:\' || U&'\0061;' || $q$'$q$ || N';');" + "\n",
        *("SELECT t FROM base", "';C:\\a;';"),
    ),
    "strings continued in the next line": (
        "INSERT INTO base VALUES (1, 'a;'\n  'b');\n",
        *("SELECT t FROM base", "a;b"),
    ),
    "nested comments": (
        "/* ; /* ; */ ' */ INSERT INTO base /* $$ ; */ VALUES (1); -- ' ; $$\n",
        *("SELECT id FROM base", 1),
    ),
    "what pg_dump writes": (
        "SET statement_timeout = 0;\nSET client_encoding = 'UTF8';\n"
        "SET standard_conforming_strings = on;\n"
        "SELECT pg_catalog.set_config('search_path', '', false);\n"
        "SET check_function_bodies = false;\nSET row_security = off;\n\n"
        "CREATE TABLE public.dumped (id integer);\n"
        "ALTER TABLE public.dumped OWNER TO CURRENT_USER;\n",
        *("SELECT count(*) FROM dumped", 0),
    ),
    "END in place of COMMIT": (
        "START TRANSACTION;\nINSERT INTO base VALUES (1);\nEND TRANSACTION;\n",
        *("SELECT id FROM base", 1),
    ),
    "a BEGIN with its isolation level": (
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\n"
        "INSERT INTO base SELECT 1, current_setting('transaction_isolation');\nCOMMIT;\n",
        *("SELECT t FROM base", "serializable"),
    ),
    "SET TRANSACTION": (
        "BEGIN;\nSET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n"
        "INSERT INTO base SELECT 1, current_setting('transaction_isolation');\nCOMMIT;\n",
        *("SELECT t FROM base", "repeatable read"),
    ),
    "savepoints": (
        "SAVEPOINT a;\nINSERT INTO base VALUES (1);\nROLLBACK TO a;\n"
        "INSERT INTO base VALUES (2);\nRELEASE a;\n",
        *("SELECT id FROM base", 2),
    ),
    "many rows that nobody reads": (
        "SELECT generate_series(1, 5000);\nTABLE base;\nVALUES (1), (2);\n"
        "INSERT INTO base VALUES (1) RETURNING *;\nSHOW server_version;\n",
        *("SELECT id FROM base", 1),
    ),
    "a table for the transaction only": (
        "CREATE TEMP TABLE w ON COMMIT DROP AS SELECT 3 AS n;\nINSERT INTO base SELECT n FROM w;\n",
        *("SELECT id FROM base", 3),
    ),
    "an index without a marker, concurrently": (
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS base_id ON base (id);\n",
        *("SELECT indisvalid FROM pg_index WHERE indexrelid = 'base_id'::regclass", True),
    ),
    "two of them, and more": (
        "CREATE TABLE more (id integer);\ncreate unique index\n  concurrently more_id on more (id);\n"
        "INSERT INTO more VALUES (1);\nDROP INDEX CONCURRENTLY more_id;\n",
        *("SELECT id FROM more", 1),
    ),
    "a new value of an enum": (
        "CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'glad';\n",
        *("SELECT array_to_string(enum_range(NULL::mood), ',')", "sad,glad"),
    ),
    "a procedure that commits, called alone": (
        "-- st44: no-transaction\nCREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN\n"
        "  INSERT INTO base VALUES (1);\n  COMMIT;\n  INSERT INTO base VALUES (2);\nEND $$;\n"
        "CALL p();\n",
        *("SELECT count(*) FROM base", 2),
    ),
    "a DO block that commits, alone": (
        "-- st44: no-transaction\nDO $$ BEGIN\n  FOR n IN 1..3 LOOP\n"
        "    INSERT INTO base VALUES (n);\n    COMMIT;\n  END LOOP;\nEND $$;\n",
        *("SELECT count(*) FROM base", 3),
    ),
}

SQLITE: dict[str, tuple[str, str, object]] = {
    "a trigger with CASE": (
        "CREATE TRIGGER tr AFTER INSERT ON base WHEN new.id > 0 BEGIN\n"
        "  UPDATE base SET t = CASE WHEN new.id > 5 THEN 'big;' ELSE 'small' END;\n"
        "  SELECT CASE new.id WHEN 13 THEN RAISE(ABORT, 'no; never') END;\nEND;\n"
        "INSERT INTO base VALUES (7, '');\n",
        *("SELECT t FROM base", "big;"),
    ),
    "PRAGMAs around BEGIN": (
        "PRAGMA foreign_keys=OFF;\nBEGIN;\nINSERT INTO base VALUES (1, 'a');\nCOMMIT;\n"
        "PRAGMA foreign_keys=ON;\n",
        *("SELECT t FROM base", "a"),
    ),
    "PRAGMAs inside of BEGIN": (
        "BEGIN TRANSACTION;\nPRAGMA foreign_keys=off;\nPRAGMA user_version = 7;\n"
        "INSERT INTO base VALUES (1, 'a');\nEND TRANSACTION;\n",
        *("PRAGMA user_version", 7),
    ),
    "percent, colons, question marks and at signs": (
        "INSERT INTO base VALUES (5 % 3, '100% %s :name ? {} $1 @x #');\n",
        *("SELECT t FROM base", "100% %s :name ? {} $1 @x #"),
    ),
    "names of every kind": (
        'CREATE TABLE "a;b" ([c;d] integer, `e;f` text);\nINSERT INTO "a;b" VALUES (1, \';\');\n',
        *('SELECT "e;f" FROM "a;b"', ";"),
    ),
    "rows that are no text": (
        "INSERT INTO base VALUES (1, CAST(x'ff' AS text)) RETURNING *;\nSELECT * FROM base;\n",
        *("SELECT hex(t) FROM base", "FF"),
    ),
    "a comment that nobody closed": (
        "INSERT INTO base VALUES (1, 'a'); /* the end",
        *("SELECT t FROM base", "a"),
    ),
    "savepoints": (
        "SAVEPOINT a;\nINSERT INTO base VALUES (1, '');\nROLLBACK TO a;\n"
        "INSERT INTO base VALUES (2, 'b');\nRELEASE a;\n",
        *("SELECT t FROM base", "b"),
    ),
}

BOTH: dict[str, tuple[str, str, object]] = {
    "no semicolon, a comment behind": (
        "INSERT INTO base VALUES (1, 'a'); INSERT INTO base VALUES (1, 'b') -- the last; one",
        *("SELECT count(*) FROM base", 2),
    ),
    "a comment with a quote at the end of a body": (
        "INSERT INTO base VALUES (1, 'a') /* it's */\n-- isn't it\n;\n-- that's all",
        *("SELECT count(*) FROM base", 1),
    ),
    "empty statements": (";;INSERT INTO base VALUES (1, ';');;\n;", *("SELECT t FROM base", ";")),
    "one line of everything": (
        "BEGIN;INSERT INTO base VALUES (1,'a');COMMIT;--done",
        *("SELECT t FROM base", "a"),
    ),
    "a lonely carriage return": (
        "INSERT INTO base\rVALUES (1, 'a\rb');\n",
        *("SELECT length(t) FROM base", 3),
    ),
}


def check(target: Target, folder: Path, text: str, query: str, expected: object) -> None:
    """
    Apply *text* between two plain files, look, and apply nothing once more.
    """
    write(folder, {"001_base.sql": BASE, "002_odd.sql": text, "003_next.sql": "SELECT * FROM base"})
    assert applied(target.apply(folder)) == ["001", "002", "003"]
    assert target.query(query) == [(expected,)]
    assert target.show(folder, "002").applied_sql == text
    assert target.apply(folder).applied == ()
    assert target.plan(folder).problems == ()


@pytest.mark.parametrize("pg", ["psycopg"], indirect=True)
@pytest.mark.parametrize(("text", "query", "expected"), POSTGRES.values(), ids=list(POSTGRES))
def test_postgresql_runs_it_as_psql_would(
    pg: Target, folder: Path, text: str, query: str, expected: object
) -> None:
    """
    Each oddity does what its author meant, and the next file notices nothing.
    """
    check(pg, folder, text, query, expected)


@pytest.mark.parametrize("target", ["sqlite3", "aiosqlite"], indirect=True)
@pytest.mark.parametrize(("text", "query", "expected"), SQLITE.values(), ids=list(SQLITE))
def test_sqlite_runs_it_as_its_shell_would(
    target: Target, folder: Path, text: str, query: str, expected: object
) -> None:
    """
    Each oddity does what its author meant, and the next file notices nothing.
    """
    check(target, folder, text, query, expected)


@pytest.mark.parametrize("target", ["psycopg", "sqlite3"], indirect=True)
@pytest.mark.parametrize(("text", "query", "expected"), BOTH.values(), ids=list(BOTH))
def test_every_database_runs_it(
    target: Target, folder: Path, text: str, query: str, expected: object
) -> None:
    """
    A comment never swallows what the runner itself sends behind it.
    """
    check(target, folder, text, query, expected)


# --- what cannot be done is said ----------------------------------------------


def test_a_commit_inside_of_a_do_block_fails_and_leaves_nothing(pg: Target, folder: Path) -> None:
    """
    The server refuses it in a transaction; its line is shown.
    """
    bad = "DO $$ BEGIN\n  INSERT INTO base VALUES (1);\n  COMMIT;\nEND $$;\n"
    write(folder, {"001_base.sql": BASE, "002_odd.sql": bad})
    with pytest.raises(ApplyError) as caught:
        pg.apply(folder)
    assert caught.value.sqlstate == "2D000"
    assert caught.value.place is not None
    assert caught.value.place.line == 3
    assert pg.query("SELECT count(*) FROM base") == [(0,)]


def test_an_enum_value_is_used_only_after_its_commit(pg: Target, folder: Path) -> None:
    """
    In one transaction the server refuses it with a hint; statement by statement it works.
    """
    text = (
        "ALTER TYPE mood ADD VALUE 'glad';\nCREATE TABLE felt (m mood);\n"
        "INSERT INTO felt VALUES ('glad');\n"
    )
    pg.execute("CREATE TYPE mood AS ENUM ('sad')")
    write(folder, {"001_odd.sql": text})
    with pytest.raises(ApplyError) as caught:
        pg.apply(folder)
    assert caught.value.sqlstate == "55P04"
    assert caught.value.error is not None
    assert "committed before" in (caught.value.error.hint or "")
    assert pg.query("SELECT enum_range(NULL::mood)::text") == [("{sad}",)]
    write(folder, {"001_odd.sql": "-- st44: no-transaction\n" + text})
    assert applied(pg.apply(folder)) == ["001"]
    assert pg.query("SELECT m::text FROM felt") == [("glad",)]
