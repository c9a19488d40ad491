"""
How SQLite spells values and names.
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["listed", "literal", "quoted"]


def literal(value: str | float | bool | None) -> str:
    """
    Quote *value*; true is 1.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool | int | float):
        return str(int(value)) if isinstance(value, bool) else str(value)
    return "'" + value.replace("'", "''") + "'"


@lru_cache(maxsize=4)  # each file asks several times
def listed(texts: tuple[str, ...]) -> str:
    """
    Quote *texts* for ``IN (...)``.
    """
    return ", ".join(map(literal, texts))


def quoted(name: str) -> str:
    """
    Quote an identifier.
    """
    return '"' + name.replace('"', '""') + '"'
