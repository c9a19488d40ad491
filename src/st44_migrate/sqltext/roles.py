"""
What a statement may be to the transaction around it.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from ..model import Statement

__all__ = ["Reading", "Role"]


class Role(Enum):
    """
    What a statement means to a transaction.
    """

    PLAIN = auto()

    BEGIN = auto()
    COMMIT = auto()

    SAVEPOINT = auto()
    """Works inside a transaction only, and leaves it open."""

    OPTIONS = auto()
    """``SET TRANSACTION``: belongs to the BEGIN before it."""

    REFUSED = auto()
    """Does to a transaction what no migration may."""

    ALONE = auto()
    """Cannot run in a transaction."""

    SETTING = auto()
    """Sets something for the session, in a transaction as well as outside."""

    PRAGMA = auto()
    """The same in SQLite."""

    INNER_PRAGMA = auto()
    """Takes part in a transaction, such as ``PRAGMA user_version = 5``."""

    OUTER_PRAGMA = auto()
    """Fails inside a transaction, such as ``PRAGMA journal_mode = wal``."""

    KEYS_OFF = auto()
    """``PRAGMA foreign_keys = off``: ignored inside a transaction."""

    KEYS_ON = auto()
    """``PRAGMA foreign_keys = on``: ignored inside a transaction."""


class Reading(NamedTuple):
    """
    A statement with its role.

    Args:
        what: The statement in two or three words; empty where nobody asks.

        options: What follows BEGIN or SET TRANSACTION, in upper case.
    """

    statement: Statement
    role: Role
    what: str = ""
    options: str = ""
