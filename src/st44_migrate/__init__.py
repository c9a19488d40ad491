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

from ._lazy import lazily

if TYPE_CHECKING:
    from .async_runner import AsyncMigrator, migrate_async
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
    from .runner import Migrator, migrate
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

__getattr__ = lazily(
    __name__,
    {
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
        "runner": "Migrator migrate",
        "async_runner": "AsyncMigrator migrate_async",
        "source": "Folder Memory Package",
    },
)


def __dir__() -> list[str]:
    return __all__
