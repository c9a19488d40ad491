"""
What a run is tried on: every kind of target, a folder to fill, roles to be.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from targets import ALL, LENT, POSTGRES, SQLITE, Target

Login = Callable[..., str]


def target_of(kind: str, request: pytest.FixtureRequest) -> Target:
    """
    Make a target of *kind* on an empty database.
    """
    if kind not in SQLITE:
        return Target(kind, request.getfixturevalue("pg_url"))
    return Target(kind, f"sqlite:///{request.getfixturevalue('sqlite_path')}")


def empty(target: Target) -> Target:
    """
    Drop all there is in the schema public, and the schema's rights.
    """
    target.execute("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return target


@pytest.fixture(params=ALL)
def target(request: pytest.FixtureRequest) -> Target:
    """
    Give an empty database, once for each driver.
    """
    return target_of(request.param, request)


@pytest.fixture(params=(*POSTGRES, *LENT))
def pg(request: pytest.FixtureRequest) -> Target:
    """
    Give an empty PostgreSQL database, once for each driver.
    """
    return target_of(request.param, request)


@pytest.fixture(params=POSTGRES)
def dialled(request: pytest.FixtureRequest) -> Target:
    """
    Give an empty PostgreSQL database, once for each driver that can connect again
    when a session is lost: what was lent is gone then.
    """
    return target_of(request.param, request)


@pytest.fixture
def database(pg_url: str) -> Target:
    """
    Give an empty PostgreSQL database, where the colour cannot matter.
    """
    return Target("psycopg", pg_url)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    Give an empty folder for migrations.
    """
    path = tmp_path / "migrations"
    path.mkdir()
    return path


@pytest.fixture
def login(pg_url: str) -> Iterator[Login]:
    """
    Give a function that makes a role that may log in, and returns its conninfo.

    Roles belong to the whole server, so they have random names, which the
    conninfo tells, and are dropped at the end.
    """
    made: list[str] = []

    def make(*, name: str = "st44", options: str = "") -> str:
        role = f"{name}_{secrets.token_hex(4)}"
        with psycopg.connect(pg_url, autocommit=True) as conn:
            conn.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'secret' ").format(sql.Identifier(role))
                + sql.SQL(options)
            )
        made.append(role)
        return make_conninfo(pg_url, user=role, password="secret")

    yield make
    with psycopg.connect(pg_url, autocommit=True) as conn:
        for role in made:
            conn.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
            conn.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))
