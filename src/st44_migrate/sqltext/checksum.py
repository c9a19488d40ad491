"""
The checksum of a script: of what is executed, not of how the file looks.

Outside quotes, comments, blanks at the end of a line and empty lines do not
count.  Everything else does, and inside quotes every character.  The rest is
SHA-256 over the length and the text of each statement, so that no two lists of
statements are the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

from ..model import Statement
from .flaw import Flaw
from .lexer import spans
from .lexicon import COMMENTS, Lexicon, every_lexicon, lexicon_of

__all__ = ["normalise", "script_checksum", "units_checksum"]

# A comment, while the blanks around it are sorted out.  No file has a NUL.
_GONE = "\0"

_MAY_CHANGE = ("--", "#", "/*", "\n\n", " \n", "\t\n", "\r\n", "\f\n", "\v\n")
_LINE_ENDS = re.compile(r"(?<![ \t\r\f\v\n\0])[ \t\r\f\v\n\0]*\n")
_FIRST_IN_LINE = re.compile(r"(?<=\n)([ \t\r\f\v]*+)\0[ \t\r\f\v\0]*+")
_BETWEEN = re.compile(r"(?<![ \t\r\f\v\0])([ \t\r\f\v]*+)\0[ \t\r\f\v\0]*+")
_NEVER_JOINS = frozenset("(),;")


def script_checksum(statements: Iterable[Statement], dialect: str) -> str:
    """
    Return the SHA-256 of *statements*, in hex.
    """
    lexicon = lexicon_of(dialect)
    digest = sha256()
    for statement in statements:
        digest.update(_encoded(normalise(statement.text, lexicon)))
    return digest.hexdigest()


def units_checksum(units: Sequence[tuple[Statement, ...]]) -> str:
    """
    Return the SHA-256 of *units*, in hex, which changes if one of them is edited.

    It is the same for every dialect.
    """
    digest = sha256()
    for unit in units:
        digest.update(b"%d," % len(unit))
        for statement in unit:
            digest.update(_encoded(_normalise_anywhere(statement.text)))
    return digest.hexdigest()


def _encoded(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"%d:%b" % (len(data), data)


def _normalise_anywhere(text: str) -> str:
    """
    Return what all dialects agree on; where they do not, everything counts.
    """
    try:
        forms = {normalise(text, lexicon) for lexicon in every_lexicon()}
    except Flaw:  # in one of them a quote never ends
        return text
    return forms.pop() if len(forms) == 1 else text


def normalise(text: str, lexicon: Lexicon) -> str:
    """
    Return the statement *text* without what does not count.
    """
    if not any(map(text.__contains__, _MAY_CHANGE)):
        return text
    return "".join(part if quoted else _tidy(part) for quoted, part in _parts(text, lexicon))


def _parts(text: str, lexicon: Lexicon) -> Iterator[tuple[bool, str]]:
    """
    Yield what is quoted and what is between, the comments there as `_GONE`.
    """
    code: list[str] = []
    at = 0
    for opener, start, end in spans(text, lexicon):
        if opener == ";":
            continue
        code.append(text[at:start])
        at = end
        if opener in COMMENTS:
            code.append(_GONE)
        else:
            yield False, "".join(code)
            yield True, text[start:end]
            code = []
    yield False, "".join((*code, text[at:]))


def _tidy(code: str) -> str:
    if "\n" not in code and _GONE not in code:
        return code
    code = _LINE_ENDS.sub("\n", code)
    if _GONE not in code:
        return code
    return _BETWEEN.sub(_gap, _FIRST_IN_LINE.sub(r"\1", code))


def _gap(found: re.Match[str]) -> str:
    """
    Give the blanks that stay where a comment was: those before it, else those
    behind it, else one, unless a parenthesis or comma parts the tokens anyway.
    """
    blanks = found[1] or found[0].replace(_GONE, "")
    if blanks:
        return blanks
    code, start, end = found.string, found.start(), found.end()
    return "" if {code[start - 1 : start], code[end : end + 1]} & _NEVER_JOINS else " "
