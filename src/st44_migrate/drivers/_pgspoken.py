"""
A notice of the server as libpq prints it, taken apart.
"""

from __future__ import annotations

import re

__all__ = ["spoken"]

_PARTS = re.compile(r"^(?P<name>DETAIL|HINT|CONTEXT|QUERY|LOCATION|STATEMENT):  ", re.MULTILINE)
_HEAD = re.compile(r"^(?P<severity>\w+):  (?:[0-9A-Z]{5}: )?")


def spoken(text: str) -> tuple[str, str, str | None, str | None]:
    r"""
    Return severity, message, detail and hint of *text*.

    Its headings are in the server's language; where that is not English, all of it
    is the message, and the severity as the server says it.

        >>> spoken("WARNING:  slow\nDETAIL:  very\nHINT:  wait\n")
        ('WARNING', 'slow', 'very', 'wait')
    """
    head = _HEAD.match(text)
    rest = text[head.end() :] if head else text
    message, *pairs = _PARTS.split(rest)
    parts = dict(zip(pairs[::2], (part.rstrip("\n") for part in pairs[1::2]), strict=True))
    severity = head["severity"] if head else "NOTICE"
    return severity, message.rstrip("\n"), parts.get("DETAIL"), parts.get("HINT")
