"""
What only a shell understands: commands of psql, sqlite3 and mariadb, and COPY's data.
"""

from __future__ import annotations

import re
from itertools import pairwise

from ..model import Statement
from .flaw import Flaw
from .lexer import tokens
from .lexicon import Lexicon, lexicon_of

__all__ = ["describe_command", "refuse_shell"]

_NAME = re.compile(r"\\(?:[A-Za-z_]+\+?|[.;!?])")
_DOT_NAME = re.compile(r"\.[A-Za-z]+")
_DELIMITER = re.compile(r"delimiter\b", re.IGNORECASE)
_LOAD = "Write the rows as INSERT (pg_dump --inserts does), or load them outside of migrations."

_REMEDIES = {
    "i ir include include_relative": "Put the SQL of that file here, or make it a migration.",
    "c connect": "Delete the line: whoever starts the run chooses the database.",
    "restrict unrestrict": "Delete the line: pg_dump writes it for psql alone.",
    "copy .": _LOAD,
    "set unset gset prompt getenv bind": "Write the value itself: there are no variables here.",
    "if elif else endif": "Write a DO block: it can decide.",
    "gexec": "Write a DO block: EXECUTE runs what a query finds.",
    "g gx ; crosstabview": "End the statement with a semicolon.",
    "echo qecho warn": "Delete the line; RAISE NOTICE in a DO block can say something.",
}
_REMEDY_OF = {name: remedy for names, remedy in _REMEDIES.items() for name in names.split()}


def describe_command(text: str, start: int) -> tuple[str, str]:
    """
    Say what the backslash at *start* is, and what to write instead.
    """
    found = _NAME.match(text, start)
    if found is None:
        remedy = "Delete it. In a string, write a quote twice rather than with a backslash."
        return "a backslash outside of quotes means nothing in SQL.", remedy
    name = found.group()
    remedy = _REMEDY_OF.get(name[1:].lower(), "Delete it, or say it in SQL.")
    return f"{name} is a command of psql, not SQL.", remedy


def refuse_shell(statement: Statement, dialect: str) -> None:
    """
    Refuse *statement* if it needs a shell around it.

    The data of a ``COPY ... FROM STDIN`` follows the statement and is no SQL, so
    this has to be asked before anything behind it is read.

    Raises:
        Flaw: it does.
    """
    text, offset = statement.text, statement.offset
    if dialect == "postgresql" and text[:4].lower() == "copy":
        _refuse_copy(text, offset)
    if dialect == "mariadb" and _DELIMITER.match(text):
        happened = "DELIMITER is a command of the mariadb client, not SQL."
        remedy = (
            "Delete it, and end each statement with a semicolon: a procedure, function, trigger or"
            " event is read to the END that closes its BEGIN."
        )
        raise Flaw(offset, happened, remedy)
    dotted = _DOT_NAME.match(text) if dialect == "sqlite" else None
    if dotted:
        happened = f"{dotted.group()} is a command of the sqlite3 shell, not SQL."
        raise Flaw(offset, happened, "Delete it, or say it in SQL.")


def _refuse_copy(text: str, offset: int) -> None:
    words = _outside_parentheses(text, lexicon_of("postgresql"))
    for word, target in pairwise(words):
        if words[0] != "copy" or target not in {"stdin", "stdout"}:
            continue
        if word == "from":
            happened = f"COPY ... FROM {target.upper()} reads data that only psql sends."
            raise Flaw(offset, happened, _LOAD)
        if word == "to":
            happened = f"COPY ... TO {target.upper()} sends data that nobody receives here."
            raise Flaw(offset, happened, "Delete it, or copy outside of migrations.")


def _outside_parentheses(text: str, lexicon: Lexicon) -> list[str]:
    depth = 0
    found: list[str] = []
    for word, _, _ in tokens(text, lexicon):
        depth += (word == "(") - (word == ")")
        if not depth:
            found.append(word)
    return found
