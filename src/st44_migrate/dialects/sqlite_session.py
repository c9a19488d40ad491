"""
SQLite's session: what a file may do to it, and how that is undone.

SQLite has no RESET and no way to loop over what is there, so the text of the
file says what to look for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..model import Script
from .footing import Footing

__all__ = ["PRAGMAS", "restore"]

PRAGMAS = (
    "foreign_keys",
    "synchronous",
    "recursive_triggers",
    "legacy_alter_table",
    "ignore_check_constraints",
    "defer_foreign_keys",
    "reverse_unordered_selects",
    "cell_size_check",
    "query_only",
    "cache_size",
)
"""Settings of a session that a file may change; each can be read as a table."""

_NAME = r'"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|\w+'
_TEMPORARY = re.compile(
    r"create\s+temp(?:orary)?\s+(?P<kind>table|view|trigger)\s+(?:if\s+not\s+exists\s+)?"
    rf"(?:temp\s*\.\s*)?(?P<name>{_NAME})",
    re.IGNORECASE,
)
_ATTACH = re.compile(rf"attach\b.*\bas\s+(?P<name>{_NAME})\s*$", re.IGNORECASE | re.DOTALL)
_DETACH = re.compile(rf"detach\s+(?:database\s+)?(?P<name>{_NAME})\s*$", re.IGNORECASE)


def restore(footing: Footing, script: Script | None) -> Sequence[str]:
    """
    Set the PRAGMAs back, drop temporary objects, detach databases.
    """
    text = script.text.lower() if script is not None else ""
    return (
        *(_leftovers(footing, script) if script is not None else ()),
        *(
            f"PRAGMA {name} = {value}"
            for name, value in footing.session.settings
            if script is None or name in text
        ),
    )


def _leftovers(footing: Footing, script: Script) -> Iterator[str]:
    detached = {m["name"] for s in script.statements if (m := _DETACH.match(s.text))}
    for statement in script.statements:
        if made := _TEMPORARY.match(statement.text):
            if made["name"].strip('"[]`').lower() not in footing.session.temporary:
                yield f"DROP {made['kind']} IF EXISTS temp.{made['name']}"
        elif (attached := _ATTACH.match(statement.text)) and attached["name"] not in detached:
            yield f"DETACH {attached['name']}"
