"""
From text to statements, each with its place.

Splitting looks at openers only: it jumps from one quote, comment or semicolon
to the next and never at what is in between.  Only the few statements that hold
statements (`Compound`) are read token by token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from ..model import Statement
from .lexicon import BLANKS, COMMENTS, Compound, Lexicon, lexicon_of
from .programs import program_extent
from .quoting import NAME_PART

__all__ = ["Span", "Token", "phrase", "spans", "split", "statements", "tokens", "words"]

_BLANK = re.compile(f"[{BLANKS}]*+")
_TWO_WORDS = re.compile(rf"[A-Za-z]++[ \t\n]++([A-Za-z_]++)(?!{NAME_PART})")
_LONGEST_HEAD = 9


# Plain tuples: these are made by the ten thousand.
Span: TypeAlias = tuple[str, int, int]
"""The opener of something quoted, of a comment or a semicolon; its start and end."""

Token: TypeAlias = tuple[str, int, int]
"""A word in lower case, or anything else as written; its start and end."""


def split(text: str, dialect: str) -> list[Statement]:
    """
    Split *text*, whose lines end in LF, into its statements.

    Raises:
        Flaw: something opens and never ends, or is no SQL.
    """
    return list(statements(text, lexicon_of(dialect)))


def statements(text: str, lexicon: Lexicon) -> Iterator[Statement]:
    """
    Yield the statements of *text*, up to a flaw if there is one.
    """
    at = line_start = 0
    line = 1
    while (start := _skip(text, at, lexicon)) < len(text):
        newlines = text.count("\n", at, start)
        if newlines:
            line += newlines
            line_start = text.rindex("\n", at, start) + 1
        end, at = _extent(text, start, lexicon)
        if end > start:
            yield Statement(text[start:end], start, line, start - line_start + 1)
        newlines = text.count("\n", start, at)
        if newlines:
            line += newlines
            line_start = text.rindex("\n", start, at) + 1


def spans(text: str, lexicon: Lexicon, at: int = 0) -> Iterator[Span]:
    """
    Yield all that is quoted, the comments and the semicolons, from *at* on.
    """
    search, rules = lexicon.openers.search, lexicon.rules
    while found := search(text, at):
        opener, start = found.group(), found.start()
        at = rules[opener](text, start)
        yield opener, start, at


def tokens(text: str, lexicon: Lexicon, at: int = 0) -> Iterator[Token]:
    """
    Yield words, quoted parts, numbers and signs; comments and blanks vanish.
    """
    search, rules = lexicon.tokens.search, lexicon.rules
    while found := search(text, at):
        start, at = found.span()
        if found.lastindex:
            yield found.group().lower(), start, at
            continue
        opener = found.group()
        if opener in rules:
            at = rules[opener](text, start)
            if opener in COMMENTS:
                continue
        yield text[start:at], start, at


def phrase(text: str, lexicon: Lexicon, limit: int | None = None, at: int = 0) -> str:
    """
    Join the first *limit* tokens, one blank between them, what is quoted as ``?``.

    >>> phrase('Create  Index /* new */ CONCURRENTLY "a b"', lexicon_of("postgresql"))
    'create index concurrently ?'
    """
    found = islice(tokens(text, lexicon, at), limit)
    return " ".join("?" if token[0] in lexicon.quotes else token for token, _, _ in found)


def words(text: str, dialect: str) -> list[str]:
    """
    List the tokens of a statement: words in lower case, all else as written.

    >>> words('ALTER TABLE "Users" DROP a', "postgresql")
    ['alter', 'table', '"Users"', 'drop', 'a']
    """
    return [token for token, _, _ in tokens(text, lexicon_of(dialect))]


def second_word(text: str, at: int = 0) -> str | None:
    """
    Return the second word of a statement; None where it takes more than a glance.

    Most statements can be told by it, many times faster than by a `phrase`.
    """
    found = _TWO_WORDS.match(text, at)
    return found[1].lower() if found else None


def _skip(text: str, at: int, lexicon: Lexicon) -> int:
    """
    Find what comes behind blanks and comments.
    """
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        found = lexicon.openers.match(text, at)
        if found is None or found.group() not in COMMENTS:
            return at
        at = lexicon.rules[found.group()](text, at)


def _extent(text: str, start: int, lexicon: Lexicon) -> tuple[int, int]:
    """
    Find the end of the statement at *start*, and where the next may begin.
    """
    compound = _compound_at(text, start, lexicon)
    if compound and compound.nested:
        return program_extent(tokens(text, lexicon, start), len(text))
    if compound:
        return _compound_extent(text, start, lexicon, compound)
    end = behind = start
    for opener, at, after in spans(text, lexicon, start):
        if opener in COMMENTS:
            end = _content_end(text, behind, at) or end
            behind = after
        elif opener == ";":
            return _content_end(text, behind, at) or end, after
    return _content_end(text, behind, len(text)) or end, len(text)


def _compound_at(text: str, start: int, lexicon: Lexicon) -> Compound | None:
    if text[start] not in "cC":
        return None
    second = second_word(text, start)
    if second and all(second not in compound.second_words for compound in lexicon.compounds):
        return None
    head = phrase(text, lexicon, _LONGEST_HEAD, start)
    return next((c for c in lexicon.compounds if c.head.match(head)), None)


def _content_end(text: str, start: int, end: int) -> int:
    """
    Find where the last thing between *start* and *end* ends; 0 if all is blank.
    """
    content = text[start:end].rstrip(BLANKS)
    return start + len(content) if content else 0


def _compound_extent(
    text: str, start: int, lexicon: Lexicon, compound: Compound
) -> tuple[int, int]:
    """
    Find the same for a statement that holds statements.

    Inside a block every statement ends in a semicolon, so that the END of the
    block follows one.  The END of a CASE never does: there is no need to count.
    """
    blocks = 1 if compound.opener == () else 0
    depth = 0
    previous = ""
    inner: list[str] = []  # of the statement inside, the first two tokens
    end = start
    for word, _, after in tokens(text, lexicon, start):
        if word == ";":
            blocks -= bool(blocks) and inner == ["end"]
            if not blocks and not (compound.parentheses and depth):
                return end, after
            inner = []
        elif (previous, word) == compound.opener and not depth:
            blocks += 1
            inner = []
        elif len(inner) < 2:
            inner.append(word)
        depth = max(0, depth + (word == "(") - (word == ")"))
        previous, end = word, after
    return end, len(text)
