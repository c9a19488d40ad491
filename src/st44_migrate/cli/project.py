"""
What the nearest pyproject.toml says: the table ``[tool.st44-migrate]``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .config import Project

__all__ = ["read_project"]

_TABLE = "[tool.st44-migrate]"
_KEYS = ("layout", "ledger", "migrations")


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
    values = table.pop("values", {})
    if not _are_texts(values):
        raise _refused(f"{shown}: values in {_TABLE} is not a table of texts")
    for key, value in table.items():
        if key not in _KEYS:
            raise _refused(f"{shown}: {_TABLE} has the unknown key {key!r}")
        if not isinstance(value, str) or not value.strip():
            raise _refused(f"{shown}: {key} in {_TABLE} is not a text")
    folder = table.get("migrations")
    if folder is not None and not Path(folder).is_absolute():
        folder = os.path.relpath(path.parent / folder, start)
    ledger, layout = table.get("ledger"), table.get("layout")
    return Project(f"{_TABLE} in {shown}", folder, ledger, layout, values)


def _are_texts(values: Any) -> bool:
    return hasattr(values, "items") and all(isinstance(value, str) for value in values.values())


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
        remedy=f'{_TABLE} may hold: migrations = "path/to/folder", ledger = "schema.table",'
        ' layout = "goose", values = { name = "value" }.',
    )
