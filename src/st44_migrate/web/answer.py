"""
From a question to an HTTP answer: status, headers, body.  Pure.

The adapters translate: a framework's request into a `Question`, an `Answer`
into the framework's response.  They decide nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..health.documents import (
    HEALTH_JSON,
    basic_document,
    health_document,
    health_json_document,
    plain_text,
    status_document,
)
from ..observe.health_metrics import health_families, status_families
from ..observe.openmetrics import OPENMETRICS, PROMETHEUS, expose
from .accept import choose
from .page import CONTENT_SECURITY_POLICY, page
from .site import Answer, Endpoint, Site

if TYPE_CHECKING:
    from ..health import HealthReport

__all__ = ["METHODS", "Answer", "Question", "answer", "looks"]

_JSON, _TEXT, _HTML = "application/json", "text/plain", "text/html"
_METRICS = "application/openmetrics-text"

_OFFERS = {
    Endpoint.ALIVE: (_JSON, HEALTH_JSON, _TEXT),
    Endpoint.DATABASE: (_JSON, HEALTH_JSON, _TEXT, _HTML),
    Endpoint.READY: (_JSON, HEALTH_JSON, _TEXT, _HTML),
    Endpoint.METRICS: (_TEXT, _METRICS),
}

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
"""What a framework has to let through, for the refusal to be ours as well."""

_ALLOW = "GET, HEAD"
_RETRY_AFTER = "5"
"""Seconds: longer than any answer is kept, shorter than anybody's patience."""


@dataclass(frozen=True, slots=True)
class Question:
    """
    What a request is about.

    Args:
        method: ``"GET"``; in capitals.

        endpoint: What it asks for, None where there is nothing.

        accept: The header, ``""`` where there is none.
    """

    method: str
    endpoint: Endpoint | None
    accept: str = ""


def looks(question: Question) -> bool:
    """
    Whether the answer needs a report, and so a look at the database.
    """
    return question.method in {"GET", "HEAD"} and question.endpoint not in {None, Endpoint.ALIVE}


def answer(
    question: Question,
    report: HealthReport | None,
    *,
    site: Site,
    details: bool,
    now: datetime,
) -> Answer:
    """
    Answer *question*.

    Args:
        question: What was asked.

        report: What the look brought back; None where `looks` says that none is needed.

        site: The choices of the program.

        details: Whether the asker may see more than the status.

        now: The time, aware.
    """
    endpoint = question.endpoint
    if endpoint is None:
        paths = ", ".join(site.path(known) for known in Endpoint)
        return _answer(question, 404, _TEXT, f"There is nothing here. Ask for {paths}.\n")
    if question.method not in {"GET", "HEAD"}:
        text = f"{question.method} is not allowed here: use GET or HEAD.\n"
        return _answer(question, 405, _TEXT, text, ("Allow", _ALLOW))
    media = choose(question.accept, _OFFERS[endpoint])
    if report is None:
        return _answer(question, 200, media, _alive(media, now, site))
    if endpoint is Endpoint.METRICS:
        return _metrics(question, media, report, site, details=details)
    # Of a thousand who ask at once most are given the very same report.
    kind = question.method, endpoint, media, details
    known, given = site.given.get(kind, (None, None))
    if given is None or known is not report:
        text = _body(media, report, site) if details else _verdict(media, report)
        more = (("Retry-After", _RETRY_AFTER),) if report.http_status == 503 else ()
        given = _answer(question, report.http_status, media, text, *more)
        site.given[kind] = report, given
    return given


def _answer(
    question: Question, status: int, media: str, text: str, *more: tuple[str, str]
) -> Answer:
    body = text.encode()
    charset = "; charset=utf-8" if media.startswith("text/") and ";" not in media else ""
    headers = (
        ("Content-Type", f"{media}{charset}"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        *((("Content-Security-Policy", CONTENT_SECURITY_POLICY),) if media == _HTML else ()),
        *more,
    )
    return Answer(status, headers, b"" if question.method == "HEAD" else body)


def _alive(media: str, now: datetime, site: Site) -> str:
    if media == _TEXT:
        return "ok\n"
    if media == HEALTH_JSON:
        return _dump({"status": "pass", **_release(site)})
    return _dump(basic_document(now))


def _body(media: str, report: HealthReport, site: Site) -> str:
    if media == _TEXT:
        return plain_text(report)
    if media == _HTML:
        return page(report)
    if media == HEALTH_JSON:
        return _dump(health_json_document(report, release=site.release))
    return _dump(health_document(report))


def _verdict(media: str, report: HealthReport) -> str:
    """
    Write the status, for those who may see no more.
    """
    if media == _TEXT:
        return f"{report.status.value}\n"
    if media == _HTML:
        return page(report, details=False)
    if media == HEALTH_JSON:
        return _dump({"status": health_json_document(report)["status"]})
    return _dump(status_document(report))


def _release(site: Site) -> dict[str, str]:
    return {} if site.release is None else {"releaseId": site.release}


def _metrics(
    question: Question, media: str, report: HealthReport, site: Site, *, details: bool
) -> Answer:
    """
    Answer with 200 whatever the report says: to Prometheus, all else is no answer.
    """
    if details:
        families = (*health_families(report), *(f for source in site.metrics for f in source))
    else:
        families = tuple(status_families(report))
    content_type = OPENMETRICS if media == _METRICS else PROMETHEUS
    return _answer(question, 200, content_type, expose(families, content_type))


def _dump(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
