"""
The documents: the guide's to the letter, the draft's, and text for people.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from health.probing import NOW, TABLES
from health.test_build import ALL, SEEN, applied, half_way, plan
from st44_migrate import build_health
from st44_migrate.health import (
    HealthReport,
    LastFailure,
    Observation,
    TableHealth,
    basic_document,
    health_document,
    health_json_document,
    plain_text,
    status_document,
)
from st44_migrate.model import Fault

GUIDE = Path(os.environ.get("ST44_HOUSEHOLD") or Path(__file__).parents[3] / "shared/household")
FURTHER = {"relation", "pending", "drift", "in_doubt", "last_failure", "checkedAt", "cached"}

THERE = tuple(TableHealth(name, exists=True) for name in TABLES)
GONE = tuple(TableHealth(name, exists=name == "users") for name in TABLES)

HEALTHY = replace(SEEN, plan=plan(applied(*ALL)), tables=THERE)
DEGRADED = replace(SEEN, plan=plan(applied("000", "001")), tables=GONE)
OUT_OF_REACH = Observation(checked_at=NOW, fault=Fault.TIMEOUT, response_ms=800, expected=8)


def report(seen: Observation, **more: Any) -> HealthReport:
    return build_health(seen, now=NOW, **more)


def test_the_healthy_document() -> None:
    """Field by field, in the order that people know."""
    document = health_document(report(HEALTHY), further=False)
    assert json.dumps(document) == json.dumps(
        {
            "status": "healthy",
            "timestamp": "2025-12-14T02:30:00.000Z",
            "database": {"connected": True, "responseTime": 42},
            "migrations": {"applied": list(ALL), "latest": "016", "count": 8},
            "schema": {
                "critical_tables": [{"name": name, "exists": True} for name in TABLES],
                "all_tables_exist": True,
            },
        }
    )


def test_the_degraded_document() -> None:
    """The same, with a warning and the tables that are missing."""
    document = health_document(report(DEGRADED), further=False)
    assert document["status"] == "degraded"
    assert document["migrations"] == {
        "applied": ["000", "001"],
        "latest": "001",
        "count": 2,
        "warning": "Expected 8 migrations, only 2 applied",
    }
    assert document["schema"]["all_tables_exist"] is False
    assert document["database"] == {"connected": True, "responseTime": 42}


def test_the_unhealthy_document() -> None:
    """No more than is known."""
    made = report(OUT_OF_REACH)
    assert made.http_status == 503
    assert health_document(made, further=False) == {
        "status": "unhealthy",
        "database": {"connected": False, "error": "Connection timeout"},
    }


def test_the_documents_of_the_guide() -> None:
    """As they stand in the guide's own data; "degraded" shows what differs."""
    path = GUIDE / "health.json"
    if not path.exists():
        pytest.skip(f"the guide is not here: {path}")
    guide = json.loads(path.read_text("utf-8"))
    assert basic_document(NOW) == guide["basic"]["body"]
    for name, seen in {"healthy": HEALTHY, "unhealthy": OUT_OF_REACH}.items():
        made = report(seen)
        assert made.http_status == guide[name]["http"]
        assert health_document(made, further=False) == guide[name]["body"]
        assert {k: v for k, v in made.to_dict().items() if k not in FURTHER} == guide[name]["body"]
    degraded, shown = report(DEGRADED).to_dict(), guide["degraded"]["body"]
    for key, value in shown.items():
        if isinstance(value, dict):
            assert value.items() <= degraded[key].items()
        else:
            assert degraded[key] == value


def test_further_fields_have_keys_of_their_own() -> None:
    """All of them, always; unknown is None and not empty."""
    failed = LastFailure("011", "create_households_table", NOW)
    document = report(replace(DEGRADED, last_failure=failed)).to_dict()
    assert {key: document[key] for key in FURTHER} == {
        "relation": "behind",
        "pending": list(ALL[2:]),
        "drift": [],
        "in_doubt": [],
        "last_failure": {
            "version": "011",
            "name": "create_households_table",
            "at": "2025-12-14T02:30:00.000Z",
        },
        "checkedAt": "2025-12-14T02:30:00.000Z",
        "cached": False,
    }
    document = report(OUT_OF_REACH, cached=True).to_dict()
    assert set(document) == {"status", "database", *FURTHER}
    assert [document[key] for key in ("pending", "drift", "in_doubt")] == [None] * 3
    assert (document["relation"], document["cached"]) == ("unknown", True)


