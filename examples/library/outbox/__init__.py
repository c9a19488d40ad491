"""
A library whose tables live in the database of the application that uses it.

Messages are written together with the data that they are about, in one
transaction, and are handed on later: nothing is announced that did not happen.

The library ships the migrations of its own tables, and keeps a ledger of its own,
``outbox_migrations``, beside the application's.  When they are applied is the
application's to say: nothing happens on import.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from st44_migrate import LedgerName, Migrator, Package, Report, Settings

if TYPE_CHECKING:
    import psycopg

    from st44_migrate.protocols import Database, Observer

__all__ = ["NotUpToDate", "bring_up", "hand_on", "require", "write"]

# In a wheel or in a zip file too: they are part of the package.
_MIGRATIONS = Package("outbox", "migrations")
_SETTINGS = Settings(ledger=LedgerName("outbox_migrations"), wait=60)

_TAKE = """
DELETE FROM outbox_messages WHERE id = (
    SELECT id FROM outbox_messages ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING topic, body
"""


class NotUpToDate(Exception):
    """
    The tables are not what this release of the library needs.
    """


def bring_up(database: Database, *, observer: Observer | None = None) -> Report:
    """
    Create or change the library's tables.  It does nothing if they are up to date.

    Raises:
        MigrateError: see `st44_migrate.Migrator.apply`.
    """
    return Migrator(database, _MIGRATIONS, settings=_SETTINGS, observer=observer).apply()


def require(database: Database) -> None:
    """
    Refuse tables that are not up to date.  It only reads.

    A database that is ahead is fine: a newer release was here, and may come back.

    Raises:
        NotUpToDate: `bring_up` is to be called.
    """
    plan = Migrator(database, _MIGRATIONS, settings=_SETTINGS).plan()
    if plan.pending or plan.errors:
        raise NotUpToDate("the tables of outbox are not up to date: call outbox.bring_up")


def write(conn: psycopg.Connection, topic: str, body: str) -> None:
    """
    Put a message into the outbox, as part of the caller's transaction.
    """
    conn.execute("INSERT INTO outbox_messages (topic, body) VALUES (%s, %s)", (topic, body))


def hand_on(conn: psycopg.Connection, receive: Callable[[str, str], None]) -> int:
    """
    Give each message to *receive*, and return how many there were.

    Each is gone when *receive* has returned, and still there if it has raised.
    """
    count = 0
    while _hand_on_one(conn, receive):
        count += 1
    return count


def _hand_on_one(conn: psycopg.Connection, receive: Callable[[str, str], None]) -> bool:
    with conn.transaction():
        row = conn.execute(_TAKE).fetchone()
        if row is not None:
            receive(*row)
    return row is not None
