"""
Laws of the lexer, with the parsers of PostgreSQL and SQLite as oracles.
"""

from __future__ import annotations

import re
import sqlite3
from bisect import bisect_left

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pglast import parser

from sqltext.kit import migration, pieces
from sqltext.strategies import (
    any_script,
    comments,
    dialects,
    dollar_quoted,
    doubled,
    escaped,
    gaps,
    quoted,
    scripts,
    soups,
)
from st44_migrate.errors import SourceError
from st44_migrate.model import Statement
from st44_migrate.sqltext import Flaw, excerpt, place_of, read_script, split

pytestmark = pytest.mark.property


def unflawed(text: str, dialect: str) -> list[Statement]:
    """
    Split *text*, or give the example up.
    """
    try:
        return split(text, dialect)
    except Flaw:
        assume(False)
        raise


# --- laws of splitting --------------------------------------------------------


@given(any_script)
def test_a_script_falls_into_the_statements_it_was_made_of(
    case: tuple[str, tuple[str, list[str]]],
) -> None:
    """Whatever is quoted or commented, in and between them."""
    dialect, (text, statements) = case
    assert pieces(text, dialect) == statements


@given(dialects.flatmap(lambda dialect: st.tuples(st.just(dialect), quoted[dialect])))
def test_a_semicolon_in_quotes_never_splits(case: tuple[str, str]) -> None:
    """Alone, after a word, and before another statement."""
    dialect, text = case
    assert pieces(f"SELECT {text};SELECT 2", dialect) == [f"SELECT {text}", "SELECT 2"]


@given(dialects.flatmap(lambda dialect: st.tuples(st.just(dialect), comments[dialect])))
def test_a_semicolon_in_a_comment_never_splits(case: tuple[str, str]) -> None:
    """Nor does a quote in it open anything."""
    dialect, text = case
    assert pieces(f"SELECT 1 {text} + 1;{text}SELECT 2", dialect) == [
        f"SELECT 1 {text} + 1",
        "SELECT 2",
    ]


@given(soups, dialects)
def test_statements_and_what_is_between_are_the_text(text: str, dialect: str) -> None:
    """Nothing is lost or doubled, and between two statements stands a semicolon."""
    statements = unflawed(text, dialect)
    at = 0
    for statement in statements:
        assert statement.offset >= at
        between = text[at : statement.offset]
        assert split(between, dialect) == []
        assert at == 0 or ";" in between
        at = statement.offset + len(statement.text)
        assert text[statement.offset : at] == statement.text
        assert statement.text == statement.text.strip(" \t\n\r\f\v")
        assert place_of(text, statement.offset) == (statement.line, statement.column)
    assert split(text[at:], dialect) == []


@given(any_script, st.data())
def test_appending_a_script_appends_its_statements(
    case: tuple[str, tuple[str, list[str]]], data: st.DataObject
) -> None:
    """What comes first is split as if nothing came after it."""
    dialect, (text, statements) = case
    more, others = data.draw(scripts(dialect))
    assert pieces(text + more, dialect) == [*statements, *others]
    assert split(text + more, dialect)[: len(statements)] == split(text, dialect)


@given(soups, dialects)
def test_a_statement_is_split_as_one(text: str, dialect: str) -> None:
    """Splitting what was split gives it back."""
    statements = unflawed(text, dialect)
    for statement in statements:
        assert split(statement.text, dialect) == [Statement(statement.text, 0, 1, 1)]


# --- the databases' own parsers -----------------------------------------------

values = st.one_of(
    doubled("'"), dollar_quoted(), escaped, st.sampled_from(["1", "a$b$", "NULL", "x'1f'", "$1"])
)
selects = st.lists(values, min_size=1, max_size=3).map(lambda found: f"SELECT {', '.join(found)}")
names = st.text(st.sampled_from("ab;'$é-/*"), min_size=1, max_size=6).map(lambda name: f'"{name}"')


@st.composite
def bodies(draw: st.DrawFn) -> str:
    inner = draw(st.lists(selects, max_size=3))
    case = draw(st.sampled_from(["", " SELECT CASE WHEN a THEN CASE b WHEN 1 THEN 2 END END;"]))
    body = "".join(f" {statement};" for statement in inner)
    return f"CREATE FUNCTION {draw(names)}() RETURNS int BEGIN ATOMIC{body}{case} END"


