"""
The command that writes the next migration's file.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from ..errors import ConfigError, SourceError
from ..source.naming import Names, read_name, read_names
from .config import ARGUMENT, Chosen
from .options import folder_argument, output_options
from .output import Output
from .project import find_folder
from .scaffold import OUR_TEMPLATE, fill, next_label, slug

__all__ = ["new"]


@click.command()
@click.argument("name")
@folder_argument
@click.option("--timestamp", is_flag=True, help="Number it by the time, in UTC.")
@output_options
def new(output: Output, *, name: str, folder: str | None, timestamp: bool) -> None:
    """
    Write the next migration's file.

    It is filled from the folder's TEMPLATE.sql, if there is one.
    """
    chosen = find_folder(folder)
    path = Path(chosen.value)
    names = _list(chosen)
    now = datetime.now(UTC)
    label = next_label(names.migrations, now, timestamp=timestamp)
    called = slug(name).removeprefix(f"{label}_")
    if read_name(f"{label}_{called}.sql") is None:
        # Nothing is left of the name, or it says "rollback", which `up` refuses.
        raise ConfigError(
            f"{name!r} does not make a migration's name",
            unchanged="Nothing was written.",
            remedy='Say what changes, for example: st44-migrate new "add rewards table"',
        )
    target = path / f"{label}_{called}.sql"
    _write(target, fill(_template(path), label, called, now))
    output.result({"version": label, "name": called, "path": target.as_posix()}, target.as_posix())


def _list(folder: Chosen) -> Names:
    try:
        return read_names(entry.name for entry in os.scandir(folder.value) if not entry.is_dir())
    except OSError as error:
        origin = "" if folder.origin == ARGUMENT else f" (named by {folder.origin})"
        missing = isinstance(error, FileNotFoundError)
        raise SourceError(
            f"{folder.value} cannot be read: {error.strerror}{origin}",
            unchanged="Nothing was written.",
            remedy=f"If this is a new project: mkdir {folder.value}" if missing else "",
        ) from error


def _template(path: Path) -> str:
    file = path / "TEMPLATE.sql"
    try:
        # Bytes, so that its line ends stay as they are.
        return file.read_bytes().decode()
    except FileNotFoundError:
        return OUR_TEMPLATE
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(
            f"{file.as_posix()} cannot be read: {getattr(error, 'strerror', None) or error}",
            unchanged="Nothing was written.",
        ) from error


def _write(target: Path, text: str) -> None:
    made = False
    try:
        with target.open("xb") as stream:
            made = True
            stream.write(text.encode())
    except OSError as error:
        if made:
            target.unlink(missing_ok=True)
        raise SourceError(
            f"{target.as_posix()} cannot be written: {error.strerror}",
            unchanged="What was there is as it was.",
        ) from error
