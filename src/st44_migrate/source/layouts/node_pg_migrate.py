"""
node-pg-migrate: ``1716932848000_create-users.sql``, with ``-- Up Migration`` in it.

The name of the file is the version, as a whole.  The number before it may be an
index, a time in milliseconds or one written out in 17 digits; times are compared
with each other.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing, whole
from .elsewhere import elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration

__all__ = ["LAYOUT"]

_WRITTEN_OUT = 17


def _moment(label: str) -> int:
    """
    Read the number of a file, in milliseconds where it is a time.
    """
    digits = re.match(r"[0-9]+", label)
    if digits is None:
        return 0
    if len(digits[0]) == _WRITTEN_OUT:
        try:
            when = datetime.strptime(f"{digits[0]}000", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
        except ValueError:
            return int(digits[0])
        return round(when.timestamp() * 1000)
    return int(digits[0])


def _by_time(migrations: Sequence[Migration]) -> Iterable[Migration]:
    return sorted(migrations, key=lambda migration: (_moment(migration.label), migration.label))


_NAME = r"(?P<version>(?:[0-9]+[-_])?(?P<name>[^/]+?))"

LAYOUT = FileLayout(
    name="node-pg-migrate",
    rule="A migration is called <digits>_<name>.sql, like 1716932848000_create-users.sql",
    pattern=re.compile(rf"{_NAME}(?:\.up)?\.sql"),
    read=whole,
    passed=re.compile(r".*\.down\.sql|.*\.d\.ts"),
    code=re.compile(rf"{_NAME}\.(?:[cm]?js|[cm]?ts)"),
    notation=Notation(
        tool="node-pg-migrate",
        markers=(
            *(
                Marker(re.compile(rf"[ \t]*--[ \t-]*{way}[ \t]+migration", re.IGNORECASE), means)
                for way, means in (("up", Meaning.UP), ("down", Meaning.DOWN))
            ),
            *elsewhere("node-pg-migrate"),
        ),
        opening="-- Up Migration",
        almost=re.compile(
            r"--[ \t-]*(?:(?:up|down)(?:[ \t]+migrations?)?|migrations?[ \t]+(?:up|down))[ \t:-]*$",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    arrange=_by_time,
    writing=Writing(
        text="-- Up Migration\n{sql}\n\n-- Down Migration\n",
        stamp="%Y%m%d%H%M%S000",
    ),
)
