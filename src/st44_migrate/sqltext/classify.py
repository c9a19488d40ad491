"""
Which role a statement has: the first row of its dialect's table that matches.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from ..model import Statement
from .lexer import phrase, second_word
from .lexicon import lexicon_of
from .pragmas import read_pragma
from .role_tables import GENERIC, MARIADB, POSTGRESQL, SQLITE, Row
from .roles import Reading, Role

__all__ = ["classify"]

_FIRST_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*+")

# The first words of most files.  Of these statements only those with such a second
# word, and with such letters somewhere, are worth reading to their end.
_RARE: Mapping[str, Mapping[str, str]] = {
    "create": {
        **dict.fromkeys(("index", "unique"), "concurrently"),
        **dict.fromkeys(("database", "tablespace", "subscription"), ""),
    },
    "drop": {
        "index": "concurrently",
        **dict.fromkeys(("database", "tablespace", "subscription"), ""),
    },
    "alter": {"table": "detach", "database": "tablespace", "system": "", "subscription": ""},
    "select": {"set_config": "", "pg_catalog": "set_config"},
}


class _Compiled(NamedTuple):
    rest: re.Pattern[str]
    role: Role
    what: str


_TABLES: Mapping[str, Sequence[Row]] = {
    "postgresql": POSTGRESQL,
    "sqlite": SQLITE,
    "mariadb": MARIADB,
}


@cache
def _by_first_word(dialect: str) -> Mapping[str, Sequence[_Compiled]]:
    table: dict[str, list[_Compiled]] = {}
    for words, rest, role, what in _TABLES.get(dialect, GENERIC):
        for word in words.split():
            compiled = _Compiled(re.compile(rest), role, what or word.upper())
            table.setdefault(word, []).append(compiled)
    return table


_ALONE_ELSE = (_Compiled(re.compile(""), Role.ALONE, "This statement"),)


def classify(statement: Statement, dialect: str) -> Reading:
    """
    Say what *statement* means to the transaction around it.
    """
    found = _FIRST_WORD.match(statement.text)
    word = found.group().lower() if found else ""
    rows = _by_first_word(dialect).get(word)
    if dialect == "mariadb":
        # Most statements commit, so those that do not are listed.
        rows = rows or _ALONE_ELSE
    elif not rows or not _worth_reading(statement.text, word):
        return Reading(statement, Role.PLAIN)
    lexicon = lexicon_of(dialect)
    if word == "pragma":
        return Reading(statement, *read_pragma(statement.text, lexicon))
    rest = phrase(statement.text, lexicon).removeprefix(word)
    for row in rows:
        match = row.rest.match(rest)
        if match:
            options = match.groupdict().get("options") or ""
            return Reading(statement, row.role, row.what, options.replace(" ,", "").strip().upper())
    return Reading(statement, Role.PLAIN)


def _worth_reading(text: str, word: str) -> bool:
    second = second_word(text) if word in _RARE else None
    if second is None:
        return True
    sign = _RARE[word].get(second)
    return sign is not None and sign in text.lower()
