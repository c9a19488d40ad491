"""
To be somebody whom the file system can refuse, even where tests run as root.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["common_folder", "unprivileged"]

_NOBODY = 65534


@contextmanager
def unprivileged() -> Iterator[None]:
    """
    Give up root's rights for the time of the block; others have none to give up.
    """
    if sys.platform == "win32":
        pytest.skip("the file system of Windows has other rights")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def common_folder() -> Iterator[Path]:
    """
    Give a folder that everybody may enter, unlike those that pytest makes.
    """
    with tempfile.TemporaryDirectory(prefix="st44-") as name:
        path = Path(name)
        path.chmod(0o755)
        yield path
