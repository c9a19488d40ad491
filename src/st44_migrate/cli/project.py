"""
What the nearest pyproject.toml says: the table ``[tool.st44-migrate]``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .config import Chosen, Project, choose_folder

__all__ = ["find_folder", "read_project"]

_TABLE = "[tool.st44-migrate]"
_KEYS = ("ledger", "migrations")


def find_folder(argument: str | None) -> Chosen:
    """
    Find the folder of migrations, for commands that need no database.
    """
    return choose_folder(argument, os.environ, read_project(Path.cwd()))


def read_project(start: Path) -> Project | None:
    """
    Read the nearest pyproject.toml at or above *start*; None if it has no word for us.

    Raises:
        ConfigError: The file cannot be read, or the table is not as it should be.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            return _read_file(path, start)
    return None


def _read_file(path: Path, start: Path) -> Project | None:
    shown = os.path.relpath(path, start)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _refused(f"{shown} cannot be read: {error.strerror}") from error
    # Reading TOML costs as much as a status on SQLite; most projects never name us.
    if b"st44-migrate" not in content:
        return None
    table = _find_table(content, shown)
    if table is None:
        return None
    for key, value in table.items():
        if key not in _KEYS:
            raise _refused(f"{shown}: {_TABLE} has the unknown key {key!r}")
        if not isinstance(value, str) or not value.strip():
            raise _refused(f"{shown}: {key} in {_TABLE} is not a text")
    folder = table.get("migrations")
    if folder is not None and not Path(folder).is_absolute():
        folder = os.path.relpath(path.parent / folder, start)
    return Project(f"{_TABLE} in {shown}", folder, table.get("ledger"))


def _find_table(content: bytes, shown: str) -> dict[str, Any] | None:
    import tomllib

    try:
        document = tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(f"{shown} is not TOML: {error}") from error
    try:
        table: dict[str, Any] = document["tool"]["st44-migrate"]
    except (KeyError, TypeError):
        return None
    if not hasattr(table, "items"):
        raise _refused(f"{shown}: tool.st44-migrate is not a table")
    return table


def _refused(happened: str) -> ConfigError:
    return ConfigError(
        happened,
        unchanged="Nothing was run.",
        remedy=f'{_TABLE} may hold: migrations = "path/to/folder", ledger = "schema.table".',
    )
