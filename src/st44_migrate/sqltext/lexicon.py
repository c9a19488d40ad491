"""
What differs between the lexers of databases, as tables.

A `Lexicon` maps each opener to the rule that finds the end of what it opens.
Another dialect is another entry of `_LEXICONS`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .quoting import (
    NAME_PART,
    NAME_START,
    Rule,
    backslash,
    between,
    block_comment,
    dollar_quote,
    doubling,
    escaping,
    line_comment,
    nested_comment,
    open_comment,
    postgres_string,
    semicolon,
)

__all__ = ["BLANKS", "COMMENTS", "Compound", "Lexicon", "every_lexicon", "lexicon_of"]

BLANKS = " \t\n\r\f\v"
COMMENTS = frozenset({"--", "-- ", "--\t", "--\n", "#", "/*"})


@dataclass(frozen=True, slots=True)
class Compound:
    """
    A kind of statement that holds statements, and so semicolons of its own.

    Args:
        head: The first words of such a statement, in lower case, one blank
            between them.

        second_words: The second word of *head*, in all its forms.

        parentheses: Whether semicolons in parentheses are its own.

        opener: The words that open its block, which ends with a statement that
            is only ``END``.  Empty: the head opens it; None: it has no block.

        nested: Whether blocks of many kinds stand in one another; see `programs`.
    """

    head: re.Pattern[str]
    second_words: frozenset[str]
    parentheses: bool = False
    opener: tuple[str, ...] | None = None
    nested: bool = False


@dataclass(frozen=True, slots=True)
class Lexicon:
    """
    How one database reads text.

    Args:
        rules: For each opener, comments and the semicolon included, the rule
            that finds the end of what it opens.

        compounds: The statements that hold statements; all begin with CREATE.

        quotes: The openers of what is quoted.

        openers: Finds the next opener: all that splitting needs to see.

        tokens: Finds the next word (group 1), opener, number or sign.
    """

    rules: Mapping[str, Rule]
    compounds: tuple[Compound, ...] = ()
    quotes: frozenset[str] = field(init=False)
    openers: re.Pattern[str] = field(init=False)
    tokens: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        openers = "|".join(map(re.escape, self.rules))
        word = rf"{NAME_START}{NAME_PART}*+"
        number = r"[0-9][0-9A-Za-z_.]*+"
        quotes = self.rules.keys() - COMMENTS - {";"}
        object.__setattr__(self, "quotes", frozenset(quotes))
        object.__setattr__(self, "openers", re.compile(openers))
        object.__setattr__(
            self, "tokens", re.compile(rf"({word})|{openers}|{number}|[^{re.escape(BLANKS)}]")
        )


# As psql's scanner reads it, with standard_conforming_strings on.  Semicolons in
# parentheses are valid in CREATE RULE only: where one is missing elsewhere, the
# statement that lacks it fails, and not all that follows as one.
_POSTGRESQL = Lexicon(
    rules={
        ";": semicolon,
        "'": postgres_string,
        '"': doubling('"', "quoted name"),
        "$": dollar_quote,
        "--": line_comment("\n\r"),
        "/*": nested_comment,
        "\\": backslash,
    },
    compounds=(
        Compound(
            re.compile(r"create (?:or replace )?rule\b"),
            frozenset({"or", "rule"}),
            parentheses=True,
        ),
        Compound(
            re.compile(r"create (?:or replace )?(?:function|procedure)\b"),
            frozenset({"or", "function", "procedure"}),
            opener=("begin", "atomic"),
        ),
    ),
)

_SQLITE = Lexicon(
    rules={
        ";": semicolon,
        "'": doubling("'", "string"),
        '"': doubling('"', "quoted name"),
        "`": doubling("`", "quoted name"),
        "[": between("]", "quoted name"),
        "--": line_comment("\n"),
        "/*": open_comment,
    },
    compounds=(
        Compound(
            re.compile(r"create (?:temp |temporary )?trigger\b"),
            frozenset({"temp", "temporary", "trigger"}),
            opener=(),
        ),
    ),
)

_GENERIC = Lexicon(
    rules={
        ";": semicolon,
        "'": doubling("'", "string"),
        '"': doubling('"', "quoted name"),
        "`": doubling("`", "quoted name"),
        "--": line_comment("\n"),
        "/*": block_comment,
    },
)

# "--" without a blank behind it is two minus signs.  What is in /*! ... */ runs.
_MARIADB = Lexicon(
    rules={
        ";": semicolon,
        "'": escaping("'"),
        '"': escaping('"'),
        "`": doubling("`", "quoted name"),
        "-- ": line_comment("\n"),
        "--\t": line_comment("\n"),
        "--\n": line_comment("\n"),
        "#": line_comment("\n"),
        "/*!": block_comment,
        "/*M!": block_comment,
        "/*": block_comment,
    },
    compounds=(
        Compound(
            re.compile(
                r"create (?:or replace )?(?:definer = [^ ]+(?: @ [^ ]+| \( \))? )?(?:aggregate )?"
                r"(?:trigger|procedure|function|event)\b"
            ),
            frozenset({"or", "definer", "aggregate", "trigger", "procedure", "function", "event"}),
            nested=True,
        ),
    ),
)

_LEXICONS = {"postgresql": _POSTGRESQL, "sqlite": _SQLITE, "mariadb": _MARIADB}


def lexicon_of(dialect: str) -> Lexicon:
    """
    Look up how *dialect* reads text; an unknown one reads standard SQL.
    """
    return _LEXICONS.get(dialect, _GENERIC)


def every_lexicon() -> tuple[Lexicon, ...]:
    """
    Return how text may be read, in every way there is.
    """
    return (*_LEXICONS.values(), _GENERIC)
