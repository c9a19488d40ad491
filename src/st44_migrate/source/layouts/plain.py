"""
Our own layout: ``017_add_rewards.sql``, and all of it is SQL.

A file that another tool wrote for both ways may be called the same.  Read as it
stands it would be undone at once, so what follows the other tool's marker is
refused.
"""

from __future__ import annotations

import re

from st44_migrate.model import Notation

from ..layout import FileLayout
from ..naming import read_names
from .elsewhere import ELSEWHERE

__all__ = ["LAYOUT"]

LAYOUT = FileLayout(
    name="plain",
    rule="A migration is called <digits>_<name>.sql, like 001_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.sql"),
    sort=read_names,
    notation=Notation(
        tool="st44-migrate",
        markers=ELSEWHERE,
        blank=False,
    ),
)
