"""
Generated SQL: quotes, comments, statements, and soups of their fragments.
"""

from __future__ import annotations

import re

from hypothesis import assume
from hypothesis import strategies as st

DIALECTS = ("postgresql", "sqlite", "another")
dialects = st.sampled_from(DIALECTS)

# --- what is quoted -----------------------------------------------------------

CONTENT = st.text(st.sampled_from("ab1 ;'\"`$\\/*-[]()\n\té\u4e2d\U0001f418Ee"), max_size=12)
characters = st.one_of(CONTENT, st.text(max_size=6)).map(lambda text: text.replace("\0", ""))
tags = st.sampled_from(["$$", "$a$", "$b_1$", "$é$"])


def doubled(quote: str) -> st.SearchStrategy[str]:
    return characters.map(lambda text: f"{quote}{text.replace(quote, quote * 2)}{quote}")


@st.composite
def dollar_quoted(draw: st.DrawFn) -> str:
    tag, content = draw(tags), draw(characters)
    assume(f"{content}{tag}".find(tag) == len(content))
    return f"{tag}{content}{tag}"


escaped = st.lists(
    st.sampled_from(["a", ";", "--", "/*", '"', "$$", "''", "\\'", "\\\\", "\\n", "\n"])
).map(lambda parts: f"E'{''.join(parts)}'")

quoted = {
    "postgresql": st.one_of(
        doubled("'"),
        characters.map(lambda text: text.replace('"', "")).filter(bool).map(lambda t: f'"{t}"'),
        dollar_quoted(),
        escaped,
        st.builds(lambda one, other: f"{one}\n {other[1:]}", escaped, escaped),
    ),
    "sqlite": st.one_of(
        doubled("'"),
        doubled('"'),
        doubled("`"),
        characters.map(lambda text: f"[{text.replace(']', '')}]"),
    ),
    "another": st.one_of(doubled("'"), doubled('"'), doubled("`")),
}

line_comments = characters.map(lambda text: "--" + re.sub(r"[\n\r]", " ", text) + "\n")
block_comments = characters.map(lambda text: "/*" + re.sub(r"[*/]", " ", text) + "*/")
comments = {
    "postgresql": st.one_of(
        line_comments,
        block_comments,
        st.builds(lambda one, two: f"/*{one}{two}*/", block_comments, block_comments),
    ),
    "sqlite": st.one_of(line_comments, block_comments, st.just("/* /* ; */")),
    "another": st.one_of(line_comments, block_comments),
}


def gaps(dialect: str) -> st.SearchStrategy[str]:
    """
    What may stand between two tokens: blanks and comments, at least one.
    """
    one = st.one_of(st.sampled_from([" ", "\n", "\t", "  \n"]), comments[dialect])
    return st.lists(one, min_size=1, max_size=3).map("".join)


# --- statements ---------------------------------------------------------------

WORDS = ["a", "b$c", "x1", "é", "1", "2.5", "+", "*", ",", "=", "(", ")", "end", "case", "begin"]


def atoms(dialect: str) -> st.SearchStrategy[str]:
    return st.one_of(st.sampled_from(WORDS), quoted[dialect])


@st.composite
def statement_texts(draw: st.DrawFn, dialect: str) -> str:
    """
    A statement to a lexer; a parser would shake its head.
    """
    words = draw(st.lists(atoms(dialect), max_size=5))
    return "SELECT" + "".join(draw(gaps(dialect)) + word for word in words)


@st.composite
def scripts(draw: st.DrawFn, dialect: str) -> tuple[str, list[str]]:
    """
    A text, and the statements that it was made of.
    """
    statements = draw(st.lists(statement_texts(dialect), max_size=4))
    text = draw(gaps(dialect))
    for statement in statements:
        text += statement + draw(gaps(dialect)) + ";" + draw(gaps(dialect))
    return text, statements


any_script = dialects.flatmap(lambda dialect: st.tuples(st.just(dialect), scripts(dialect)))

# --- soups --------------------------------------------------------------------

FRAGMENTS = [
    *("'", '"', "`", "[", "]", "E'", "''", "\\'", "\\", "$$ ", "$a$ ", " $1 ", "a$b "),
    *("--", "/*", "*/", "\n", "\r", " ", ";", ";", "(", ")", "a", "é", "\u00a0", "1 ", "."),
    *(" select ", " end", " end ", " begin ", " atomic ", " case ", "begin atomic "),
    *("create function ", "create or replace procedure ", "create rule ", "create trigger "),
    *("create temp trigger ", "create table ", "commit", "pragma foreign_keys = off"),
    *("copy a from stdin", "vacuum", "-- st44: late\n", "insert into schema_migrations values ('1"),
]
soups = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join), st.text(max_size=40)
)
