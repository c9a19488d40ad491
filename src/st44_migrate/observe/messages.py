"""
What a chat, or a program behind an address, is told: pure, from event to JSON.

A message goes to people who do not all have the database's password.  So it has
the headline of an error, its place, what stays and what to do, and neither the
lines of the file nor the values that the server quotes in its detail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from st44_migrate.events import RunFailed, RunFinished
from st44_migrate.health import health_document
from st44_migrate.render.documents import (
    Document,
    error_document,
    report_document,
    up_failure,
)
from st44_migrate.render.words import count, duration

from .wording import one_line

if TYPE_CHECKING:
    from st44_migrate.events import Event
    from st44_migrate.model import Report

    from .watch import StatusChange

__all__ = ["FORMS", "STATUSES", "Form", "Message", "form_of", "message_of", "message_of_change"]

_SHOWN = 10
"""How many applied files a message lists; a first deployment may have hundreds."""

_RED, _AMBER, _GREEN, _GREY = 0xD1242F, 0xBF8700, 0x1A7F37, 0x6E7781
_ENDS = {"failed": _RED, "applied": _GREEN, "current": _GREY}
_COLOURS = _ENDS | {"healthy": _GREEN, "degraded": _AMBER, "unhealthy": _RED}

STATUSES = frozenset(_ENDS)
"""How a run can end."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    One thing to tell.

    Args:
        status: How a run ended, ``"failed"``, ``"applied"`` or ``"current"``, or
            how the database is, ``"healthy"``, ``"degraded"`` or ``"unhealthy"``.

        headline: One line.

        lines: What else a person wants to know.

        document: The same for a program.
    """

    status: str
    headline: str
    lines: tuple[str, ...] = ()
    document: Document = field(default_factory=dict[str, Any])


Form: TypeAlias = Callable[[Message, str], Document]
"""Makes the body of a request from a message and who speaks, ``"shop, production"``."""


def message_of(event: Event) -> Message | None:
    """
    Choose what to tell of *event*: how a run ended, None for all else.
    """
    match event:
        case RunFailed():
            return _failed(event)
        case RunFinished(report=report):
            document = report_document(report)
            return Message(str(document["status"]), _headline(report), _applied(report), document)
        case _:
            return None


def _failed(event: RunFailed) -> Message:
    error = event.error
    problem = error_document(error) | {"statement": None, "detail": None}
    stays = (f"{_headline(event.report)}.",) if event.report else ()
    parts = (error.happened, *stays, *error.unchanged.splitlines(), *error.remedy.splitlines())
    return Message(
        "failed",
        "the migrations failed",
        tuple(one_line(part) for part in parts if part.strip()),
        up_failure(problem, event.report),
    )


def _headline(report: Report) -> str:
    latest = f", latest {report.latest}" if report.latest is not None else ""
    if not report.applied and not report.pending:
        return f"the database is up to date{latest}"
    left = f", {report.pending} still to run" if report.pending else ""
    return f"{count(len(report.applied), 'migration')} applied{left}{latest}"


def _applied(report: Report) -> tuple[str, ...]:
    def lines() -> Iterator[str]:
        for done in report.applied[:_SHOWN]:
            yield one_line(f"{done.label}_{done.name}, {duration(done.duration_ms)}")
        if len(report.applied) > _SHOWN:
            yield f"and {len(report.applied) - _SHOWN} more"

    return tuple(lines())


def message_of_change(change: StatusChange) -> Message:
    """
    Tell how the database is now, and what to do.
    """
    report = change.report
    was = f", it was {change.before.value}" if change.before else ""
    lines = (f"{f.message} {f.remedy}".rstrip() for f in report.findings)
    return Message(
        report.status.value,
        f"the database is {report.status.value}{was}",
        tuple(map(one_line, lines)),
        {**health_document(report), "before": change.before and change.before.value},
    )


# --- forms --------------------------------------------------------------------


def slack(message: Message, title: str) -> Document:
    """
    Write for an incoming webhook of Slack, or of what takes the same (Mattermost).
    """
    text = "\n".join(message.lines)
    # What the lines hold is no markup: a file called *a* shall look like it.
    lines: Document = {
        "color": f"#{_colour(message):06x}",
        "text": _slack_text(text),
        "mrkdwn_in": [],
    }
    return {
        "text": f"*{_slack_text(_titled(message, title))}*",
        **({"attachments": [lines]} if text else {}),
    }


def _slack_text(text: str) -> str:
    # Nothing in it can mention a channel or hide a link.
    return text[:3000].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def discord(message: Message, title: str) -> Document:
    """
    Write for a webhook of Discord; nobody is mentioned by what a server said.
    """
    text = "\n".join(message.lines)[:2000]
    return {
        "embeds": [
            {
                "title": _titled(message, title)[:250],
                "description": re.sub(r"([\\*_~`|\[\]<>#])", r"\\\1", text),
                "color": _colour(message),
            }
        ],
        "allowed_mentions": {"parse": []},
    }


def json_form(message: Message, title: str) -> Document:
    """
    Write for a program: the document of ``st44-migrate up --json``, or of a health
    report and the status *before*, with *title* and *text*.
    """
    text = "\n".join((_titled(message, title), *message.lines))
    return {"title": title, "text": text, **message.document}


FORMS: dict[str, Form] = {"slack": slack, "discord": discord, "json": json_form}


def form_of(host: str) -> str:
    """
    Tell by its host what an address takes.

    >>> [form_of(host) for host in ("hooks.slack.com", "discord.com", "example.org")]
    ['slack', 'discord', 'json']
    """
    known = {"slack.com": "slack", "discord.com": "discord", "discordapp.com": "discord"}
    domain = ".".join(host.lower().split(".")[-2:])
    return known.get(domain, "json")


def _titled(message: Message, title: str) -> str:
    return f"{one_line(title)}: {message.headline}" if title else message.headline


def _colour(message: Message) -> int:
    return _COLOURS.get(message.status, _GREY)
