"""
Bring a database's schema to what the code expects, and tell whether it is there.

How it flows; nothing imports to its right::

    folder of .sql ─► source ─► plan ─► engine ─► driver ─► ledger ─► report ─► health
                     (text)   (pure)   (order)    (I/O)     (rows)    (data)    (pure)

``sqltext`` reads SQL, ``source`` finds files, ``plan`` compares them with the
ledger, ``_engine`` puts effects in order, ``batch`` and ``dialects`` write what
is sent, ``drivers`` send it, ``runner`` offers it blocking and async, ``health``
tells how a database stands to the code, ``observe`` and ``cli`` show it to people.
Start at `Migrator`, or at ``_engine``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .errors import (
        ApplyError,
        ConfigError,
        DatabaseUnavailable,
        LedgerError,
        LockTimeout,
        MigrateError,
        PlanError,
        SourceError,
    )
    from .health import (
        AsyncHealthProbe,
        HealthProbe,
        HealthReport,
        build_health,
        require_current,
        require_current_async,
    )
    from .model import (
        Adoption,
        Applied,
        LedgerName,
        Migration,
        Pending,
        Place,
        Plan,
        Problem,
        Record,
        Report,
        Settings,
        Severity,
        State,
        Status,
        Terms,
    )
    from .protocols import Observer, Source
    from .runner import AsyncMigrator, Migrator, migrate, migrate_async
    from .source import Folder, Memory, Package

__version__ = "0.1.0"

__all__ = [
    "Adoption",
    "Applied",
    "ApplyError",
    "AsyncHealthProbe",
    "AsyncMigrator",
    "ConfigError",
    "DatabaseUnavailable",
    "Folder",
    "HealthProbe",
    "HealthReport",
    "LedgerError",
    "LedgerName",
    "LockTimeout",
    "Memory",
    "MigrateError",
    "Migration",
    "Migrator",
    "Observer",
    "Package",
    "Pending",
    "Place",
    "Plan",
    "PlanError",
    "Problem",
    "Record",
    "Report",
    "Settings",
    "Severity",
    "Source",
    "SourceError",
    "State",
    "Status",
    "Terms",
    "__version__",
    "build_health",
    "migrate",
    "migrate_async",
    "require_current",
    "require_current_async",
]

_HOMES = {
    "errors": (
        "ApplyError ConfigError DatabaseUnavailable LedgerError LockTimeout MigrateError"
        " PlanError SourceError"
    ),
    "health": (
        "AsyncHealthProbe HealthProbe HealthReport build_health require_current"
        " require_current_async"
    ),
    "model": (
        "Adoption Applied LedgerName Migration Pending Place Plan Problem Record Report Settings"
        " Severity State Status Terms"
    ),
    "protocols": "Observer Source",
    "runner": "AsyncMigrator Migrator migrate migrate_async",
    "source": "Folder Memory Package",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """
    Load a public name on first use, so that importing the package costs nothing.
    """
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
