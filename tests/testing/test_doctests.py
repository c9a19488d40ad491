"""
The examples in the kit's docstrings.
"""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["memory", "memory_sql", "samples", "stepping"])
def test_examples(module: str) -> None:
    """What a docstring shows is what happens."""
    tried = doctest.testmod(import_module(f"st44_migrate.testing.{module}"))
    assert tried.attempted
    assert not tried.failed
