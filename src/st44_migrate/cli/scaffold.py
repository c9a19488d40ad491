"""
The next migration: its number, its name, its text.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from ..source.naming import Name

__all__ = ["OUR_TEMPLATE", "fill", "next_label", "slug"]

OUR_TEMPLATE = """\
-- Migration: NNN_descriptive_name
-- Description:
-- Date: YYYY-MM-DD

-- One change goes here.  The transaction and the record come by themselves.
"""

_STAMP = "%Y%m%d%H%M%S"
_STAMP_LENGTH = 14
_FIRST_STAMP = 10 ** (_STAMP_LENGTH - 1)
_LETTERS = str.maketrans(
    {"æ": "ae", "ø": "o", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
)

# "XXX" in "task-XXX-name" is the number of something else.
_VERSION = r"(?<![\w-])(?:NNN+|XXX+|YYYYMMDDHHMMSS)(?![A-Za-z0-9-])"
_FULL_NAME = re.compile(_VERSION + r"_(?:descriptive_name|description|name)\b")
_BARE_VERSION = re.compile(_VERSION)


def slug(title: str) -> str:
    """
    Make a file's name of what somebody calls the change; ``""`` if nothing is left.

    >>> slug("Add rewards table")
    'add_rewards_table'
    """
    folded = unicodedata.normalize("NFKD", title.removesuffix(".sql").lower().translate(_LETTERS))
    letters = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "_", letters).strip("_")


def next_label(names: Sequence[Name], now: datetime, *, timestamp: bool, stamp: str = "") -> str:
    """
    Find the next version of a folder, as wide as the highest one there.

    Args:
        names: The migrations that are there.

        now: The time, in UTC.

        timestamp: Use the time, also where the folder counts.  A folder whose
            highest number is a time gets one anyway.

        stamp: How the layout writes a time; a folder with nothing in it gets one.
    """
    versioned = [name for name in names if not name.repeatable]
    highest = max(versioned, key=lambda name: name.version, default=None)
    if highest is None:
        return f"{now:{stamp or _STAMP}}" if stamp or timestamp else "001"
    version = highest.version
    if isinstance(version, int):
        # A file dated in the future is there: the new one still has to come after it.
        if timestamp or len(highest.label) == _STAMP_LENGTH:
            return str(max(int(f"{now:{_STAMP}}"), version + 1))
        return str(version + 1).zfill(len(highest.label))
    if stamp or timestamp or version.numbers[0] >= _FIRST_STAMP:
        return f"{now:{stamp or _STAMP}}"
    return ".".join(map(str, (*version.numbers[:-1], version.numbers[-1] + 1)))


def fill(template: str, label: str, name: str, now: datetime) -> str:
    """
    Put number, name and date where *template* has NNN, XXX, descriptive_name, YYYY-MM-DD.
    """
    text = _FULL_NAME.sub(f"{label}_{name}", template)
    text = _BARE_VERSION.sub(label, text)
    text = re.sub(r"\bdescriptive_name\b", name, text)
    return re.sub(r"\bYYYY-MM-DD\b", f"{now:%Y-%m-%d}", text)
