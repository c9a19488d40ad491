"""
Whether the database is what the code expects: anyone can see, at any time.

::

    look at the database ─► Observation ─► rules, Policy ─► HealthReport ─► documents
         (the probe)          (facts)         (pure)          (a value)      (pure)

`build_health` and what it needs do no I/O.  `HealthProbe` and `AsyncHealthProbe`
look: within a deadline, once for however many ask, and never in anybody's way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .background import BackgroundMigration
    from .background_async import AsyncBackgroundMigration
    from .build import build_health
    from .checker import AsyncChecker, Checker
    from .documents import (
        HEALTH_JSON,
        basic_document,
        headline,
        health_document,
        health_json_document,
        plain_text,
        status_document,
    )
    from .observation import Activity, Holder, LastFailure, Observation, Phase, TableHealth
    from .policy import DEFAULT, READINESS, Policy
    from .probe import HealthProbe
    from .probe_async import AsyncHealthProbe
    from .relations import FromMigrations
    from .report import (
        Condition,
        Finding,
        HealthReport,
        HealthStatus,
        MigrationHealth,
        Relation,
    )
    from .require import NotCurrent, require_current, require_current_async
    from .rules import RULES, Rule

__all__ = [
    "DEFAULT",
    "HEALTH_JSON",
    "READINESS",
    "RULES",
    "Activity",
    "AsyncBackgroundMigration",
    "AsyncChecker",
    "AsyncHealthProbe",
    "BackgroundMigration",
    "Checker",
    "Condition",
    "Finding",
    "FromMigrations",
    "HealthProbe",
    "HealthReport",
    "HealthStatus",
    "Holder",
    "LastFailure",
    "MigrationHealth",
    "NotCurrent",
    "Observation",
    "Phase",
    "Policy",
    "Relation",
    "Rule",
    "TableHealth",
    "basic_document",
    "build_health",
    "headline",
    "health_document",
    "health_json_document",
    "plain_text",
    "require_current",
    "require_current_async",
    "status_document",
]

__getattr__ = lazily(
    __name__,
    {
        "background": "BackgroundMigration",
        "background_async": "AsyncBackgroundMigration",
        "build": "build_health",
        "checker": "AsyncChecker Checker",
        "documents": (
            "HEALTH_JSON basic_document headline health_document health_json_document plain_text"
            " status_document"
        ),
        "observation": "Activity Holder LastFailure Observation Phase TableHealth",
        "policy": "DEFAULT READINESS Policy",
        "probe": "HealthProbe",
        "probe_async": "AsyncHealthProbe",
        "relations": "FromMigrations",
        "report": "Condition Finding HealthReport HealthStatus MigrationHealth Relation",
        "require": "NotCurrent require_current require_current_async",
        "rules": "RULES Rule",
    },
)


def __dir__() -> list[str]:
    return __all__
