"""
What the tests run on: a real PostgreSQL, SQLite files, and how hard to look.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mariadb_server import MariaDBServer, mariadb_server, programs
from st44_migrate.testing.servers import PostgresServer, postgres_server

pytest_plugins = ["pytester"]

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("deep", max_examples=5_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """
    Give the server of the whole test run.
    """
    with postgres_server() as server:
        yield server


@pytest.fixture
def pg_url(postgres: PostgresServer) -> Iterator[str]:
    """
    Give an empty PostgreSQL database for one test.
    """
    with postgres.database() as url:
        yield url


@pytest.fixture
def other_pg_url(postgres: PostgresServer) -> Iterator[str]:
    """
    Give another one beside it.
    """
    with postgres.database() as url:
        yield url


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDBServer]:
    """
    Give the MariaDB server of the whole test run.
    """
    if programs() is None:
        pytest.skip("mariadbd is not installed: apt-get install mariadb-server-core")
    with mariadb_server() as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb: MariaDBServer) -> Iterator[str]:
    """
    Give an empty MariaDB database for one test.
    """
    with mariadb.database() as url:
        yield url


@pytest.fixture
def sqlite_path(tmp_path: Path) -> Path:
    """
    Give a path for a SQLite database; nothing is there yet.
    """
    return tmp_path / "test.db"
