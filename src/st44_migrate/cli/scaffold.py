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

_STAMP = 14
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


def next_label(names: Sequence[Name], now: datetime, *, timestamp: bool) -> str:
    """
    Find the next number of a folder, as wide as the highest one there.

    Args:
        names: The migrations that are there.

        now: The time, in UTC.

        timestamp: Use the time, also where the folder counts.  A folder whose
            highest number is a time gets one anyway.
    """
    highest = max(names, key=lambda name: name.version, default=None)
    following = highest.version + 1 if highest else 1
    if timestamp or (highest and len(highest.label) == _STAMP):
        # A file dated in the future is there: the new one still has to come after it.
        return str(max(int(f"{now:%Y%m%d%H%M%S}"), following))
    return str(following).zfill(len(highest.label) if highest else 3)


def fill(template: str, label: str, name: str, now: datetime) -> str:
    """
    Put number, name and date where *template* has NNN, XXX, descriptive_name, YYYY-MM-DD.
    """
    text = _FULL_NAME.sub(f"{label}_{name}", template)
    text = _BARE_VERSION.sub(label, text)
    text = re.sub(r"\bdescriptive_name\b", name, text)
    return re.sub(r"\bYYYY-MM-DD\b", f"{now:%Y-%m-%d}", text)
