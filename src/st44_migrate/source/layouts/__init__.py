"""
The layouts by name: ours, those of other tools, those that other packages bring.

A layout is loaded when it is asked for.  Others are registered as entry points of
``st44_migrate.sources``, whose value is a `protocols.Layout`, and are looked for
only under a name that is not built in.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from st44_migrate.errors import ConfigError

from ..listing import did_you_mean

if TYPE_CHECKING:
    from st44_migrate.protocols import Layout

    from ..layout import FileLayout

__all__ = ["BUILT_IN", "builtin", "layout_named"]

_GROUP = "st44_migrate.sources"

BUILT_IN = (
    *("plain", "golang-migrate", "dbmate", "goose", "flyway", "sqlx", "refinery", "diesel"),
    *("prisma", "sql-migrate", "tern", "yoyo", "node-pg-migrate", "postgres-migrations"),
)


def builtin(name: str) -> FileLayout:
    """
    Load one of the built-in layouts.
    """
    module = import_module(f".{name.replace('-', '_')}", __name__)
    return cast("FileLayout", module.LAYOUT)


def layout_named(name: str) -> Layout:
    """
    Load the layout that is called *name*.

    Raises:
        ConfigError: there is none, or it cannot be loaded.
    """
    if name in BUILT_IN:
        return builtin(name)
    from importlib.metadata import entry_points  # 50 ms, rarely needed

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if name not in found:
        known = [*BUILT_IN, *sorted(found)]
        meant = did_you_mean(name, known)
        raise ConfigError(
            f"there is no layout {name!r}",
            unchanged="Nothing was run.",
            remedy=(f"Did you mean {meant}? " if meant else "")
            + f"There are {', '.join(known)}. Others come with a package that registers the entry"
            f" point {name!r} in the group {_GROUP!r}.",
        )
    entry = found[name]
    try:
        return cast("Layout", entry.load())
    except Exception as error:
        raise ConfigError(
            f"the layout {name!r}, {entry.value}, does not load: {error}",
            unchanged="Nothing was run.",
        ) from error
