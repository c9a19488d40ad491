"""
From what was said about the folder to a source; errors learn who said it.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigError, MigrateError
from ..protocols import Layout
from ..source import Folder
from ..source.layouts import layout_named
from ..source.selection import AUTO
from .config import (
    ARGUMENT,
    OPTION,
    Chosen,
    Project,
    choose_folder,
    choose_layout,
    choose_values,
)
from .options import FolderChoices
from .project import read_project

__all__ = ["add_origin", "chosen_source", "find_folder", "find_layout"]


def chosen_source(choices: FolderChoices, project: Project | None) -> tuple[Chosen, Folder]:
    """
    Find the folder of migrations, and make it a source that is read as was said.

    Raises:
        ConfigError: There is no such layout, or something is named that cannot be.
    """
    folder = choose_folder(choices.path, os.environ, project)
    layout = _chosen_layout(choices, project)
    values = choose_values(choices.values, project)
    return folder, Folder(folder.value, layout=layout or AUTO, values=values)


def _chosen_layout(choices: FolderChoices, project: Project | None) -> Layout | None:
    """
    Find the layout; None: it is to be recognised.
    """
    named = choose_layout(choices.layout, os.environ, project)
    if named.value == AUTO:
        return None
    try:
        return layout_named(named.value)
    except ConfigError as error:
        add_origin(error, "layout", named)
        raise


def find_folder(choices: FolderChoices) -> Chosen:
    """
    Find the folder of migrations, for commands that need no database.
    """
    return choose_folder(choices.path, os.environ, read_project(Path.cwd()))


def find_layout(choices: FolderChoices, folder: Folder) -> Layout:
    """
    Find the layout of *folder*, for commands that need no database.

    Raises:
        ConfigError: There is no such layout.

        SourceError: It is not recognised.
    """
    layout = _chosen_layout(choices, read_project(Path.cwd()))
    if layout is not None:
        return layout
    from ..source.recognition import recognise

    return layout_named(recognise(folder.tree))


def add_origin(error: MigrateError, what: str, chosen: Chosen) -> None:
    """
    Say who named what is wrong, unless the command line did.
    """
    if chosen.origin not in {OPTION, ARGUMENT, "--layout"}:
        error.add_note(f"The {what} is named by {chosen.origin}.")
