"""
What health is asked of.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.conftest import database, login
from targets import Target

__all__ = ["database", "login"]


@pytest.fixture
def lite(sqlite_path: Path) -> Target:
    """
    Give an empty SQLite database, which is there.
    """
    target = Target("sqlite3", f"sqlite:///{sqlite_path}")
    target.execute("CREATE TABLE passing (id integer)", "DROP TABLE passing")
    return target


@pytest.fixture(params=["postgresql", "sqlite"])
def either(request: pytest.FixtureRequest) -> Target:
    """
    Give an empty database of each kind.
    """
    found: Target = request.getfixturevalue("database" if request.param == "postgresql" else "lite")
    return found
