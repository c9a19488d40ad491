"""
The headers of a file: ``-- st44: no-transaction`` before its first statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import Header
from .flaw import Flaw, shown
from .lexer import Span, spans
from .lexicon import COMMENTS, Lexicon

__all__ = ["read_header"]

_KNOWN = ("no-transaction", "transaction", "late")
_LIST = "The headers are: " + ", ".join(f"'-- st44: {name}'" for name in _KNOWN) + "."

_DIRECTIVE = re.compile(r"--[ \t]*+st44[ \t]*+:(?P<names>[^\n\r]*+)", re.IGNORECASE)
_NEARLY = re.compile(
    rf"(?:--|/\*)[\s*]*+st-?44(?:-migrate)?[\s:=]++(?P<name>{'|'.join(_KNOWN)})\b", re.IGNORECASE
)


def read_header(text: str, lexicon: Lexicon, first: int) -> Header:
    """
    Read the directives in the comments of *text*, whose first statement is at *first*.

    Raises:
        Flaw: a directive is unknown, misspelt, contradicts another, or stands
            where it would do nothing.
    """
    if "st44" not in text.lower() and "st-44" not in text.lower():
        return Header()
    names: set[str] = set()
    for comment in spans(text, lexicon):
        if comment[0] not in COMMENTS:
            continue
        for name, offset in _directives(text, comment):
            if offset > first:
                raise Flaw(
                    offset,
                    f"'-- st44: {name}' does nothing behind the first statement.",
                    "Move it to the first line of the file.",
                )
            if _opposite(name) in names:
                happened = f"'{name}' contradicts '{_opposite(name)}' above."
                raise Flaw(offset, happened, "Delete one of them.")
            names.add(name)
    transaction = "transaction" in names if names - {"late"} else None
    return Header(transaction, "late" in names)


def _opposite(name: str) -> str:
    return {"transaction": "no-transaction", "no-transaction": "transaction"}.get(name, "")


def _directives(text: str, comment: Span) -> Iterator[tuple[str, int]]:
    """
    Yield the directives in *comment*, each with its offset.
    """
    _, start, end = comment
    found = _DIRECTIVE.match(text, start, end)
    if found is None:
        nearly = _NEARLY.match(text, start, end)
        if nearly:
            name = nearly["name"].lower()
            happened = "this comment looks like a header, but would do nothing."
            raise Flaw(start, happened, f"Write '-- st44: {name}'.")
        return
    at = found.start("names")
    for part in found["names"].split(","):
        name = part.strip().lower()
        offset = at + len(part) - len(part.lstrip())
        if name not in _KNOWN:
            raise Flaw(min(offset, len(text) - 1), *_unknown(name))
        yield name, offset
        at += len(part) + 1


def _unknown(name: str) -> tuple[str, str]:
    import difflib  # costs 11 ms, and only an error needs it

    if not name:
        return "a header without a name.", _LIST
    near = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    return f"there is no header '{shown(name)}'.", hint + _LIST
