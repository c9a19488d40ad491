"""
sqlx: ``20240528214728_create_users.sql``, or ``.up.sql`` with ``.down.sql`` beside it.
"""

from __future__ import annotations

import re

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing
from .elsewhere import ELSEWHERE

__all__ = ["LAYOUT"]

LAYOUT = FileLayout(
    name="sqlx",
    rule="A migration is called <digits>_<name>.sql, like 20240528214728_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+?)(?:\.up)?\.sql"),
    near=re.compile(r"(?:[^/]*_|[0-9])[^/]*\.sql\s*", re.IGNORECASE),
    passed=re.compile(r".*\.down\.sql"),
    notation=Notation(
        tool="sqlx",
        # At the very beginning of the file, to the letter.
        markers=(Marker(re.compile(r"\A-- no-transaction"), Meaning.ALONE), *ELSEWHERE),
    ),
    writing=Writing(stamp="%Y%m%d%H%M%S"),
)