def test_a_ledger_that_cannot_be_read() -> None:
    """The database is there: that much is told."""
    seen = replace(SEEN, fault=Fault.FORBIDDEN, tables=None)
    document = health_document(report(seen), further=False)
    assert document == {
        "status": "unhealthy",
        "timestamp": "2025-12-14T02:30:00.000Z",
        "database": {"connected": True, "responseTime": 42, "error": "Permission denied"},
    }


def test_no_tables_are_asked_for() -> None:
    """Then none is missing."""
    document = report(replace(HEALTHY, tables=())).to_dict()
    assert document["schema"] == {"critical_tables": [], "all_tables_exist": True}


def test_the_status_alone() -> None:
    """For those who may see no more."""
    assert status_document(report(DEGRADED)) == {"status": "degraded"}


# --- application/health+json --------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "status"),
    [(HEALTHY, "pass"), (DEGRADED, "warn"), (OUT_OF_REACH, "fail")],
)
def test_the_draft_is_kept(seen: Observation, status: str) -> None:
    """
    draft-inadarei-api-health-check-06: the three words, "output" only where
    something is the matter, checks as lists under "component:measurement".
    """
    made = report(seen)
    document = health_json_document(made, release="1.2.3")
    assert (document["status"], document["releaseId"]) == (status, "1.2.3")
    assert ("output" in document) == (status != "pass")
    assert all(isinstance(note, str) for note in document["notes"])
    for name, checks in document["checks"].items():
        assert name.count(":") == 1
        for check in checks:
            assert check["componentType"] == "datastore"
            assert check["status"] in {"pass", "warn", "fail"}
            assert check["time"] == "2025-12-14T02:30:00.000Z"
            assert ("observedValue" in check) == ("observedUnit" in check)
    assert (200 <= made.http_status < 400) == (status != "fail")
    json.dumps(document)


def test_the_checks_of_the_draft() -> None:
    """Response time, pending migrations, missing tables."""
    checks = health_json_document(report(DEGRADED))["checks"]
    (reach,), (pending,), (tables,) = checks.values()
    assert (reach["observedValue"], reach["observedUnit"], reach["status"]) == (42, "ms", "pass")
    assert (pending["observedValue"], pending["status"]) == (6, "warn")
    assert pending["output"] == "Expected 8 migrations, only 2 applied"
    assert (tables["observedValue"], tables["status"]) == (5, "warn")
    checks = health_json_document(report(OUT_OF_REACH))["checks"]
    assert checks["database:responseTime"][0]["output"] == "Connection timeout"
    assert checks["migrations:pending"][0]["status"] == "fail"
    assert "observedValue" not in checks["migrations:pending"][0]
    doubt = health_json_document(report(replace(SEEN, plan=plan(half_way()))))["checks"]
    assert doubt["migrations:pending"][0]["status"] == "fail"


# --- text ---------------------------------------------------------------------


def test_the_text_for_people() -> None:
    """What is the matter, what to do, and when it was looked at."""
    assert plain_text(report(DEGRADED)) == (
        "degraded: Expected 8 migrations, only 2 applied; missing: 011, 012, 013, 014, 015 and 1"
        " more.\n"
        "    Apply them: st44-migrate up.\n"
        "  Missing tables: households, children, tasks, task_assignments, task_completions.\n"
        "    Apply what is missing: st44-migrate up. If nothing is, a table was dropped by hand.\n"
        "Checked at 2025-12-14T02:30:00.000Z, took 42 ms.\n"
    )
    later = build_health(HEALTHY, now=NOW + timedelta(seconds=1), cached=True)
    assert plain_text(later) == (
        "healthy: Every migration is applied, 8 of 8.\n"
        "Checked at 2025-12-14T02:30:00.000Z, 1.0 s ago, took 42 ms.\n"
    )
    assert plain_text(report(Observation())) == (
        "unhealthy: The database has not been looked at yet.\n    Ask again.\n"
    )