postgres_statements = st.one_of(
    selects,
    bodies(),
    names.map(lambda name: f"CREATE TABLE {name} ({name} text DEFAULT ';')"),
    st.builds(
        lambda name, one, two: f"CREATE RULE {name} AS ON INSERT TO t DO ALSO ({one}; {two})",
        names,
        selects,
        selects,
    ),
    dollar_quoted().map(lambda body: f"DO {body}"),
)


@given(st.data())
def test_postgresql_sees_the_same_statements(data: st.DataObject) -> None:
    """Valid scripts are cut where libpg_query cuts them."""
    text = data.draw(gaps("postgresql"))
    for statement in data.draw(st.lists(postgres_statements, max_size=4)):
        text += statement + data.draw(gaps("postgresql")) + ";" + data.draw(gaps("postgresql"))
    ends = [
        (s.stmt_location or 0, (s.stmt_location or 0) + (s.stmt_len or len(text)))
        for s in parser.parse_sql(text)
    ]
    solid = [token for token in parser.scan(text) if "COMMENT" not in token.name]
    starts = [token.start for token in solid]
    expected = [text[start : solid[bisect_left(starts, end) - 1].end + 1] for start, end in ends]
    assert pieces(text) == expected


@given(soups)
def test_postgresql_sees_the_same_semicolons(text: str) -> None:
    """On any soup that its scanner takes, they are where it sees them."""
    text = text.replace("\0", "")
    assume(not re.search(r"create|\d\w|\$\d+\w", text))
    try:
        tokens = [token for token in parser.scan(text) if "COMMENT" not in token.name]
    except parser.ParseError:
        return
    backslashes = [token.start for token in tokens if token.name == "ASCII_92"]
    if backslashes:
        with pytest.raises(Flaw) as caught:
            split(text, "postgresql")
        assert caught.value.offset == backslashes[0]
        return
    expected: list[str] = []
    run: list[int] = []
    for token in [*tokens, None]:
        if token is not None and token.name != "ASCII_59":
            run += [token.start, token.end + 1]
        elif run:
            expected.append(text[run[0] : run[-1]])
            run = []
    assert pieces(text) == expected


@given(soups)
def test_sqlite_sees_the_same_statements(text: str) -> None:
    """Each is complete with its semicolon, and no part of it is."""
    text = text.replace("\0", "")
    statements = unflawed(text, "sqlite")
    for statement in statements:
        whole = text[statement.offset :][: len(statement.text)]
        ends = [i + 1 for i, character in enumerate(whole) if character == ";"]
        assert not any(sqlite3.complete_statement(whole[:end]) for end in ends)
    for statement in statements[:-1]:
        assert sqlite3.complete_statement(f"{statement.text};")


# --- places -------------------------------------------------------------------

texts_with_lines = st.text(st.sampled_from("ab\n\té\u4e2d\x1b"), max_size=40)


@given(texts_with_lines, st.integers(0, 40))
def test_a_place_leads_back_to_its_offset(text: str, offset: int) -> None:
    """Line and column together say no less than the offset."""
    offset = min(offset, len(text))
    line, column = place_of(text, offset)
    before = text.split("\n")[: line - 1]
    assert sum(len(part) + 1 for part in before) + column - 1 == offset


@given(st.text(), st.integers(-3, 50), st.integers(-3, 500), st.integers(0, 3))
def test_an_excerpt_can_be_shown_anywhere(text: str, line: int, column: int, around: int) -> None:
    """Any text, any place: few lines, not long, nothing that moves a cursor, one caret line."""
    shown = excerpt(text * 9, line, column, around=around).split("\n")
    assert 2 <= len(shown) <= 2 * around + 2
    assert all(part.isprintable() for part in shown)
    assert max(map(len, shown)) < 4 * 100 + 20
    assert sum(set(part.partition("|")[0]) == {" "} and part.endswith("^") for part in shown) >= 1


# --- anything at all ----------------------------------------------------------


@given(st.one_of(soups.map(lambda text: text.encode(errors="replace")), st.binary()), dialects)
def test_anything_is_read_or_refused_with_a_place(content: bytes, dialect: str) -> None:
    """No other error ever comes out."""
    error: SourceError | None = None
    try:
        read_script(migration(content), dialect)
    except SourceError as raised:
        error = raised
    if error is not None:
        assert str(error).startswith(f"{error.place}: ")
        assert "^" in error.excerpt or "is empty" in error.happened
        assert error.remedy
