"""
diesel: ``2024-05-28-214728_create_users/up.sql``, ``down.sql`` and metadata beside it.

A version is what stands before the first underscore, without its hyphens, and is
compared as text: 18 digits come between two times 14, not behind them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from st44_migrate.model import Header, LongVersion, Notation

from ..layout import Aside, FileLayout, Writing
from ..naming import Name, read_integer
from .elsewhere import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration
    from st44_migrate.protocols import Tree

__all__ = ["LAYOUT"]

_TIME = 14
"""The digits of a time; what follows them tells folders of the same second apart."""


def _read(found: re.Match[str]) -> Name | None:
    digits = found["version"].replace("-", "")
    time, more = digits[:_TIME], digits[_TIME:]
    version = read_integer(time) if time else None
    if version is None:
        return None
    tail = f"-{more}" if more else ""
    name = found["name"] or found["version"]
    return Name(found.string, LongVersion((version,), tail), time + tail, name, key=digits)


def _as_text(migrations: Sequence[Migration]) -> Iterable[Migration]:
    return sorted(migrations, key=lambda migration: migration.key or migration.label)


def _metadata(tree: Tree, file: str) -> Aside:
    """
    Read ``metadata.toml``.
    """
    beside = file.removesuffix("up.sql") + "metadata.toml"
    if not tree.has(beside):
        return Aside()
    import tomllib  # few folders have one

    try:
        said = tomllib.loads(tree.read(beside).decode("utf-8", "replace"))
    except tomllib.TOMLDecodeError as error:
        from st44_migrate.errors import SourceError

        raise SourceError(f"{tree.path(beside)} is not TOML: {error}.") from error
    return Aside(Header(transaction=False if said.get("run_in_transaction") is False else None))


LAYOUT = FileLayout(
    name="diesel",
    rule="A migration is a folder <digits>_<name> with up.sql in it, like"
    " 2024-05-28-214728_create_users/up.sql",
    pattern=re.compile(r"(?P<version>[0-9][0-9-]*)(?:_(?P<name>[^/]*))?/up\.sql"),
    read=_read,
    near=re.compile(r"[0-9][^/]*\.sql"),
    notation=Notation(tool="diesel", markers=ELSEWHERE),
    depth=1,
    inner="up.sql",
    arrange=_as_text,
    aside=_metadata,
    writing=Writing("{version}_{name}/up.sql", stamp="%Y-%m-%d-%H%M%S"),
    telling=True,
    signs=re.compile(r"diesel\.toml"),
)
