"""
postgres-migrations: ``0001-create-users.sql``.
"""

from __future__ import annotations

import re

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing
from .elsewhere import ELSEWHERE

__all__ = ["LAYOUT"]

LAYOUT = FileLayout(
    name="postgres-migrations",
    rule="A migration is called <digits>-<name>.sql, like 0001-create-users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)[-_]?(?P<name>.*)\.sql"),
    near=re.compile(r"[^/]*\.sql\s*", re.IGNORECASE),
    code=re.compile(r"(?P<version>[0-9]+)[-_]?(?P<name>.*)\.js"),
    notation=Notation(
        tool="postgres-migrations",
        markers=(
            Marker(re.compile(r"-- postgres-migrations disable-transaction"), Meaning.ALONE),
            *ELSEWHERE,
        ),
    ),
    writing=Writing("{version}-{name}.sql"),
)
