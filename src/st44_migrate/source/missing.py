"""
Why a folder cannot be listed, and which one was perhaps meant.

Only looked at when a run is refused, so it may take its time with the disk.
"""

from __future__ import annotations

import os
from pathlib import Path

from st44_migrate.errors import SourceError

from .listing import did_you_mean, printable

__all__ = ["explain"]


def explain(given: str, error: Exception) -> SourceError:
    """
    Turn the failure to list the folder *given* into words.

    Args:
        given: The path as the user wrote it.

        error: What the operating system said of it: an `OSError`, or a
            `ValueError` for what can be no path at all.
    """
    shown = printable(given)
    if not given:
        return SourceError("The path of the migrations folder is empty.", remedy=_GIVE)
    if isinstance(error, FileNotFoundError):
        meant = _nearest(Path(given))
        hint = f"Did you mean {printable(meant.as_posix())}?" if meant else _GIVE
        return SourceError(f"There is no folder {shown}{_seen_from(given)}.", remedy=hint)
    if isinstance(error, NotADirectoryError):
        parent = next(filter(_is_folder, Path(given).parents), Path())
        hint = f"Did you mean {printable(parent.as_posix())}?"
        return SourceError(f"{shown} is not a folder.", remedy=hint)
    if isinstance(error, PermissionError):
        return SourceError(
            f"The folder {shown} may not be listed: {error.strerror}.",
            remedy="Let the user who runs this list the folder and read its files.",
        )
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return SourceError(f"The folder {shown} cannot be listed: {reason}.", remedy=_GIVE)


_GIVE = "Give the path of the folder that holds the .sql files."


def _seen_from(given: str) -> str:
    """
    Say where a relative path was looked up: deployments start elsewhere.
    """
    if Path(given).is_absolute():
        return ""
    try:
        return f" in {printable(str(Path.cwd()))}"
    except OSError:  # the working directory itself was removed
        return ""


def _nearest(path: Path) -> Path | None:
    """
    Find an existing folder with nearly this path, also if its parent is misspelt.
    """
    if path == path.parent:
        return None
    parent = path.parent if _is_folder(path.parent) else _nearest(path.parent)
    if parent is None:
        return None
    folders = _folders(parent)
    if path.name in folders:
        return parent / path.name
    meant = did_you_mean(path.name, folders)
    if meant:
        return parent / meant
    below = [parent / folder / path.name for folder in folders]
    return next(filter(_is_folder, below), None)


def _folders(parent: Path) -> list[str]:
    try:
        with os.scandir(parent) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except OSError:
        return []


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - Path.is_dir raises where it may not look
