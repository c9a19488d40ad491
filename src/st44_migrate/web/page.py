"""
The health page, for a person with a browser.  Pure.

One file without script: it works where nothing else does, prints, and can be
mailed.  Every text is escaped, though none should need it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

from ..health import HealthStatus, Relation
from ..health.documents import headline
from ..model import Severity, State
from ..render.words import count, duration, iso, moment
from .style import STYLE

if TYPE_CHECKING:
    from ..health import Finding, HealthReport, MigrationHealth, TableHealth

__all__ = ["CONTENT_SECURITY_POLICY", "page"]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


_HASH = _base64(hashlib.sha256(STYLE.encode()).digest())

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
"""The page needs its own style and the icon in it, and nothing from anywhere."""

_SHOWN = 40
"""How many applied versions are listed before the rest is folded away."""

_SIGNS = {
    HealthStatus.HEALTHY: "M7 12.5l3.4 3.4L17 9",
    HealthStatus.DEGRADED: "M12 7v6M12 16.6v.1",
    HealthStatus.UNHEALTHY: "M8.5 8.5l7 7M15.5 8.5l-7 7",
}

# Of an icon that stands on a light tab or a dark one.
_DOTS = {
    HealthStatus.HEALTHY: "#2fa866",
    HealthStatus.DEGRADED: "#d99a1c",
    HealthStatus.UNHEALTHY: "#e0483e",
}

_TONES = {
    State.APPLIED: "good",
    State.ELSEWHERE: "good",
    State.AHEAD: "good",
    State.COVERED: "good",
    State.PENDING: "poor waiting",
    State.EDITED: "poor",
    State.MISSING: "bad",
    State.UNFINISHED: "bad",
    State.FAILED: "bad waiting",
}

# What is as it should be is said to those who cannot see the dot.
_STATES = {
    **dict.fromkeys(State, "pill"),
    State.APPLIED: "hidden",
    **dict.fromkeys((State.ELSEWHERE, State.AHEAD, State.COVERED, State.PENDING), "state"),
}

_WEIGHTS = {Severity.ERROR: "bad", Severity.WARNING: "poor", Severity.NOTE: "good"}

_COMMAND = re.compile(r"st44-migrate \w+( \d+)?")

_REFRESH = 5
"""Seconds until the page of a database that is being migrated loads itself again."""


def page(report: HealthReport, *, details: bool = True) -> str:
    """
    Draw *report*; without *details*, its status alone.
    """
    body = _whole(report) if details else _verdict(report, "")
    moving = report.relation is Relation.IN_PROGRESS
    refresh = f'<meta http-equiv="refresh" content="{_REFRESH}">' if moving else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="robots" content="noindex">{refresh}{_icon(report.status)}'
        f"<title>Database: {report.status.value}</title><style>{STYLE}</style></head>"
        f'<body class="{report.status.value}"><main>{"".join(body)}</main></body></html>\n'
    )


def _icon(status: HealthStatus) -> str:
    """
    Give the tab a dot that says how it is; else the browser would ask for one.
    """
    dot = f"<circle cx='8' cy='8' r='7' fill='{_DOTS[status]}'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>{dot}</svg>"
    return f'<link rel="icon" href="data:image/svg+xml;base64,{_base64(svg.encode())}">'


def _whole(report: HealthReport) -> Iterator[str]:
    yield from _verdict(report, _summary(report))
    yield from _glance(report)
    yield from _findings([f for f in report.findings if f.severity is not Severity.NOTE])
    yield from _tables(report.tables or ())
    yield from _timeline(report.migrations)
    yield from _footer(report)


def _verdict(report: HealthReport, sentence: str) -> Iterator[str]:
    sign = f'<circle cx="12" cy="12" r="12"/><path d="{_SIGNS[report.status]}"/>'
    said = f"<p>{escape(sentence)}</p>" if sentence else ""
    yield (
        f'<header class="verdict"><svg viewBox="0 0 24 24" aria-hidden="true">{sign}</svg>'
        f"<div><h1>{report.status.value.capitalize()}</h1>{said}</div></header>"
    )


def _summary(report: HealthReport) -> str:
    """
    Say where the database stands; what is wrong with it follows below.
    """
    if report.status is HealthStatus.HEALTHY:
        return headline(report)
    if report.applied is None:
        return "Nothing can be said about migrations and tables."
    there = report.expected - len(report.pending)
    return f"{there} of {count(report.expected, 'migration')} applied."


def _glance(report: HealthReport) -> Iterator[str]:
    """
    Show what a person wants to know before reading: four numbers, and how far it is.
    """
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in _facts(report)
    )
    if facts:
        yield f'<section class="glance"><dl>{facts}</dl>{_strip(report.migrations)}</section>'


def _facts(report: HealthReport) -> Iterator[tuple[str, str]]:
    if report.applied is not None:
        yield "Latest", report.latest or "none"
        yield "Applied", str(len(report.applied))
        yield "Pending", str(len(report.pending))
    if report.connected and report.response_ms is not None:
        yield "Answered in", duration(report.response_ms)
    if report.holder is not None:
        yield "Being migrated by", f"pid {report.holder.pid}"


def _strip(migrations: Sequence[MigrationHealth]) -> str:
    """
    Draw every version as a piece of one bar, from the oldest to the newest.
    """
    pieces, at = "", 0
    for tone, run in groupby(migrations, lambda migration: _TONES[migration.state]):
        width = len([*run])
        pieces += f'<rect class="{tone}" x="{at}" width="{width}" height="1"/>'
        at += width
    if not at:
        return ""
    shape = f'viewBox="0 0 {at} 1" preserveAspectRatio="none"'
    return f'<svg class="strip" {shape} aria-hidden="true">{pieces}</svg>'


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield "<h2>What to do</h2>"
        rows = (
            f'<li class="{_WEIGHTS[finding.severity]}"><strong>{escape(finding.message)}</strong>'
            f"{_remedy(finding.remedy)}</li>"
            for finding in findings
        )
        yield f'<ul class="findings">{"".join(rows)}</ul>'


def _remedy(text: str) -> str:
    return _COMMAND.sub(r"<code>\g<0></code>", escape(text))


def _tables(tables: Sequence[TableHealth]) -> Iterator[str]:
    if tables:
        yield "<h2>Tables</h2>"
        # The missing ones first: there they are not overlooked.
        rows = (
            f"<li><code>{_name(table.name)}</code></li>"
            if table.exists
            else f'<li class="bad"><code>{_name(table.name)}</code> is missing</li>'
            for table in sorted(tables, key=lambda table: table.exists)
        )
        yield f'<ul class="tables">{"".join(rows)}</ul>'


# --- the timeline -------------------------------------------------------------


def _timeline(migrations: Sequence[MigrationHealth]) -> Iterator[str]:
    """
    List the versions, the newest first: what is to come stands above what was.
    """
    if not migrations:
        return
    longest = max((m.duration_ms or 0 for m in migrations), default=0)
    newest_first = migrations[::-1]
    to_come = [m for m in newest_first if "waiting" in _TONES[m.state]]
    there = [m for m in newest_first if "waiting" not in _TONES[m.state]]
    yield '<h2>Migrations</h2><div class="timeline">'
    if to_come:
        yield f"<h3>To come</h3>{_rows(to_come, longest)}"
    yield from _days(there[:_SHOWN], longest)
    if earlier := there[_SHOWN:]:
        yield f"<details><summary>{count(len(earlier), 'earlier migration')}</summary>"
        yield from _days(earlier, longest)
        yield "</details>"
    yield "</div>"


def _days(migrations: Sequence[MigrationHealth], longest: int) -> Iterator[str]:
    for day, rows in groupby(migrations, _day):
        yield f"<h3>{day}</h3>{_rows([*rows], longest)}"


def _day(migration: MigrationHealth) -> str:
    at = _utc(migration.applied_at)
    return f"{at.day} {at:%B %Y}" if at else "At a time nobody noted"


def _rows(migrations: Sequence[MigrationHealth], longest: int) -> str:
    return f"<ol>{''.join(_row(migration, longest) for migration in migrations)}</ol>"


def _row(migration: MigrationHealth, longest: int) -> str:
    at = _utc(migration.applied_at)
    clock = f'<time class="at" datetime="{iso(at)}">{at:%H:%M:%S}</time>' if at else "<span></span>"
    return (
        f'<li class="{_TONES[migration.state]}"><span class="what">'
        f'<span class="version">{escape(migration.version)}</span>'
        f'<span><span class="name">{_name(migration.name)}</span> '
        f'<span class="{_STATES[migration.state]}">{migration.state.value}</span></span></span>'
        f'{clock}<span class="took">{_took(migration.duration_ms, longest)}</span></li>'
    )


def _name(text: str) -> str:
    """
    Let a name be broken where its words end, on a phone.
    """
    return escape(text).replace("_", "_<wbr>")


def _took(milliseconds: int | None, longest: int) -> str:
    """
    Write a duration over a bar that compares it with the longest one.
    """
    if milliseconds is None:
        return ""
    width = max(2.0, 100 * milliseconds / longest) if longest else 2.0
    bars = f'<rect width="100" height="3"/><rect width="{width:.1f}" height="3"/>'
    drawn = f'<svg viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">{bars}</svg>'
    return f"{duration(milliseconds)}{drawn}"


def _utc(when: datetime | None) -> datetime | None:
    return when and (when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC))


def _footer(report: HealthReport) -> Iterator[str]:
    if report.checked_at is None:
        return
    age = f", {duration(report.age_ms)} before it was asked for" if report.cached else ""
    again = f" This page loads itself again every {_REFRESH} seconds." * (
        report.relation is Relation.IN_PROGRESS
    )
    yield (
        f'<footer>Looked at <time datetime="{iso(report.checked_at)}">'
        f"{moment(report.checked_at)}</time>{age}. Times are UTC.{again}</footer>"
    )
