"""
Fixtures for tests on a database that is up to date, one for each test.

pytest loads this module at the start of every run, wherever st44-migrate is
installed.  So it imports nothing until a fixture is asked for.

What the fixtures work on is said by the ini options ``st44_migrations`` and
``st44_server``, or by overriding one of the fixtures ``migrations_*`` in a
``conftest.py``.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ..model import Settings
    from ..protocols import Source
    from .databases import MigratedDatabase
    from .supply import Supply

_OPTIONS = {
    "st44_migrations": "the folder of migrations, relative to the root directory",
    "st44_server": "where databases for tests are made: postgresql://..., or sqlite",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Declare the options, which all end up as strings.
    """
    for name, text in _OPTIONS.items():
        parser.addini(name, f"st44-migrate: {text}", type="string", default="")


@contextmanager
def _in_words() -> Generator[None]:
    """
    Let a test end with what is the matter, not with how we came to know.
    """
    from ..errors import MigrateError

    try:
        yield
    except MigrateError as error:
        pytest.fail(f"{type(error).__name__}: {error}", pytrace=False)


# --- what to work on: to be overridden ----------------------------------------


@pytest.fixture(scope="session")
def migrations_source(pytestconfig: pytest.Config) -> Source:
    """
    The migrations: a `Folder`, a `Package`, any `Source`.

    Unless overridden, the folder that the ini option ``st44_migrations`` or
    ``[tool.st44-migrate]`` in pyproject.toml names, or ``migrations``.
    """
    from .choices import choose_source

    with _in_words():
        return choose_source(pytestconfig.getini("st44_migrations"), pytestconfig.rootpath)


@pytest.fixture(scope="session")
def migrations_settings(pytestconfig: pytest.Config) -> Settings:
    """
    The choices of the runs.

    Unless overridden, the ledger is the one that pyproject.toml names.
    """
    from .choices import choose_settings

    with _in_words():
        return choose_settings(pytestconfig.rootpath)


@pytest.fixture(scope="session")
def migrations_seed() -> str:
    """
    SQL that is run once after the last file: what every test begins with.
    """
    return ""


@pytest.fixture(scope="session")
def migrations_server(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """
    The URL of a PostgreSQL server on which databases may be made, or ``"sqlite"``.

    Unless overridden, the ini option ``st44_server``, or a server that is found
    or started; see `postgres_server`.
    """
    from .choices import choose_server

    chosen = choose_server(pytestconfig.getini("st44_server"), tmp_path_factory)
    with ExitStack() as stack:
        with _in_words():
            server = stack.enter_context(chosen)
        yield server


# --- what there is to work with -----------------------------------------------


@pytest.fixture(scope="session")
def migrations_supply(
    migrations_server: str,
    migrations_source: Source,
    migrations_settings: Settings,
    migrations_seed: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Supply]:
    """
    Where the databases of all tests come from.
    """
    from .recipe import Recipe
    from .supply import supply_for

    recipe = Recipe(migrations_source, migrations_settings, migrations_seed)
    with _in_words():
        supply = supply_for(migrations_server, recipe, tmp_path_factory.mktemp("st44"))
    yield supply
    supply.close()


@pytest.fixture
def migrated_database(
    migrations_supply: Supply, migrations_source: Source, migrations_settings: Settings
) -> Iterator[MigratedDatabase]:
    """
    A database of this test alone, up to date.
    """
    from .databases import MigratedDatabase

    with _in_words():
        url = migrations_supply.migrated()
    yield MigratedDatabase(url, migrations_source, migrations_settings)
    migrations_supply.discard(url)


@pytest.fixture
def migrated_url(migrated_database: MigratedDatabase) -> str:
    """
    The URL of a database of this test alone, up to date.
    """
    return migrated_database.url


@pytest.fixture
def empty_database(
    migrations_supply: Supply, migrations_source: Source, migrations_settings: Settings
) -> Iterator[MigratedDatabase]:
    """
    A database of this test alone, in which nothing is yet.
    """
    from .databases import MigratedDatabase

    with _in_words():
        url = migrations_supply.empty()
    yield MigratedDatabase(url, migrations_source, migrations_settings)
    migrations_supply.discard(url)


@pytest.fixture
def before_migration(
    empty_database: MigratedDatabase,
) -> Callable[[str | int], MigratedDatabase]:
    """
    A function: given a version, it brings a database of this test to the state
    before that file; the database's ``migrate()`` then applies the file alone.
    """
    from .databases import before

    return lambda version: before(empty_database, version)
