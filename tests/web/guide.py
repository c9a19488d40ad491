"""
The guide's documents of ``/health/database``, to compare answers with.
"""

from __future__ import annotations

import re
from typing import Any

import httpx

EIGHT = ["000", "001", "011", "012", "013", "014", "015", "016"]
TABLES = ["users", "households", "children", "tasks", "task_assignments", "task_completions"]

FURTHER = {"relation", "pending", "drift", "in_doubt", "last_failure", "checkedAt", "cached"}
"""What a document has beyond the guide, under keys of its own."""

TIMESTAMP = "2025-12-14T02:30:00.000Z"


def document(response: httpx.Response) -> dict[str, Any]:
    """
    Take the guide's part of a document; of time and duration the form is looked at.
    """
    assert response.headers["content-type"] == "application/json"
    whole: dict[str, Any] = response.json()
    assert set(whole) >= FURTHER
    found = {key: value for key, value in whole.items() if key not in FURTHER}
    if "timestamp" in found:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["timestamp"])
        found["timestamp"] = TIMESTAMP
    if "responseTime" in found["database"]:
        assert type(found["database"]["responseTime"]) is int
        found["database"]["responseTime"] = 42
    return found


def healthy(*, missing: str | None = None) -> dict[str, Any]:
    """
    Write the guide's first document; *missing* is a table that was dropped.
    """
    return {
        "status": "degraded" if missing else "healthy",
        "timestamp": TIMESTAMP,
        "database": {"connected": True, "responseTime": 42},
        "migrations": {"applied": EIGHT, "latest": "016", "count": 8},
        "schema": {
            "critical_tables": [{"name": name, "exists": name != missing} for name in TABLES],
            "all_tables_exist": missing is None,
        },
    }


def degraded() -> dict[str, Any]:
    """
    Write the second: two of eight are applied.  The guide shows three of its fields.
    """
    return {
        **healthy(),
        "status": "degraded",
        "migrations": {
            "applied": ["000", "001"],
            "latest": "001",
            "count": 2,
            "warning": "Expected 8 migrations, only 2 applied",
        },
        "schema": {
            "critical_tables": [{"name": name, "exists": name == "users"} for name in TABLES],
            "all_tables_exist": False,
        },
    }


def unhealthy(error: str = "Connection timeout") -> dict[str, Any]:
    """
    Write the third: nobody answers.
    """
    return {"status": "unhealthy", "database": {"connected": False, "error": error}}
