"""
The documents behind ``--json``: plain dicts, lists, texts, numbers and None.

A version is its label, ``"016"``; a time is ISO 8601 in UTC; a duration is in
whole milliseconds.  Every command prints exactly one document.

``up``
    ``{"status": "applied"|"current"|"failed", "applied": [{"version", "name",
    "statements", "duration_ms"}], "latest", "count", "error"}``
``status``
    ``{"latest", "count", "migrations": [{"version", "name", "state",
    "applied_at"}], "problems": [{"code", "version", "path", "message"}]}``
``plan``, ``check``
    ``{"status": "current"|"pending"|"problems", "latest", "count", "pending":
    [{"version", "name", "path", "statements", "transactional", "resume_at"}],
    "ahead": [version], "problems": [{"code", "severity", "version", "path",
    "line", "column", "message", "remedy"}], "error"}``
``lint``
    ``{"status": "clean"|"findings"|"failed", "files", "findings": [a problem, as
    in plan], "error"}``
``show``
    ``{"version", "name", "state", "applied_at", "applied_by", "duration_ms",
    "reason", "path", "applied_sql", "diff"}``
``baseline``, ``mark``, ``repair``
    ``{"versions": [{"version", "name", "state", "applied_at"}]}``
``adopt``
    ``{"tool", "table", "ledger", "written", "versions": [{"version", "name", "found",
    "key", "applied_at", "verified", "path"}], "pending": [path], "obstacles":
    [problem, as in plan]}``
``squash``
    ``{"equal", "baseline", "files": [path], "only_files": [text], "only_baseline":
    [text], "common"}``
``new``
    ``{"version", "name", "path"}``
``wait``
    ``{"status": "up"}``
``demo``
    ``{"server", "first", "second", "status"}``: two documents of ``up``, one of
    ``status``
``--version``
    ``{"version"}``

Where a command fails, *error* is ``{"code", "message", "path", "line",
"column", "statement", "sqlstate", "detail", "hint"}``, None where there is no
such thing; ``up`` and ``check`` keep their other keys, all others print
``{"error": ...}`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from ..errors import ApplyError, MigrateError, PlanError
from ..model import Applied, Pending, Plan, Problem, Record, Report, Status
from .failures import headline, place_of
from .records import difference, state_of
from .words import iso

__all__ = [
    "Document",
    "error_document",
    "plain_error",
    "plan_document",
    "plan_error",
    "problem_document",
    "record_document",
    "report_document",
    "status_document",
    "touched_document",
    "up_failure",
]

Document: TypeAlias = dict[str, Any]


def report_document(report: Report, error: Document | None = None) -> Document:
    """
    Describe what ``up`` did; *error* is there if it failed.
    """
    status = "failed" if error else "applied" if report.applied else "current"
    return {
        "status": status,
        "applied": [_applied(applied) for applied in report.applied],
        "latest": report.latest,
        "count": report.count,
        "error": error,
    }


def up_failure(error: Document, report: Report | None, applied: Sequence[Applied] = ()) -> Document:
    """
    Describe an ``up`` that failed.

    Without *report* nobody knows what the ledger holds, but *applied*, what
    this run was seen to apply, is told.
    """
    if report is not None:
        return report_document(report, error)
    return {
        "status": "failed",
        "applied": [_applied(done) for done in applied],
        "latest": None,
        "count": None,
        "error": error,
    }


def _applied(applied: Applied) -> Document:
    return {
        "version": applied.label,
        "name": applied.name,
        "statements": applied.statements,
        "duration_ms": applied.duration_ms,
    }


def status_document(plan: Plan) -> Document:
    """
    Describe every version and every problem.
    """
    return {
        "latest": plan.latest,
        "count": len(plan.applied),
        "migrations": [_version(status) for status in plan.statuses],
        "problems": [
            {"code": p.code, "version": p.version, "path": p.path, "message": p.message}
            for p in plan.problems
        ],
    }


def touched_document(statuses: tuple[Status, ...]) -> Document:
    """
    Describe the versions that ``baseline``, ``mark`` or ``repair`` changed.
    """
    return {"versions": [_version(status) for status in statuses]}


def _version(status: Status) -> Document:
    return {
        "version": status.label,
        "name": status.name,
        "state": status.state.value,
        "applied_at": iso(status.applied_at),
    }


def plan_document(plan: Plan) -> Document:
    """
    Describe what would run, and what stands against it.
    """
    status = "problems" if plan.errors else "pending" if plan.pending else "current"
    return {
        "status": status,
        "latest": plan.latest,
        "count": len(plan.applied),
        "pending": [_pending(pending) for pending in plan.pending],
        "ahead": [entry.label for entry in plan.ahead],
        "problems": [problem_document(problem) for problem in plan.problems],
        "error": None,
    }


def plan_error(error: Document) -> Document:
    """
    Describe a ``plan`` or ``check`` that could not be made.
    """
    return {
        "status": "failed",
        "latest": None,
        "count": None,
        "pending": [],
        "ahead": [],
        "problems": [],
        "error": error,
    }


def _pending(pending: Pending) -> Document:
    return {
        "version": pending.migration.label,
        "name": pending.migration.name,
        "path": pending.migration.path,
        "statements": len(pending.script.statements),
        "transactional": pending.script.transactional,
        "resume_at": pending.resume_at,
    }


def problem_document(problem: Problem) -> Document:
    """
    Describe a problem, or what a linter found.
    """
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "version": problem.version,
        "path": problem.path,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def record_document(record: Record) -> Document:
    """
    Describe all that is known of one version.
    """
    entry, journal, file = record.entry, record.journal, record.file
    known = entry or file
    number = str(journal.version) if journal else None
    return {
        "version": known.label if known else number,
        "name": known.name if known else None,
        "state": state_of(record),
        "applied_at": iso(entry.applied_at) if entry else None,
        "applied_by": record.applied_by,
        "duration_ms": journal.duration_ms if journal else None,
        "reason": journal.reason if journal else None,
        "path": file.path if file else None,
        "applied_sql": record.applied_sql,
        "diff": difference(record) or None,
    }


def error_document(error: MigrateError) -> Document:
    """
    Describe an error, with its place and what the server said.
    """
    place = place_of(error)
    document = plain_error(error.code, headline(error)[1])
    if place is not None:
        document.update(path=place.path, line=place.line, column=place.column)
    elif isinstance(error, ApplyError):
        document.update(path=error.migration.path)
    elif isinstance(error, PlanError):
        document.update(path=error.problems[0].path)
    if isinstance(error, ApplyError):
        said, statement = error.error, error.statement
        document.update(
            statement=statement.text if statement else None,
            sqlstate=error.sqlstate,
            detail=said.detail if said else None,
            hint=said.hint if said else None,
        )
    return document


def plain_error(code: str, message: str) -> Document:
    """
    Describe an error of which there is no more to say.
    """
    keys = ("path", "line", "column", "statement", "sqlstate", "detail", "hint")
    return {"code": code, "message": message, **dict.fromkeys(keys)}
