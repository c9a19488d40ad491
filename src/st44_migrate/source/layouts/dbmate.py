"""
dbmate: ``20240528214728_create_users.sql``, with ``-- migrate:up`` in it.

The order is that of the names as text, where 10 comes before 9.
"""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing, integer
from ..naming import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration

__all__ = ["LAYOUT"]


def _read(found: re.Match[str]) -> Name | None:
    name = integer(found)
    # "001" and "1" are two versions to dbmate.
    return None if name is None else Name(name.file, name.version, name.label, name.name)


def _by_name(migrations: Sequence[Migration]) -> Iterable[Migration]:
    return sorted(migrations, key=attrgetter("path"))


_MARKERS = (
    (r"--\s*migrate:up\b.*\btransaction:false\b", Meaning.UP_ALONE),
    (r"--\s*migrate:up(?!\S)", Meaning.UP),
    (r"--\s*migrate:down(?!\S)", Meaning.DOWN),
)

LAYOUT = FileLayout(
    name="dbmate",
    rule="A migration is called <digits>_<name>.sql, like 20240528214728_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_?(?P<name>.*)\.sql"),
    read=_read,
    notation=Notation(
        tool="dbmate",
        markers=tuple(Marker(re.compile(pattern), means) for pattern, means in _MARKERS),
        sections=True,
        opening="-- migrate:up",
        almost=re.compile(r"--\s*migrate\s*:", re.IGNORECASE),
    ),
    arrange=_by_name,
    writing=Writing(
        text="-- migrate:up\n{sql}\n\n-- migrate:down\n",
        stamp="%Y%m%d%H%M%S",
    ),
)
