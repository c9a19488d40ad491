"""
Places in a text, and how to show them to people.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from operator import itemgetter

from ..model import Origin, Script

__all__ = ["excerpt", "in_file", "place_in", "place_of", "whole"]

_TAB = "    "
_WIDTH = 100
_CUT = "..."


def place_of(text: str, offset: int) -> tuple[int, int]:
    r"""
    Return line and column of the character at *offset*, both from 1.

    >>> place_of("a\nbc", 3)
    (2, 2)
    """
    offset = min(max(offset, 0), len(text))
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


def excerpt(text: str, line: int, column: int, *, around: int = 2) -> str:
    r"""
    Return the lines around a place, numbered, with a caret under the column.

    Tabs become four blanks, and what cannot be shown becomes a substitute, so
    that the caret stands right wherever it is printed.  Of long lines only the
    part around the column is left.

    >>> print(excerpt("SELECT 1;\nSELEKT 2;", 2, 1))
      1 | SELECT 1;
      2 | SELEKT 2;
        | ^
    """
    lines = text.split("\n")
    line = min(max(line, 1), len(lines))
    column = min(max(column, 1), len(lines[line - 1]) + 1)
    left = _left_edge(len(lines[line - 1]), column)
    if not lines[-1] and line < len(lines):
        lines.pop()  # nothing stands behind the last line's end
    first, last = max(1, line - around), min(len(lines), line + around)
    margin = len(str(last)) + 2
    shown: list[str] = []
    for number in range(first, last + 1):
        shown.append(f"{number:>{margin}} | {_window(lines[number - 1], left)}".rstrip())
        if number == line:
            before = (_CUT if left else "") + _printable(lines[line - 1][left : column - 1])
            shown.append(f"{'':>{margin}} | {' ' * _width(before)}^")
    return "\n".join(shown)


def in_file(origin: Origin | None, offset: int) -> int:
    """
    Find where the character at *offset* of a text stands in the file it is from.
    """
    if origin is None:
        return offset
    found = bisect_right(origin.pieces, offset, key=itemgetter(0)) - 1
    if found < 0:
        return offset
    begin, start, same = origin.pieces[found]
    return start + offset - begin if same else start


def place_in(script: Script, offset: int) -> tuple[int, int]:
    """
    Return line and column, in its file, of the character at *offset* of a script.
    """
    return place_of(whole(script), in_file(script.origin, offset))


def whole(script: Script) -> str:
    """
    Return the text of the whole file of a script.
    """
    return script.text if script.origin is None else script.origin.text


def _left_edge(length: int, column: int) -> int:
    """
    Choose the first character to be shown, so that *column* is in sight.
    """
    return max(0, min(column - 1 - _WIDTH // 2, length - _WIDTH))


def _window(line: str, left: int) -> str:
    """
    Return what is shown of *line* if *left* characters are cut off.
    """
    part = _printable(line[left : left + _WIDTH])
    before = _CUT if left and line else ""
    behind = _CUT if len(line) > left + _WIDTH else ""
    return before + part + behind


def _printable(text: str) -> str:
    """
    Replace what would move the cursor, or not show.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _TAB if c == "\t" else "\ufffd" for c in text)


def _width(text: str) -> int:
    """
    Count the columns of a terminal that *text* takes.
    """
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)
