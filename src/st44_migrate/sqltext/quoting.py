"""
Where a quoting ends: one rule for each kind of quote and comment.

A rule gets the text and the offset at which something opens, and returns the
offset behind its end.  All of them look at each character once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from .flaw import Flaw, shown

__all__ = [
    "NAME_PART",
    "NAME_START",
    "Rule",
    "backslash",
    "between",
    "block_comment",
    "dollar_quote",
    "doubling",
    "escaping",
    "line_comment",
    "nested_comment",
    "open_comment",
    "postgres_string",
    "semicolon",
]

Rule: TypeAlias = Callable[[str, int], int]

_MISSING = "Close it; or look further up for a quote too many."
_ESCAPED = re.compile(r"\\.|''|'", re.DOTALL)
_CONTINUED = re.compile(r"[ \t\f\v]*+(?:--[^\n\r]*+)?[\n\r](?:[ \t\n\r\f\v]++|--[^\n\r]*+[\n\r])*'")
_COMMENT_EDGE = re.compile(r"/\*|\*/")

# Letters, "_" and all that is not ASCII, said by what is not among it: a range up
# to the last character of Unicode takes milliseconds to compile.
NAME_START = r"[^\x00-@\[-\^`{-\x7f]"
NAME_PART = r"[^\x00-#%-/:-@\[-\^`{-\x7f]"
"""The same, digits and ``$``."""

_TAG = re.compile(rf"\$(?:{NAME_START}(?:(?!\$){NAME_PART})*+)?\$")


def semicolon(text: str, start: int) -> int:
    """
    Pass a semicolon, which quotes nothing.
    """
    del text
    return start + 1


def between(closer: str, what: str) -> Rule:
    """
    Make the rule for a quoting that ends at the first *closer*.
    """

    def rule(text: str, start: int) -> int:
        end = text.find(closer, start + 1)
        if end < 0:
            raise Flaw(start, f"a {what} opens here and never ends.", _MISSING)
        return end + 1

    return rule


def doubling(quote: str, what: str) -> Rule:
    """
    Make the rule for a quoting between two *quote*, which stands twice inside.
    """

    def rule(text: str, start: int) -> int:
        end = text.find(quote, start + 1)
        while text[end + 1 : end + 2] == quote and end >= 0:
            end = text.find(quote, end + 2)
        if end < 0:
            raise Flaw(start, f"a {what} opens here and never ends.", _MISSING)
        return end + 1

    return rule


def escaping(quote: str) -> Rule:
    """
    Make the rule for a string between two *quote*, as MariaDB reads it: a backslash
    takes the meaning from the character behind it.
    """
    inside = re.compile(rf"(?:[^{quote}\\]|\\.|{quote}{quote})*+", re.DOTALL)

    def rule(text: str, start: int) -> int:
        found = inside.match(text, start + 1)
        end = found.end() if found else len(text)
        if text[end : end + 1] != quote:
            remedy = f"{_MISSING} A backslash takes the meaning from the quote behind it."
            raise Flaw(start, "a string opens here and never ends.", remedy)
        return end + 1

    return rule


_plain_string = doubling("'", "string")


def postgres_string(text: str, start: int) -> int:
    """
    Pass ``'...'``, or ``E'...'`` if the letter before it says so.
    """
    if text[start - 1 : start] in {"E", "e"} and not _in_word(text, start - 1):
        return _escape_string(text, start)
    return _plain_string(text, start)


def _escape_string(text: str, start: int) -> int:
    at = start + 1
    while True:
        end = next((m.end() for m in _ESCAPED.finditer(text, at) if m.group() == "'"), None)
        if end is None:
            remedy = f"{_MISSING} In E'...' a backslash takes the meaning from the quote behind it."
            raise Flaw(start, "a string opens here and never ends.", remedy)
        # E'a' <newline> 'b' is one string, and its second part has escapes too.
        more = _CONTINUED.match(text, end)
        if more is None:
            return end
        at = more.end()


def dollar_quote(text: str, start: int) -> int:
    """
    Pass ``$tag$...$tag$``; of anything else, such as ``$1``, the dollar alone.
    """
    tag = None if _in_word(text, start) else _TAG.match(text, start)
    if tag is None:
        return start + 1
    end = text.find(tag.group(), tag.end())
    if end < 0:
        name = shown(tag.group())
        happened = f"the quote {name} opens here and never ends."
        raise Flaw(start, happened, f"Write {name} where it ends, in the same letters.")
    return end + len(tag.group())


def line_comment(ends: str) -> Rule:
    """
    Make the rule for ``--``, which runs up to one of the characters *ends*.
    """
    rest = re.compile(f"[^{ends}]*+")

    def rule(text: str, start: int) -> int:
        found = rest.match(text, start)
        return found.end() if found else start

    return rule


def block_comment(text: str, start: int) -> int:
    """
    Pass ``/* ... */``, which does not nest.
    """
    end = text.find("*/", start + 2)
    if end < 0:
        raise Flaw(start, "a comment opens here and never ends.", "Close it with */.")
    return end + 2


def open_comment(text: str, start: int) -> int:
    """
    Pass ``/* ... */`` as SQLite does: the end of the text ends it too.
    """
    end = text.find("*/", start + 2)
    return len(text) if end < 0 else end + 2


def nested_comment(text: str, start: int) -> int:
    """
    Pass ``/* ... */`` with all the comments inside.
    """
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    nests = "Close it with */; comments nest, so each /* inside needs a */ of its own."
    raise Flaw(start, "a comment opens here and never ends.", nests)


def backslash(text: str, start: int) -> int:
    """
    Refuse a command of psql: a backslash means nothing else outside quotes.
    """
    from .shells import describe_command  # it reads tokens, by these rules

    raise Flaw(start, *describe_command(text, start))


def _in_word(text: str, start: int) -> bool:
    """
    Whether the character before *start* makes it the middle of a name.
    """
    before = text[start - 1 : start]
    return before.isalnum() or before in {"_", "$"} or before > "\x7f"
