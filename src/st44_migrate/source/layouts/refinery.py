"""
refinery: ``V1__create_users.sql``; ``U2__add_email.sql`` may come late.
"""

from __future__ import annotations

import re
from dataclasses import replace

from st44_migrate.model import Notation

from ..layout import FileLayout, Writing, integer
from ..naming import Name
from .elsewhere import ELSEWHERE

__all__ = ["LAYOUT"]


def _read(found: re.Match[str]) -> Name | None:
    name = integer(found)
    return replace(name, late=found["kind"] == "U") if name else None


_NAME = r"(?:.*/)?(?P<kind>[VU])(?P<version>[0-9]+)__(?P<name>\w+)"

LAYOUT = FileLayout(
    name="refinery",
    rule="A migration is called V<digits>__<name>.sql, like V1__create_users.sql",
    pattern=re.compile(rf"{_NAME}\.sql"),
    read=_read,
    code=re.compile(rf"{_NAME}\.rs"),
    notation=Notation(tool="refinery", markers=ELSEWHERE),
    depth=16,
    writing=Writing("V{version}__{name}.sql"),
    telling=True,
    signs=re.compile(r"refinery\.toml"),
)
