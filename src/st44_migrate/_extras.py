"""
How a module says that the package it is made for is not there.
"""

from __future__ import annotations

__all__ = ["missing"]


def missing(error: ModuleNotFoundError, module: str, extra: str) -> ImportError:
    """
    Make the error of *module*, which needs what *extra* installs.
    """
    package = (error.name or "").partition(".")[0]
    return ImportError(
        f"{module} needs the package {package}, which is not installed:"
        f" pip install 'st44-migrate[{extra}]'",
        name=error.name,
    )
