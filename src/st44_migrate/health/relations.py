"""
Which tables the migrations themselves leave behind, read from their SQL.

What a function or a ``DO`` block creates is not seen, nor is a search_path that a
file sets: a list by hand says such things better.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..model import Statement

__all__ = ["FromMigrations", "relations_of"]

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = r'(?:"(?:[^"]|"")+"|\[[^\]]+\]|`[^`]+`|[\w$]+)'
_NAME = rf"{_WORD}(?:\s*\.\s*{_WORD})?"

_CREATE = re.compile(
    r"create\s+(?:(?:unlogged|foreign|virtual)\s+)?table\s+(?:if\s+not\s+exists\s+)?"
    rf"(?P<name>{_NAME})",
    re.IGNORECASE,
)
_DROP = re.compile(
    r"drop\s+(?:foreign\s+)?table\s+(?:if\s+exists\s+)?"
    rf"(?P<names>{_NAME}(?:\s*,\s*{_NAME})*)",
    re.IGNORECASE,
)
_ALTER = re.compile(
    rf"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<name>{_NAME})\s+"
    rf"(?:rename\s+to\s+(?P<new>{_WORD})|set\s+schema\s+(?P<schema>{_WORD}))\s*$",
    re.IGNORECASE,
)
_DROP_SCHEMA = re.compile(
    rf"drop\s+schema\s+(?:if\s+exists\s+)?(?P<names>{_WORD}(?:\s*,\s*{_WORD})*)", re.IGNORECASE
)
_PARTS = re.compile(_WORD)
_NAMES = re.compile(_NAME)

# Where a name without a schema usually is.
_DEFAULTS = frozenset({"public", "main"})


@dataclass(frozen=True, slots=True)
class FromMigrations:
    """
    Take every table that the migrations create, and do not drop again, for critical.

    *without* are those that may be missing.
    """

    without: tuple[str, ...] = ()


def relations_of(statements: Iterable[Statement]) -> tuple[str, ...]:
    """
    List the tables that are left after *statements*, in the order of their creation.

    Names are as the database keeps them: ``users``, ``app.users``.
    """
    found: dict[str, None] = {}
    for statement in statements:
        text = _COMMENT.sub(" ", statement.text).strip()
        if made := _CREATE.match(text):
            found.setdefault(_plain(made["name"]))
        elif dropped := _DROP.match(text):
            for name in _NAMES.findall(dropped["names"]):
                found.pop(_plain(name), None)
        elif altered := _ALTER.match(text):
            _rename(found, altered)
        elif gone := _DROP_SCHEMA.match(text):
            schemas = tuple(f"{_plain(name)}." for name in _PARTS.findall(gone["names"]))
            for name in [name for name in found if name.startswith(schemas)]:
                del found[name]
    return tuple(found)


def _rename(found: dict[str, None], altered: re.Match[str]) -> None:
    old = _plain(altered["name"])
    if old not in found:
        return
    del found[old]
    schema, _, bare = old.rpartition(".")
    schema = _plain(altered["schema"]) if altered["schema"] else schema
    bare = _plain(altered["new"]) if altered["new"] else bare
    found.setdefault(_join(schema, bare))


def _plain(name: str) -> str:
    parts = [_unquoted(part) for part in _PARTS.findall(name)]
    return _join(parts[0], parts[1]) if len(parts) == 2 else parts[0]


def _join(schema: str, bare: str) -> str:
    return bare if schema in _DEFAULTS or not schema else f"{schema}.{bare}"


def _unquoted(part: str) -> str:
    if part[0] == '"':
        return part[1:-1].replace('""', '"')
    return part[1:-1] if part[0] in "[`" else part.lower()
