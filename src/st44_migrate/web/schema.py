"""
The documents as JSON Schema, and what OpenAPI says of each endpoint.  Pure.
"""

from __future__ import annotations

from typing import Any

from ..health import HealthStatus, Relation
from ..health.documents import HEALTH_JSON
from .site import Endpoint

__all__ = ["SCHEMAS", "SUMMARIES", "responses"]

Schema = dict[str, Any]

_TIME: Schema = {"type": "string", "format": "date-time", "examples": ["2025-12-14T02:30:00.000Z"]}
_LABELS: Schema = {"type": "array", "items": {"type": "string"}}
_KNOWN: Schema = {**_LABELS, "type": ["array", "null"], "description": "null: nobody could look."}


def _object(required: str, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


_DATABASE = _object(
    "connected",
    connected={"type": "boolean"},
    responseTime={"type": "integer", "minimum": 0, "description": "Milliseconds."},
    error={
        "type": "string",
        "description": "From a fixed vocabulary.",
        "examples": ["Connection timeout"],
    },
)

_MIGRATIONS = _object(
    "applied latest count",
    applied=_LABELS,
    latest={"type": ["string", "null"]},
    count={"type": "integer", "minimum": 0},
    warning={"type": "string", "examples": ["Expected 8 migrations, only 2 applied"]},
)

_TABLES = _object(
    "critical_tables all_tables_exist",
    critical_tables={
        "type": "array",
        "items": _object("name exists", name={"type": "string"}, exists={"type": "boolean"}),
    },
    all_tables_exist={"type": "boolean"},
)

_FAILURE: Schema = {
    "anyOf": [
        {"type": "null"},
        _object(
            "version name at",
            version={"type": "string"},
            name={"type": "string"},
            at={"anyOf": [{"type": "null"}, _TIME]},
        ),
    ]
}

_REPORT = _object(
    # Who may see no more is given the status alone.
    "status",
    status={"type": "string", "enum": [status.value for status in HealthStatus]},
    timestamp=_TIME,
    database=_DATABASE,
    migrations=_MIGRATIONS,
    schema=_TABLES,
    relation={"type": "string", "enum": [relation.value for relation in Relation]},
    pending=_KNOWN,
    drift=_KNOWN,
    in_doubt=_KNOWN,
    last_failure=_FAILURE,
    checkedAt={"anyOf": [{"type": "null"}, _TIME]},
    cached={"type": "boolean"},
)

_ALIVE = _object("status timestamp", status={"type": "string", "const": "ok"}, timestamp=_TIME)

SCHEMAS = {Endpoint.ALIVE: _ALIVE, Endpoint.DATABASE: _REPORT, Endpoint.READY: _REPORT}
"""What ``application/json`` holds."""

SUMMARIES = {
    Endpoint.ALIVE: "Whether the process answers",
    Endpoint.DATABASE: "Whether the database is what the code expects",
    Endpoint.READY: "Whether the database is ready for this code",
    Endpoint.METRICS: "The same in numbers, for Prometheus",
}


def responses(endpoint: Endpoint) -> dict[int | str, Schema]:
    """
    Describe the answers of *endpoint* as OpenAPI wants it.
    """
    if endpoint is Endpoint.METRICS:
        text: Schema = {"schema": {"type": "string"}}
        return {
            200: _response("Metrics", **{"text/plain": text, "application/openmetrics-text": text})
        }
    document = {"application/json": {"schema": SCHEMAS[endpoint]}}
    others = {
        HEALTH_JSON: {"schema": {"type": "object"}},
        "text/plain": {"schema": {"type": "string"}},
    }
    if endpoint is Endpoint.ALIVE:
        return {200: _response("The process answers", **document, **others)}
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        200: _response("Healthy, or degraded and told so", **document, **others, **page),
        503: _response(
            "Unhealthy; ask again after Retry-After seconds", **document, **others, **page
        ),
    }


def _response(description: str, **content: Schema) -> Schema:
    return {"description": description, "content": content}
