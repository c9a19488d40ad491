"""
Prisma: ``20240528214728_create_users/migration.sql``.

The name of the folder is the version, as a whole: several may have one number.
The order is that of the names as text.
"""

from __future__ import annotations

import re
from operator import attrgetter
from typing import TYPE_CHECKING

from st44_migrate.model import Notation

from ..layout import FileLayout, Writing, whole
from .elsewhere import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration

__all__ = ["LAYOUT"]


def _by_name(migrations: Sequence[Migration]) -> Iterable[Migration]:
    return sorted(migrations, key=attrgetter("label"))


LAYOUT = FileLayout(
    name="prisma",
    rule="A migration is a folder <digits>_<name> with migration.sql in it, like"
    " 20240528214728_create_users/migration.sql",
    pattern=re.compile(r"(?P<version>(?:[0-9]+_)?(?P<name>[^/]+))/migration\.sql"),
    read=whole,
    near=re.compile(r"[0-9][^/]*\.sql"),
    notation=Notation(tool="prisma", markers=ELSEWHERE, wraps=False),
    depth=1,
    inner="migration.sql",
    arrange=_by_name,
    writing=Writing("{version}_{name}/migration.sql", stamp="%Y%m%d%H%M%S"),
    telling=True,
    signs=re.compile(r"migration_lock\.toml|schema\.prisma"),
)
