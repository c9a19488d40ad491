"""
What differs between databases: SQL texts and facts, pure, no driver imported.

A dialect knows how its database spells things and what its errors mean.  What
is the same everywhere (the ledger's and the journal's statements, the order of
effects) is written once, in `ledger`, `journal`, `batch` and `_engine`.
"""

from __future__ import annotations

from .footing import Column, Company, Footing, Locking, Session, Tables, Trouble, Types
from .phrase import GAP, Phrase
from .protocol import Dialect
from .standard import Standard

__all__ = [
    "GAP",
    "Column",
    "Company",
    "Dialect",
    "Footing",
    "Locking",
    "Phrase",
    "Session",
    "Standard",
    "Tables",
    "Trouble",
    "Types",
    "dialect_named",
]


def dialect_named(name: str) -> Dialect:
    """
    Return the dialect called *name*.

    Raises:
        LookupError: there is none.
    """
    if name == "postgresql":
        from .postgresql import PostgreSQL

        return PostgreSQL()
    if name == "sqlite":
        from .sqlite import SQLite

        return SQLite()
    if name == "mariadb":
        from .mariadb import MariaDB

        return MariaDB()
    raise LookupError(name)
