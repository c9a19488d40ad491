"""
Which files of SQLite take no time, whatever is in the database.

Such files share a commit (see `Company`).  Any other may keep a disk or a processor
busy for as long as there are rows, and goes alone: it is told of when it begins,
and nobody waits for anything but itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..model import Statement

__all__ = ["is_quick"]

_NAME = r'(?P<name>(?:"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|[\w.])+)'
_IF = r"(?:if\s+not\s+exists\s+)?"
_READS = re.compile(r"\b(?:select|with)\b", re.IGNORECASE)

_TABLE = re.compile(rf"create\s+table\s+{_IF}{_NAME}", re.IGNORECASE)
_INDEX = re.compile(rf"create\s+(?:unique\s+)?index\s+{_IF}\S+\s+on\s+{_NAME}", re.IGNORECASE)
_ROWS = re.compile(r"insert\s+(?:or\s+\w+\s+)?into\b", re.IGNORECASE)
_KEPT = re.compile(r"create\s+(?:view|trigger)\b", re.IGNORECASE)
_ALTERED = re.compile(rf"alter\s+table\s+{_NAME}\s+(?:rename|add)\b", re.IGNORECASE)


def is_quick(statements: Iterable[Statement]) -> bool:
    """
    Whether all of *statements* take no longer than it takes to read them.

    They create tables, views and triggers, index a table of the same file, rename or
    add a column, or insert rows that they spell out.  A statement that reads rows is
    not quick; neither is one with a comment between its first words.
    """
    made: set[str] = set()
    for statement in statements:
        text = statement.text
        if _KEPT.match(text):
            continue
        if table := _TABLE.match(text):
            made.add(table["name"].lower())
        elif index := _INDEX.match(text):
            if index["name"].lower() not in made:
                return False
        elif not (_ROWS.match(text) or _ALTERED.match(text)):
            return False
        if _READS.search(text):
            return False
    return True
