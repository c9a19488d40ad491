"""
Where migrations come from: a folder, a package, or memory.

Each source has ``load()`` and ``describe()``, see `protocols.Source`.  They list
files and read bytes; a layout (``layout``, ``layouts``) says which of them are
migrations, of which version, and how their text is to be read.  No SQL is looked
at here, and no database is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily
from .folder import Folder
from .layout import Aside, FileLayout, Writing, integer, whole
from .naming import Misnamed, Name, Names

if TYPE_CHECKING:
    from .memory import Memory
    from .package import Package

__all__ = [
    "Aside",
    "FileLayout",
    "Folder",
    "Memory",
    "Misnamed",
    "Name",
    "Names",
    "Package",
    "Writing",
    "integer",
    "whole",
]

__getattr__ = lazily(__name__, {"memory": "Memory", "package": "Package"})
