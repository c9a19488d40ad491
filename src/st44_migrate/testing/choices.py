"""
Which migrations and which server the plugin's fixtures are for.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli.config import DEFAULT_FOLDER, choose_layout, choose_ledger, choose_values
from ..cli.project import read_project
from ..model import Settings
from ..protocols import Source
from ..source import Folder
from .servers import VARIABLE, postgres_server

if TYPE_CHECKING:
    import pytest

__all__ = ["choose_server", "choose_settings", "choose_source"]


def choose_source(option: str, root: Path) -> Source:
    """
    Name the folder: the *option*, pyproject.toml's, or ``migrations``.  How it is
    read, the environment or pyproject.toml says, as for the command.

    Args:
        option: As written, ``""`` if it is not set.

        root: What a relative path starts from.
    """
    project = read_project(root)
    path = root / (option or (project and project.migrations) or DEFAULT_FOLDER)
    layout = choose_layout(None, os.environ, project).value
    return Folder(path, layout=layout, values=choose_values({}, project))


def choose_settings(root: Path) -> Settings:
    """
    Name the ledger as the command would.
    """
    return Settings(ledger=choose_ledger(None, read_project(root)))


@contextmanager
def choose_server(option: str, factory: pytest.TempPathFactory) -> Generator[str]:
    """
    Give the server that the *option* names, or one that is found or started.

    The workers of pytest-xdist share what one of them starts.
    """
    if option:
        yield option
    elif "PYTEST_XDIST_WORKER" in os.environ and not os.environ.get(VARIABLE):
        from .shared_server import shared_server

        with shared_server(factory.getbasetemp().parent) as url:
            yield url
    else:
        with postgres_server() as server:
            yield server.url
