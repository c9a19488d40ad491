"""
From bytes to a script: what is accepted, and the error that says why something is not.
"""

from __future__ import annotations

import codecs

import pytest

from sqltext.kit import PATH, migration, place, read, refusal, texts
from st44_migrate.errors import MigrateError
from st44_migrate.model import Place, Statement


def test_a_script_has_what_the_file_says() -> None:
    """The text, the statements with their places, the header, the file's own record."""
    text = (
        "-- st44: late\n"
        "BEGIN ISOLATION LEVEL SERIALIZABLE;\n"
        "  CREATE TABLE a (id int);\n"
        "INSERT INTO schema_migrations VALUES ('001', 'a');\n"
        "COMMIT;\n"
    )
    script = read(text)
    assert script.text == text
    assert script.units[0][0] == Statement("CREATE TABLE a (id int)", 52, 3, 3)
    assert texts(script.statements)[1].startswith("INSERT INTO schema_migrations")
    assert (script.begin, script.late) == ("ISOLATION LEVEL SERIALIZABLE", True)
    assert script.records == ("001",)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfSELECT 1;\r\n  SELECT '\xc3\xa4\r\nb';",
        b"SELECT 1;\r\r\n  SELECT '\xc3\xa4\nb';",
        b"SELECT 1;\n  SELECT '\xc3\xa4\nb';",
    ],
)
def test_line_ends_and_a_byte_order_mark_are_normalised(content: bytes) -> None:
    """Places count in the text as it is read, and so do literals."""
    script = read(content)
    assert script.text == "SELECT 1;\n  SELECT 'ä\nb';"
    assert script.statements[1] == Statement("SELECT 'ä\nb'", 12, 2, 3)


def test_a_lone_carriage_return_stays() -> None:
    """It ends no line, but it ends PostgreSQL's comments."""
    script = read("SELECT 1; -- a\rSELECT 2;")
    assert [(s.text, s.line) for s in script.statements] == [("SELECT 1", 1), ("SELECT 2", 1)]
    assert texts(read("SELECT 1; -- a\rSELECT 2;", "sqlite").statements) == ["SELECT 1"]


def test_an_error_says_what_where_and_what_to_do() -> None:
    """As a person sees it."""
    error = refusal("SELECT 1;\n\tINSERT INTO a VALUES ('it's');\nSELECT 2;\n")
    assert error.place == Place(PATH, 2, 29)
    assert str(error) == (
        f"{PATH}:2:29: a string opens here and never ends.\n"
        "  1 | SELECT 1;\n"
        "  2 |     INSERT INTO a VALUES ('it's');\n"
        "    |                                ^\n"
        "  3 | SELECT 2;\n"
        "Nothing was run.\n"
        "Close it; or look further up for a quote too many."
    )
    assert isinstance(error, MigrateError)
    assert (error.exit_code, error.__cause__) == (2, None)


@pytest.mark.parametrize(
    ("content", "where", "words"),
    [
        (b"", (1, 1), "the file is empty"),
        (codecs.BOM_UTF8 + b" \r\n\t\n", (1, 1), "the file is empty"),
        ("SELECT 'ä';\nSELECT 'ö\xff';".encode("latin-1"), (1, 9), "the byte 0xe4 is not UTF-8"),
        ("SELECT 'ä';\r\n -- ö".encode() + b"\xff", (2, 6), "the byte 0xff is not UTF-8"),
        ("\ufeffSELECT 1".encode() + b"\xed\xa0\x80", (1, 9), "the byte 0xed is not UTF-8"),
        ("SELECT 1;".encode("utf-16"), (1, 1), "the file is UTF-16"),
        ("SELECT 1;".encode("utf-16-be"), (1, 1), "a NUL character"),
        (b"SELECT 1;\nSELECT '\0';", (2, 9), "a NUL character"),
    ],
)
def test_bytes_that_are_no_text_are_refused(
    content: bytes, where: tuple[int, int], words: str
) -> None:
    """The place of a byte is that of the character it should be."""
    assert place(content) == where
    error = refusal(content)
    assert words in error.happened
    assert error.remedy
    assert error.excerpt.isascii() or "\0" not in error.excerpt


@pytest.mark.parametrize(
    ("text", "where", "happened", "remedy"),
    [
        ("SELECT 1;\n\\i b.sql", (2, 1), "\\i is a command of psql", "make it a migration"),
        ("\\connect db", (1, 1), "\\connect is a command of psql", "chooses the database"),
        ("\\restrict 8dhf", (1, 1), "\\restrict is a command", "pg_dump writes it"),
        ("SELECT 1 \\gexec", (1, 10), "\\gexec is a command", "DO block"),
        ("SELECT 1\\;", (1, 9), "\\; is a command", "semicolon"),
        ("\\dt+", (1, 1), "\\dt+ is a command", "say it in SQL"),
        ("SELECT 'it\\'s';", (1, 14), "a string opens here", "Close it"),
        ("SELECT \\'it''s\\';", (1, 8), "a backslash outside of quotes", "write a quote twice"),
    ],
)
def test_commands_of_psql_are_named(
    text: str, where: tuple[int, int], happened: str, remedy: str
) -> None:
    """With what to write instead."""
    assert place(text) == where
    assert happened in refusal(text).happened
    assert remedy in refusal(text).remedy


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("COPY a FROM stdin;\nit's\tdata\n\\.\n", "COPY ... FROM STDIN"),
        ('copy public.a (id, "from") from STDIN with (format csv);\n1,2\n', "FROM STDIN"),
        ("COPY a FROM STDOUT;", "COPY ... FROM STDOUT"),
        ("COPY (SELECT 1 FROM a) TO STDOUT", "COPY ... TO STDOUT"),
    ],
)
def test_copy_from_and_to_the_client_is_refused(text: str, words: str) -> None:
    """Before its data is taken for SQL."""
    assert place(f"SELECT 1;\n  {text}") == (2, 3)
    error = refusal(f"SELECT 1;\n  {text}")
    assert words in error.happened
    assert "outside of migrations" in error.remedy


def test_copy_from_the_servers_files_is_not() -> None:
    """Neither are strings, names and parentheses that only look so."""
    for sql in (
        "COPY a FROM '/data/stdin'",
        "COPY a FROM PROGRAM 'cat stdin'",
        "COPY (SELECT 1 FROM stdin) TO '/data/a'",
        "COPY a (stdin) FROM '/data/a' WITH (NULL 'from stdin')",
        "COPY \"from\" FROM '/data/a'",
        "COPYING from stdin",
    ):
        assert texts(read(sql).statements) == [sql]


def test_commands_of_the_sqlite3_shell_are_named() -> None:
    """They have no semicolon, so that one would swallow the statement behind it."""
    error = refusal("SELECT 1;\n.read b.sql\nSELECT 2;", "sqlite")
    assert place("SELECT 1;\n.read b.sql\nSELECT 2;", "sqlite") == (2, 1)
    assert ".read is a command of the sqlite3 shell" in error.happened
    assert texts(read("SELECT .5", "sqlite").statements) == ["SELECT .5"]


def test_the_path_is_the_migrations_own() -> None:
    """It is shown as the source has it."""
    assert str(migration("x").path) in str(refusal("'"))
