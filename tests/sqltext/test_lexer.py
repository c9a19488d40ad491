"""
Where statements begin and end: one small text for each trap.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import suppress

import pytest
from pglast import parser

from sqltext.kit import migration, pieces
from st44_migrate.errors import SourceError
from st44_migrate.sqltext import Flaw, read_script, split

# Each is one statement, whatever semicolons it has.
POSTGRESQL = {
    "string": "SELECT 'a;b'",
    "doubled quote": "SELECT 'it''s; fine'",
    "backslash in a standard string": "SELECT 'C:\\', 'a;b'",
    "escape string": "SELECT E'it\\'s; fine'",
    "escape string, small letter": "SELECT e'\\\\', e'\\';'",
    "doubled quote in an escape string": "SELECT E'a''\\';b'",
    "escape string over lines": "SELECT E'a'\n  'it\\'s; fine'",
    "escape string over a comment": "SELECT E'a' -- 'no\n '\\';'",
    "standard string over lines": "SELECT 'a\\'\n';b'",
    "a name that ends in e": "SELECT 1 AS ende, date'2020-01-01', ';'",
    "type before a string": "SELECT DATE'\\', ';'",
    "unicode string": "SELECT U&'d\\0061t;a'",
    "unicode name": 'SELECT 1 AS U&"d\\0061;"',
    "unicode name with its escape": "SELECT 1 AS U&\"d!0061;\" UESCAPE '!'",
    "bits": "SELECT B'01', X'1f', N';'",
    "name": 'SELECT 1 AS "a;b"',
    "doubled quote in a name": 'SELECT 1 AS "a"";b"',
    "dollar quote": "DO $$ BEGIN NULL; END $$",
    "tag": "DO $body$ BEGIN PERFORM $$;$$; END $body$",
    "tag beyond ASCII": "DO $größe$ BEGIN NULL; END $größe$",
    "dollar in front of the closing tag": "SELECT $a$ $;$a$",
    "another tag inside": "SELECT $a$ $b$ ; $a$",
    "a name with dollars": "SELECT 1 AS a$b$c, 2 AS a$b$",
    "parameters": "PREPARE p AS SELECT $1, $2, '$a$', ';'",
    "line comment": "SELECT 1 -- ; '\n + 1",
    "line comment ended by a carriage return": "SELECT 1 -- ; '\r + 1",
    "comment": "SELECT /* ; ' */ 1",
    "nested comment": "SELECT /* /* ; */ ' */ 1",
    "a comment that closes at once": "SELECT /**/ 1 /*/*/**/*/*/ + 2",
    "a comment behind an operator": "SELECT 1 +/* ; */ 2 *-- ;\n 3",
    "quotes in comments": "SELECT 1 /* it's */ -- $$\n + 1",
    "comments in quotes": "SELECT '--', '/*', \"/*\", $$ -- /* $$ FROM (SELECT 1 AS \"/*\") t",
    "rule": "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
    "rule that replaces": "create or /* x */ replace rule r as on update to t do (select 1;;select 2;)",
    "body of SQL": "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "empty body": "CREATE FUNCTION f() RETURNS void LANGUAGE SQL BEGIN ATOMIC END",
    "CASE in a body": (
        "CREATE OR REPLACE FUNCTION f(x int) RETURNS int LANGUAGE SQL\nBEGIN ATOMIC\n"
        " SELECT CASE x WHEN 1 THEN CASE WHEN true THEN 2 END ELSE 3 END;\n"
        " SELECT 4 AS end; SELECT 5 end;\nEND"
    ),
    "procedure with a body": "CREATE PROCEDURE p() BEGIN /* ; */ ATOMIC INSERT INTO t VALUES (1); END",
    "parameters called begin": "CREATE FUNCTION f(begin atomic) RETURNS int RETURN 1",
    "quoted body": "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2'",
}

SQLITE = {
    "string": "SELECT 'a;b', 'C:\\'",
    "names": 'SELECT 1 AS "a;b", 2 AS `c;``d`, 3 AS [e;f]',
    "a bracket in brackets": "SELECT 1 AS [a'[;b]",
    "comment": "SELECT /* /* ; ' */ 1 -- ; \"\n + 1",
    "trigger": "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END",
    "temporary trigger": "create temp trigger t after insert on a begin delete from b; end",
    "temporary trigger, in full": (
        "CREATE /* ; */ TEMPORARY TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END"
    ),
    "CASE in a trigger": (
        "CREATE TRIGGER t BEFORE UPDATE ON a BEGIN\n"
        " SELECT CASE WHEN new.x THEN CASE 1 WHEN 1 THEN raise(ABORT, 'no; END;') END END;\n"
        " UPDATE a SET x = CASE WHEN 1 THEN 2 END;\n /* the ; END */ END"
    ),
    "an END that goes on": "CREATE TRIGGER t BEFORE UPDATE ON a BEGIN SELECT 1; END x; ; END",
    "a dollar": "SELECT 1 AS a$b, '$$;'",
}


@pytest.mark.parametrize("sql", POSTGRESQL.values(), ids=POSTGRESQL.keys())
def test_postgresql_keeps_a_statement_whole(sql: str) -> None:
    """Its own semicolons do not split it; to PostgreSQL's parser it is one statement too."""
    assert pieces(f"{sql};SELECT 2;") == [sql, "SELECT 2"]
    assert len(parser.parse_sql(f"{sql};SELECT 2;")) == 2


