"""
The ledgers by the names of their tools: built-in ones, and those that other packages bring.

Others are registered as entry points of ``st44_migrate.ledgers``, whose value is a
`ToolLedger`.  They are looked for under a name that is not built in, and where no
built-in ledger is recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from ...errors import ConfigError
from ..ledger import ToolLedger

__all__ = ["BUILT_IN", "builtin", "every_other", "ledger_named"]

_GROUP = "st44_migrate.ledgers"

BUILT_IN = (
    *("golang-migrate", "dbmate", "goose", "flyway", "sqlx", "refinery", "diesel", "prisma"),
    *("sql-migrate", "tern", "yoyo", "node-pg-migrate", "postgres-migrations"),
    *("rails", "ecto", "alembic", "django"),
)


def builtin(name: str) -> ToolLedger:
    """
    Load one of the built-in ledgers.
    """
    module = import_module(f".{name.replace('-', '_')}", __name__)
    return cast("ToolLedger", module.LEDGER)


def ledger_named(name: str) -> ToolLedger:
    """
    Load the ledger of the tool that is called *name*.

    Raises:
        ConfigError: there is none, or it cannot be loaded.
    """
    if name in BUILT_IN:
        return builtin(name)
    others = {other.tool: other for other in every_other()}
    if name in others:
        return others[name]
    known = ", ".join((*BUILT_IN, *sorted(others)))
    raise ConfigError(
        f"there is no ledger of a tool {name!r}",
        unchanged="Nothing was changed.",
        remedy=f"There are {known}. Others come with a package that registers the entry point"
        f" {name!r} in the group {_GROUP!r}.",
    )


def every_other() -> Sequence[ToolLedger]:
    """
    Load what other packages bring.

    Raises:
        ConfigError: one cannot be loaded.
    """
    from importlib.metadata import entry_points  # 50 ms, rarely needed

    found: list[ToolLedger] = []
    for entry in entry_points(group=_GROUP):
        try:
            found.append(cast("ToolLedger", entry.load()))
        except Exception as error:
            raise ConfigError(
                f"the ledger {entry.name!r}, {entry.value}, does not load: {error}",
                unchanged="Nothing was changed.",
            ) from error
    return found
