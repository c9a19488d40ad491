"""
The command that writes the next migration's file.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from ..errors import ConfigError, SourceError
from ..protocols import Layout
from ..source import Folder
from ..source.layout import FileLayout
from ..source.naming import Names
from .config import ARGUMENT, Chosen
from .options import FolderChoices, folder_argument, output_options
from .output import Output
from .scaffold import OUR_TEMPLATE, fill, next_label, slug
from .source import find_folder, find_layout

__all__ = ["new"]


@click.command()
@click.argument("name")
@folder_argument
@click.option("--timestamp", is_flag=True, help="Number it by the time, in UTC.")
@output_options
def new(output: Output, *, name: str, folder: FolderChoices, timestamp: bool) -> None:
    """
    Write the next migration's file.

    It is filled from the folder's TEMPLATE.sql, if there is one.
    """
    chosen = find_folder(folder)
    path = Path(chosen.value)
    layout = _table(find_layout(folder, Folder(path)))
    names = _list(chosen, layout)
    now = datetime.now(UTC)
    label = next_label(names.migrations, now, timestamp=timestamp, stamp=layout.writing.stamp)
    called = slug(name).removeprefix(f"{label}_")
    file = layout.writing.file.replace("{version}", label).replace("{name}", called)
    _check(layout, names, file, called, name)
    target = path / file
    text = fill(_template(path), label, called, now)
    _write(target, layout.writing.text.replace("{sql}", text))
    output.result({"version": label, "name": called, "path": target.as_posix()}, target.as_posix())


def _table(layout: Layout) -> FileLayout:
    if isinstance(layout, FileLayout):
        return layout
    raise ConfigError(
        f"the layout {layout.name} does not say how a file is written",
        unchanged="Nothing was written.",
    )


def _list(folder: Chosen, layout: FileLayout) -> Names:
    try:
        os.scandir(folder.value).close()
    except OSError as error:
        origin = "" if folder.origin == ARGUMENT else f" (named by {folder.origin})"
        missing = isinstance(error, FileNotFoundError)
        raise SourceError(
            f"{folder.value} cannot be read: {error.strerror}{origin}",
            unchanged="Nothing was written.",
            remedy=f"If this is a new project: mkdir {folder.value}" if missing else "",
        ) from error
    return layout.names(Folder(folder.value).tree(layout.depth).files, {})


def _check(layout: FileLayout, names: Names, file: str, called: str, given: str) -> None:
    made = layout.names([file], {}).migrations
    if not (called and made):
        # Nothing is left of the name, or it says "rollback", which `up` refuses.
        raise ConfigError(
            f"{given!r} does not make a migration's name",
            unchanged="Nothing was written.",
            remedy='Say what changes, for example: st44-migrate new "add rewards table"',
        )
    later = [
        name.file
        for name in names.migrations
        if not name.repeatable and name.version >= made[0].version
    ]
    if later:
        raise ConfigError(
            f"{file} would come before {later[-1]}, which is there",
            unchanged="Nothing was written.",
            remedy="Its number is a time to come: correct it, if it is applied nowhere yet.",
        )


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
        target.parent.mkdir(exist_ok=True)
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
