"""
Our own layout: ``017_add_rewards.sql``, and all of it is SQL.

A file that another tool wrote for both ways may be called the same.  Read as it
stands it would be undone at once, so what follows the other tool's marker is
refused.
"""

from __future__ import annotations

import re

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout
from ..naming import read_names

__all__ = ["LAYOUT"]

# The beginning of the way back, in the notation of each tool, or nearly.
_BACK = {
    "goose": r"[ \t]*--[ \t]*\+[ \t]*goose[ \t]+down\b",
    "sql-migrate": r"[ \t]*--[ \t]*\+[ \t]*migrate[ \t]+down\b",
    "dbmate": r"[ \t]*--[ \t]*migrate[ \t]*:[ \t]*down\b",
    "tern": r"[ \t]*--[ \t-]*create[ \t]+above[ \t]*/[ \t]*drop[ \t]+below\b",
    "node-pg-migrate": r"[ \t]*--[ \t-]*down[ \t]+migration[ \t-]*$",
}

LAYOUT = FileLayout(
    name="plain",
    rule="A migration is called <digits>_<name>.sql, like 001_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.sql"),
    sort=read_names,
    notation=Notation(
        tool="st44-migrate",
        markers=tuple(
            Marker(re.compile(pattern, re.IGNORECASE | re.MULTILINE), Meaning.ELSEWHERE, tool=tool)
            for tool, pattern in _BACK.items()
        ),
        blank=False,
    ),
)
