"""
What is sent, statement by statement, and why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from .model import Statement

__all__ = ["Batch", "Brief", "Item", "Role", "first", "ours", "own"]


class Role(Enum):
    """
    Why a statement is sent.
    """

    FORM = auto()
    """Tells the server once how statements of ours read; see `message`."""

    PROLOGUE = auto()
    BEGIN = auto()
    CLAIM = auto()
    GUARD = auto()
    BODY = auto()
    CHECK = auto()
    RECORD = auto()
    COMMIT = auto()
    RESTORE = auto()


class Item(NamedTuple):
    """
    One statement to be sent; *statement* is the file's own, if it is one.
    """

    role: Role
    sql: str
    statement: Statement | None = None


Batch = tuple[Item, ...]


class Brief(tuple[Item, ...]):
    """
    The batch of a file that only defines things: claim, statements, record.  It has
    no guard, unless it speaks for a row of such files, and nothing to be undone.
    """

    __slots__ = ()


def ours(role: Role, statements: Sequence[str]) -> Iterator[Item]:
    """
    Send *statements* of ours.
    """
    return (Item(role, sql) for sql in statements)


def own(role: Role, statements: Sequence[Statement]) -> Iterator[Item]:
    """
    Send *statements* of a file.
    """
    return (Item(role, statement.text, statement) for statement in statements)


def first(batch: Batch, role: Role) -> int:
    """
    Say where in *batch* the first statement of a *role* stands.
    """
    return next(number for number, item in enumerate(batch) if item.role is role)
