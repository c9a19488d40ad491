"""
A report as the documents that monitors read, and as text for people.

All functions are pure; choosing one by the request's ``Accept`` is the business
of whoever speaks HTTP.
"""

from __future__ import annotations

from datetime import datetime

from ..render.documents import Document
from ..render.words import duration, iso
from .report import Finding, HealthReport, HealthStatus, Relation

__all__ = [
    "HEALTH_JSON",
    "basic_document",
    "headline",
    "health_document",
    "health_json_document",
    "plain_text",
    "status_document",
]

HEALTH_JSON = "application/health+json"
"""The media type of `health_json_document`."""

_DRAFT = {
    HealthStatus.HEALTHY: "pass",
    HealthStatus.DEGRADED: "warn",
    HealthStatus.UNHEALTHY: "fail",
}


def basic_document(now: datetime) -> Document:
    """
    Say that the process answers: ``/health``.  Knows no database.
    """
    return {"status": "ok", "timestamp": iso(now)}


def status_document(report: HealthReport) -> Document:
    """
    Reduce the report to its status, for those who may see no more.
    """
    return {"status": report.status.value}


def health_document(report: HealthReport, *, further: bool = True) -> Document:
    """
    Describe the report: ``/health/database``.

    What was not looked at is left out rather than shown as empty: a ledger that
    was not read has no ``migrations``, a database out of reach no ``timestamp``
    of its own, no ``schema`` either; its ``pending``, ``drift`` and ``in_doubt``
    are None.

    Args:
        report: What to describe.

        further: With the keys ``relation``, ``pending``, ``drift``, ``in_doubt``,
            ``last_failure``, ``checkedAt`` and ``cached``.
    """
    document: Document = {"status": report.status.value}
    if report.connected:
        document["timestamp"] = iso(report.timestamp)
    document["database"] = _database(report)
    if report.applied is not None:
        document["migrations"] = _migrations(report)
    if report.tables is not None:
        document["schema"] = {
            "critical_tables": [{"name": t.name, "exists": t.exists} for t in report.tables],
            "all_tables_exist": report.all_tables_exist,
        }
    return document | _further(report) if further else document


def _database(report: HealthReport) -> Document:
    database: Document = {"connected": report.connected}
    if report.connected and report.response_ms is not None:
        database["responseTime"] = report.response_ms
    if report.error is not None:
        database["error"] = report.error
    return database


def _migrations(report: HealthReport) -> Document:
    applied = list(report.applied or ())
    document: Document = {"applied": applied, "latest": report.latest, "count": len(applied)}
    if report.warning is not None:
        document["warning"] = report.warning
    return document


def _further(report: HealthReport) -> Document:
    failure, known = report.last_failure, report.applied is not None
    return {
        "relation": report.relation.value,
        # Nobody knows is not the same as none.
        "pending": list(report.pending) if known else None,
        "drift": list(report.drift) if known else None,
        "in_doubt": list(report.in_doubt) if known else None,
        "last_failure": failure
        and {"version": failure.version, "name": failure.name, "at": iso(failure.at)},
        "checkedAt": iso(report.checked_at),
        "cached": report.cached,
    }


def health_json_document(report: HealthReport, *, release: str | None = None) -> Document:
    """
    Describe the report as ``application/health+json``, after
    draft-inadarei-api-health-check-06.

    Args:
        report: What to describe.

        release: The application's own ``releaseId``.
    """
    document: Document = {"status": _DRAFT[report.status]}
    if release is not None:
        document["releaseId"] = release
    if notes := [_note(finding) for finding in report.findings]:
        document["notes"] = notes
    if report.status is not HealthStatus.HEALTHY:
        document["output"] = headline(report)
    document["checks"] = {
        "database:responseTime": [_reach_check(report)],
        "migrations:pending": [_pending_check(report)],
    }
    if report.tables is not None:
        document["checks"]["schema:missingTables"] = [_tables_check(report)]
    return document


def _reach_check(report: HealthReport) -> Document:
    check: Document = {
        "componentType": "datastore",
        "status": "pass" if report.connected else "fail",
        "time": iso(report.checked_at or report.timestamp),
    }
    if report.connected and report.response_ms is not None:
        check |= {"observedValue": report.response_ms, "observedUnit": "ms"}
    return check | ({"output": report.error} if report.error else {})


def _pending_check(report: HealthReport) -> Document:
    known = report.applied is not None
    status = "warn" if report.pending else "pass"
    check: Document = {
        "componentType": "datastore",
        "status": _at_least(report, status) if known else "fail",
        "time": iso(report.checked_at or report.timestamp),
    }
    if known:
        check |= {"observedValue": len(report.pending), "observedUnit": "migrations"}
    return check | ({"output": report.warning} if report.warning else {})


def _at_least(report: HealthReport, status: str) -> str:
    return "fail" if report.relation is Relation.DIVERGED or report.in_doubt else status


def _tables_check(report: HealthReport) -> Document:
    absent = [table.name for table in report.tables or () if not table.exists]
    check: Document = {
        "componentType": "datastore",
        "observedValue": len(absent),
        "observedUnit": "tables",
        "status": "warn" if absent else "pass",
        "time": iso(report.checked_at or report.timestamp),
    }
    return check | ({"output": f"Missing tables: {', '.join(absent)}"} if absent else {})


def _note(finding: Finding) -> str:
    return f"{finding.message} {finding.remedy}".rstrip()


def headline(report: HealthReport) -> str:
    """
    Say in one sentence what matters most.
    """
    return report.findings[0].message if report.findings else f"{report.relation.value}."


def plain_text(report: HealthReport) -> str:
    """
    Say it in lines for people: the status, each finding with what to do, the age.
    """
    lines = [f"{report.status.value}: {headline(report)}"]
    for number, finding in enumerate(report.findings):
        if number:
            lines.append(f"  {finding.message}")
        if finding.remedy:
            lines.append(f"    {finding.remedy}")
    if report.checked_at is not None:
        took = f", took {duration(report.response_ms)}" if report.response_ms is not None else ""
        age = f", {duration(report.age_ms)} ago" if report.cached else ""
        lines.append(f"Checked at {iso(report.checked_at)}{age}{took}.")
    return "\n".join(lines) + "\n"
