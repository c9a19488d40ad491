"""
Where migrations come from: a folder, a package, or memory.

Each source has ``load()`` and ``describe()``, see `protocols.Source`.  They read
text and judge names; nothing is decoded, no SQL is looked at, and no database
is known here.
"""

from __future__ import annotations

from .folder import Folder
from .memory import Memory
from .package import Package

__all__ = ["Folder", "Memory", "Package"]
