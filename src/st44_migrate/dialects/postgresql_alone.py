"""
PostgreSQL's statements that commit by themselves: what they may leave behind,
and how to see afterwards whether they took effect.

A build of an index that was cut off leaves the index, INVALID: the planner never
uses it, writes maintain it, and ``IF NOT EXISTS`` takes it for the index that is
wanted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["evidence", "unfinished"]

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_NAME = rf"{_WORD}(?:\s*\.\s*{_WORD})?"
_CREATE = re.compile(
    r"create\s+(?:unique\s+)?index\s+concurrently\s+(?:if\s+not\s+exists\s+)?"
    rf"(?P<index>{_WORD})\s+on\s+(?:only\s+)?(?P<table>{_NAME})",
    re.IGNORECASE,
)
_DROP = re.compile(
    rf"drop\s+index\s+concurrently\s+(?:if\s+exists\s+)?(?P<index>{_NAME})\s*(?:cascade|restrict)?\s*$",
    re.IGNORECASE,
)
_REPEATABLE = re.compile(
    r"(?:vacuum|reindex|cluster|analyze|discard|alter\s+system)\b", re.IGNORECASE
)

Quote = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Build:
    """
    The index that a statement builds, and its table, both as written.
    """

    index: str
    table: str


def unfinished(statement: str, literal: Quote) -> str | None:
    """
    Ask for the index that *statement* is to build, if it is there and INVALID,
    and nobody is building it: its qualified name.
    """
    build = _build(statement)
    if build is None:
        return None
    return (
        f"SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) {_index_of(build, literal)}"
        " AND NOT i.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p"
        " WHERE p.index_relid = i.indexrelid)"
    )


def evidence(statement: str, literal: Quote) -> str | None:
    """
    Ask whether *statement* took effect: one boolean.  None where only a person
    can tell.
    """
    text = _bare(statement)
    build = _build(statement)
    if build is not None:
        return f"SELECT EXISTS (SELECT 1 {_index_of(build, literal)} AND i.indisvalid)"
    dropped = _DROP.match(text)
    if dropped is not None:
        return f"SELECT pg_catalog.to_regclass({literal(dropped['index'])}) IS NULL"
    if _REPEATABLE.match(text):
        # Done twice it has the effect of once, so it may as well be repeated.
        return "SELECT false"
    return None


def _index_of(build: _Build, literal: Quote) -> str:
    name = build.index
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
    return (
        "FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relname = {literal(plain)}"
        f" AND i.indrelid = pg_catalog.to_regclass({literal(build.table)})"
    )


def _build(statement: str) -> _Build | None:
    match = _CREATE.match(_bare(statement))
    return _Build(match["index"], match["table"]) if match else None


def _bare(statement: str) -> str:
    return _COMMENT.sub(" ", statement).strip()
