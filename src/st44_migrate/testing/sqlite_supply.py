"""
SQLite databases for tests: copies of a file.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from ..errors import MigrateError
from .recipe import FAULTS, Recipe

__all__ = ["SqliteSupply"]

_BESIDE = ("", "-wal", "-shm", "-journal")


class SqliteSupply:
    """
    Copies of a file, made once for the run; see `Supply`.

    Args:
        folder: Where the files are, and nothing else is.

        recipe: What is in them.
    """

    def __init__(self, folder: Path, recipe: Recipe) -> None:
        self._folder = folder
        self._recipe = recipe
        self._template: Path | None = None
        self._fault: MigrateError | None = None
        self._count = 0

    def migrated(self) -> str:
        """
        See `Supply.migrated`.
        """
        if self._template is None:
            self._template = self._build()
        path = self._next()
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def _build(self) -> Path:
        if self._fault is not None:
            raise self._fault.with_traceback(None)
        path = self._folder / "template.db"
        try:
            self._recipe.cook(f"sqlite:///{path}")
        except FAULTS as fault:
            self._fault = fault
            self._remove(path)
            raise
        with closing(sqlite3.connect(path)) as conn:
            # What a file left in its write-ahead log is not in the file to be copied.
            conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return path

    def empty(self) -> str:
        """
        See `Supply.empty`.
        """
        path = self._next()
        path.touch()
        return f"sqlite:///{path}"

    def _next(self) -> Path:
        self._count += 1
        return self._folder / f"{self._count}.db"

    def discard(self, url: str) -> None:
        """
        See `Supply.discard`.
        """
        self._remove(Path(url.removeprefix("sqlite:///")))

    def _remove(self, path: Path) -> None:
        for suffix in _BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """
        See `Supply.close`.
        """
        if self._template is not None:
            self._remove(self._template)
