"""
The headers of a file: ``-- st44: no-transaction`` before its first statement.

And what is said to the linter, anywhere: ``-- st44: ignore CODE reason``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..model import Header
from .flaw import Flaw, shown
from .lexer import Span, spans
from .lexicon import COMMENTS, Lexicon, lexicon_of

__all__ = ["Ignore", "read_header", "read_ignores"]

_KNOWN = ("no-transaction", "transaction", "late", "phase expand", "phase contract")
_OPPOSITES = (("transaction", "no-transaction"), ("phase expand", "phase contract"))
_LIST = "The headers are: " + ", ".join(f"'-- st44: {name}'" for name in _KNOWN) + "."

_DIRECTIVE = re.compile(r"--[ \t]*+st44[ \t]*+:(?P<names>[^\n\r]*+)", re.IGNORECASE)
_IGNORE = re.compile(r"[ \t]*+ignore(?P<file>-file)?(?![\w-])", re.IGNORECASE)
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
    transaction = "transaction" in names if names & set(_OPPOSITES[0]) else None
    phases = [name.removeprefix("phase ") for name in names if name.startswith("phase ")]
    return Header(transaction, "late" in names, phases[0] if phases else "")


def _opposite(name: str) -> str:
    pair = next((pair for pair in _OPPOSITES if name in pair), None)
    return pair[name == pair[0]] if pair else ""


class Ignore(NamedTuple):
    """
    A comment that lets something be: ``-- st44: ignore CODE reason``.

    Args:
        code: Which rule of the linter it is about; may be ``""``, which is wrong.

        reason: Why, in its author's words; may be ``""``, which is wrong too.

        offset: Where it stands.

        file: Whether it is for the whole file, ``-- st44: ignore-file CODE reason``.
    """

    code: str
    reason: str
    offset: int
    file: bool


def read_ignores(text: str, dialect: str) -> tuple[Ignore, ...]:
    """
    Find every ignore in *text*, in order.  Only the linter asks: none of them has
    a meaning to a run.

    Raises:
        Flaw: something opens and never ends.
    """
    if "ignore" not in text.lower():
        return ()
    found: list[Ignore] = []
    for opener, start, end in spans(text, lexicon_of(dialect)):
        said = _DIRECTIVE.match(text, start, end) if opener in COMMENTS else None
        word = _IGNORE.match(said["names"]) if said else None
        if said and word:
            code, _, reason = said["names"][word.end() :].strip().partition(" ")
            found.append(Ignore(code, reason.strip(), start, bool(word["file"])))
    return tuple(found)


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
    if _IGNORE.match(found["names"]):
        return
    at = found.start("names")
    for part in found["names"].split(","):
        name = " ".join(part.lower().split())
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