@pytest.mark.parametrize("sql", SQLITE.values(), ids=SQLITE.keys())
def test_sqlite_keeps_a_statement_whole(sql: str) -> None:
    """Its own semicolons do not split it; to SQLite it is complete at its end only."""
    assert pieces(f"{sql};SELECT 2;", "sqlite") == [sql, "SELECT 2"]
    ends = [i + 1 for i, character in enumerate(f"{sql};") if character == ";"]
    assert [i for i in ends if sqlite3.complete_statement(f"{sql};"[:i])] == [len(sql) + 1]


@pytest.mark.parametrize(
    ("sql", "dialect", "expected"),
    [
        ("", "postgresql", []),
        (" \n\t\f\v;; ;-- a\n;/* b */;", "postgresql", []),
        ("-- only a comment", "sqlite", []),
        ("/* a */ SELECT /* b */ 1 /* c */ -- d\n ; -- e", "postgresql", ["SELECT /* b */ 1"]),
        ("SELECT 1", "postgresql", ["SELECT 1"]),
        ("SELECT 1;;SELECT 2 -- without an end", "sqlite", ["SELECT 1", "SELECT 2"]),
        ("SELECT\u00a01;\u00a0", "postgresql", ["SELECT\u00a01", "\u00a0"]),
        ("SELECT 1 /* an open end; '", "sqlite", ["SELECT 1"]),
        ("/*/ one comment */ SELECT 1", "sqlite", ["SELECT 1"]),
        (
            "SELECT 1 AS a$b$; SELECT 2 AS a$b$",
            "postgresql",
            ["SELECT 1 AS a$b$", "SELECT 2 AS a$b$"],
        ),
        ("SELECT 1 - -1; SELECT 2 / 3", "sqlite", ["SELECT 1 - -1", "SELECT 2 / 3"]),
    ],
)
def test_only_the_statements_are_left(sql: str, dialect: str, expected: list[str]) -> None:
    """Comments and blanks around statements go, those inside stay, empty statements vanish."""
    assert pieces(sql, dialect) == expected


def test_a_missing_parenthesis_harms_its_own_statement_only() -> None:
    """Semicolons in parentheses split, unless in a rule: the next statement stays in sight."""
    text = "CREATE TABLE a (id int; CREATE TABLE b (id int);"
    assert pieces(text) == ["CREATE TABLE a (id int", "CREATE TABLE b (id int)"]
    assert len(pieces("CREATE FUNCTION f(a int RETURNS int RETURN a; SELECT 2")) == 2


