"""
sql-migrate: ``20240528214728-create_users.sql``, with ``-- +migrate Up`` in it.

The name of the file is the version, as a whole.  Numbers at the beginning are
compared as numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing, whole
from ..naming import Name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration

__all__ = ["LAYOUT"]


def _read(found: re.Match[str]) -> Name | None:
    name = whole(found)
    return Name(name.file, name.version, name.label, name.name, key=name.file) if name else None


def _numbers_first(migrations: Sequence[Migration]) -> Iterable[Migration]:
    def rule(migration: Migration) -> tuple[bool, int, str]:
        number = re.match(r"[0-9]+", migration.label)
        return number is None, int(number[0]) if number else 0, migration.key

    return sorted(migrations, key=rule)


_MARKERS = (
    (r"up\b.*\bnotransaction\b", Meaning.UP_ALONE),
    (r"up\b", Meaning.UP),
    (r"down\b", Meaning.DOWN),
)

LAYOUT = FileLayout(
    name="sql-migrate",
    rule="A migration is called <digits>-<name>.sql, like 20240528214728-create_users.sql",
    pattern=re.compile(r"(?P<version>(?:[0-9]+[-_]?)?(?P<name>[^/]*))\.sql"),
    read=_read,
    notation=Notation(
        tool="sql-migrate",
        markers=tuple(
            Marker(re.compile(rf"-- \+migrate[ \t]+{words}", re.IGNORECASE), means)
            for words, means in _MARKERS
        ),
        sections=True,
        opening="-- +migrate Up",
        almost=re.compile(r"--\s*\+\s*migrate\b(?!\s+statement(?:begin|end)\b)", re.IGNORECASE),
    ),
    arrange=_numbers_first,
    writing=Writing(
        "{version}-{name}.sql",
        "-- +migrate Up\n{sql}\n\n-- +migrate Down\n",
        stamp="%Y%m%d%H%M%S",
    ),
    signs=re.compile(r"dbconfig\.yml"),
)
