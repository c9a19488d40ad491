"""
Where tests get their databases from: one each, and where these go.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from .recipe import Recipe

__all__ = ["Supply", "supply_for"]


class Supply(Protocol):
    """
    Gives databases, and takes them back to destroy them.
    """

    def migrated(self) -> str:
        """
        Give the URL of a new database that is up to date.

        Raises:
            MigrateError: there is none, since a file fails or the server does.
        """
        ...

    def empty(self) -> str:
        """
        Give the URL of a new database in which nothing is.
        """
        ...

    def discard(self, url: str) -> None:
        """
        Destroy the database at *url*, now or soon.
        """
        ...

    def close(self) -> None:
        """
        Destroy what is left.
        """
        ...


def supply_for(server: str, recipe: Recipe, folder: Path) -> Supply:
    """
    Open a supply of databases that are what *recipe* says.

    Args:
        server: The URL of a PostgreSQL server, or ``"sqlite"``.

        recipe: What is in them.

        folder: Where SQLite's files may be; it is left empty.

    Raises:
        ConfigError: *server* is neither, or does not let us make databases.

        DatabaseUnavailable: it does not answer.
    """
    if server == "sqlite":
        from .sqlite_supply import SqliteSupply

        return SqliteSupply(folder, recipe)
    from .postgres_supply import PostgresSupply

    return PostgresSupply(server, recipe)
