"""
What counts in a checksum (R12), by example; the laws are in `properties`.
"""

from __future__ import annotations

import pytest

from sqltext.kit import read
from st44_migrate.sqltext import units_checksum

BASE = "CREATE TABLE a (\n  id int, name text\n);\nSELECT 'x';"

SAME = {
    "line ends": BASE.replace("\n", "\r\n"),
    "line ends, converted twice": BASE.replace("\n", "\r\r\n"),
    "byte order mark": f"\ufeff{BASE}",
    "blanks at the ends of lines": BASE.replace("\n", " \t\n"),
    "a blank at the ends of lines": BASE.replace("\n", " \n"),
    "an empty line": BASE.replace("(\n", "(\n\n"),
    "empty lines": BASE.replace("\n", "\n\n \n"),
    "comments around": f"-- a\n{BASE}\n/* b */ -- c",
    "no last semicolon": BASE.rstrip(";"),
    "empty statements": f";;{BASE};;",
    "comment at the end of a line": BASE.replace("text\n", "text -- the name\n"),
    "line of comment": BASE.replace("  id", "  -- the key\n  id"),
    "lines of comment": BASE.replace("  id", "  /* the\n key */\n\n  id"),
    "comment at the start of a line": BASE.replace("  id", "  /* key */ id"),
    "comment before a line": BASE.replace("\n)", "\n/* end */ )"),
    "comment before a blank": BASE.replace("int, ", "int,/* b */ "),
    "comment behind a blank": BASE.replace("int, ", "int, /* b */"),
    "comment between blanks": BASE.replace("int, ", "int, /* b */ /* c */ "),
    "comment for a blank": BASE.replace("id int", "id/* b */int"),
    "comment beside a parenthesis": BASE.replace("text\n)", "text\n/**/)"),
    "comment beside a comma": BASE.replace("int,", "int/* b */,"),
}

DIFFERENT = {
    "word": BASE.replace("int", "int4"),
    "case": BASE.replace("CREATE", "create"),
    "literal": BASE.replace("'x'", "'y'"),
    "blank in a literal": BASE.replace("'x'", "'x '"),
    "comment in a literal": BASE.replace("'x'", "'x/**/'"),
    "order": "SELECT 'x';\nCREATE TABLE a (\n  id int, name text\n);",
    "boundary": BASE.replace(";\nSELECT", "\nSELECT"),
    "transaction": f"BEGIN;{BASE} COMMIT;",
    "indentation": BASE.replace("  id", "   id"),
    "a statement more": f"{BASE} SELECT 1;",
    "a statement less": "CREATE TABLE a (\n  id int, name text\n);",
}


def checksum(text: str, dialect: str = "postgresql") -> str:
    return read(text, dialect).checksum


@pytest.mark.parametrize("text", SAME.values(), ids=SAME.keys())
def test_what_does_not_change_the_meaning_does_not_count(text: str) -> None:
    """Line ends, a byte order mark, comments, trailing blanks and empty lines."""
    assert text != BASE
    assert checksum(text) == checksum(BASE)
    assert checksum(text, "sqlite") == checksum(BASE, "sqlite")


@pytest.mark.parametrize("text", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_everything_else_counts(text: str) -> None:
    """Each token, each literal, the order and the number of statements."""
    assert checksum(text) != checksum(BASE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a/**/b", "SELECT ab"),
        ("SELECT 1 -/**/-1", "SELECT 1 --1"),
        ("SELECT 'a'/**/'b'", "SELECT 'a''b'"),
        ("SELECT 'a'\n'b'", "SELECT 'a' 'b'"),
        ("SELECT 'a' -- x\n'b'", "SELECT 'a' 'b'"),
        ("SELECT '1'; SELECT '2'", "SELECT '1; SELECT 2'"),
        ("DO $$ -- a\n$$", "DO $$ -- b\n$$"),
        ("DO $$ a \n$$", "DO $$ a\n$$"),
        ("DO $$\n\na$$", "DO $$\na$$"),
        ("SELECT E'a\\'--b'", "SELECT E'a\\'--c'"),
        ('SELECT 1 AS "--a"', 'SELECT 1 AS "--b"'),
        ("SELECT $1 -- '\n, 'a --b'", "SELECT $1 -- '\n, 'a --c'"),
    ],
)
def test_quotes_keep_what_would_not_count_outside(one: str, other: str) -> None:
    """A comment parts two tokens, and there is none inside of a literal."""
    assert checksum(one) != checksum(other)


def test_sqlite_reads_its_own_quotes() -> None:
    """Two dashes in brackets are a part of the name."""
    assert checksum("SELECT [a--b]", "sqlite") != checksum("SELECT [a--c]", "sqlite")
    assert checksum("SELECT `a--b`", "sqlite") != checksum("SELECT `a--c`", "sqlite")
    assert checksum("SELECT 1 /* a", "sqlite") == checksum("SELECT 1", "sqlite")


def test_checksums_stay_what_they_are() -> None:
    """They are stored in databases: a change of the algorithm needs a plan for them."""
    assert checksum("-- nothing") == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    # SHA-256 of "8:SELECT 1" and "11:SELECT 'ä'".
    assert checksum("SELECT 1; SELECT /* ä */ 'ä';") == EXPECTED


EXPECTED = "88f47e16c983abc10ff15472aab6a42f2e61a26f3ee8e2667d2281e28fc654f0"


def test_units_change_with_their_statements_and_with_their_grouping() -> None:
    """What ran already is compared: a comment is no edit, a BEGIN around two statements is."""
    header = "-- st44: no-transaction\n"
    base = read(f"{header}SELECT 1;\nSELECT 2;\nSELECT 3").units
    commented = read(f"{header}SELECT /* one */ 1;\n-- two\nSELECT 2;\nSELECT 4").units
    grouped = read(f"{header}BEGIN; SELECT 1; SELECT 2; COMMIT; SELECT 3").units
    assert units_checksum(base[:2]) == units_checksum(commented[:2])
    assert units_checksum(base) != units_checksum(commented)
    assert units_checksum(base[:2]) != units_checksum(grouped[:1])
    assert units_checksum(base[:1]) != units_checksum(base[:2]) != units_checksum(())


@pytest.mark.parametrize(
    ("one", "other", "dialect"),
    [
        ("SELECT [it's] AS a, 1 -- b", "SELECT [it's] AS a, 2 -- b", "sqlite"),
        ("SELECT 1 AS [a --b]", "SELECT 1 AS [a --c]", "sqlite"),
        ("SELECT 1 AS `a --b`", "SELECT 1 AS `a --c`", "sqlite"),
        ("SELECT '\\', '--b'", "SELECT '\\', '--c'", "sqlite"),
        ("SELECT E'\\' --b'", "SELECT E'\\' --c'", "postgresql"),
        ("DO $$ '\n--b $$", "DO $$ '\n--c $$", "postgresql"),
        ("SELECT 1 /* /* */ */ + '--a'", "SELECT 1 /* /* */ */ + '--b'", "postgresql"),
        ("SELECT ARRAY[1]\n --b\n[2]", "SELECT ARRAY[1]\n --b\n[3]", "postgresql"),
    ],
)
def test_units_count_whatever_the_dialect(one: str, other: str, dialect: str) -> None:
    """No quote of one dialect hides an edit because another reads it as a comment."""
    assert units_checksum(read(one, dialect).units) != units_checksum(read(other, dialect).units)