def test_a_table_called_like_what_holds_statements() -> None:
    """Only keywords make a rule, a function or a trigger of a statement."""
    assert len(pieces("CREATE TABLE rule (a int; b int)")) == 2
    assert len(pieces('CREATE "function" f() BEGIN ATOMIC SELECT 1; END')) == 2
    assert len(pieces("CREATE TABLE trigger (a; END; b)", "sqlite")) == 3


def test_an_unknown_dialect_reads_standard_sql() -> None:
    """Quotes and comments of most databases are understood."""
    sql = "SELECT 'a;', \"b;\", `c;` /* ;' */ -- ;'\n FROM t; SELECT $$; SELECT \\n"
    assert len(pieces(sql, "other")) == 3


def test_places_count_characters() -> None:
    """Line and column start at 1; a character beyond the BMP and a tab are one each."""
    text = "-- \U0001f418\n\tSELECT '\n\U0001f418'; SELECT 2;\n\nSELECT 3"
    found = [(s.offset, s.line, s.column) for s in split(text, "postgresql")]
    assert found == [(6, 2, 2), (19, 3, 5), (30, 5, 1)]


@pytest.mark.parametrize(
    ("text", "dialect", "offset", "words"),
    [
        ("SELECT 1; SELECT 'a;", "postgresql", 17, "string opens here"),
        ("SELECT E'a\\';", "postgresql", 8, "string opens here"),
        ("SELECT E'a'\n'b\\';", "postgresql", 8, "string opens here"),
        ("SELECT 'a''", "sqlite", 7, "string opens here"),
        ('SELECT "a', "postgresql", 7, "quoted name opens here"),
        ("SELECT `a", "sqlite", 7, "quoted name opens here"),
        ("SELECT [a", "sqlite", 7, "quoted name opens here"),
        ("SELECT 1 /* a /* b */ c", "postgresql", 9, "comment opens here"),
        ("/* a", "postgresql", 0, "comment opens here"),
        ("SELECT 1 /* a", "oracle", 9, "comment opens here"),
        ("DO $a$ BEGIN END $A$;", "postgresql", 3, "$a$ opens here"),
        ("SELECT 1 \\gexec", "postgresql", 9, "\\gexec is a command of psql"),
    ],
)
def test_what_never_ends_is_found_where_it_opens(
    text: str, dialect: str, offset: int, words: str
) -> None:
    """The flaw has the offset of the opening quote, not of the end of the text."""
    with pytest.raises(Flaw) as caught:
        split(text, dialect)
    assert (caught.value.offset, words in caught.value.happened) == (offset, True)
    assert caught.value.remedy


HOSTILE = {
    "quotes": "'",
    "escape strings": "E''",
    "escape strings over lines": "E'\\''\n",
    "backslashes in a string": "\\'",
    "comments that nest": "/*",
    "comments that close": "*/",
    "line comments": "--",
    "comment lines": "-- a\n",
    "dollars": "$",
    "tags": "$a",
    "almost a tag": "$a$b",
    "semicolons": ";",
    "shortest statements": "c;",
    "almost heads": "create or ",
    "parentheses": "(",
    "blanks": " ",
    "newlines": "\n",
    "carriage returns": "\r",
    "words": "a",
    "brackets": "[",
    "commas": ",",
    "ends": "end;",
}


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
@pytest.mark.parametrize("head", ["SELECT ", "CREATE FUNCTION f() ", "CREATE TRIGGER t "])
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_takes_linear_time(unit: str, head: str, dialect: str) -> None:
    """Eight times the text takes eight times as long, where it takes long at all."""
    short, long = (seconds_to_read(head + unit * (n // len(unit)), dialect) for n in SIZES)
    assert long < 0.5 or long < 4 * 8 * short


SIZES = (12_500, 100_000)


def seconds_to_read(text: str, dialect: str) -> float:
    start = time.process_time()
    with suppress(SourceError):
        read_script(migration(text), dialect)
    return time.process_time() - start
