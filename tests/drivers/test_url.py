"""
Which driver for what: URLs, objects, colours, packages that are not there.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg
import psycopg
import psycopg2
import pytest
from psycopg2.pool import SimpleConnectionPool
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from drivers.attempts import quiet
from st44_migrate.drivers.asyncpg import AsyncpgDriver
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import ConfigError

BOTH = pytest.mark.parametrize("choose", [driver_for, async_driver_for])


# --- URLs ---------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://app:S3CR3T@db:5433/shop", "postgresql://app@db:5433/shop"),
        ("postgres://app:S3CR3T@db/shop", "postgresql://app@db:5432/shop"),
        ("postgresql+psycopg://app@db/shop", "postgresql://app@db:5432/shop"),
        ("postgresql+asyncpg://app@db/shop\n", "postgresql://app@db:5432/shop"),
        ("POSTGRESQL://app@db/shop?sslmode=require", "postgresql://app@db:5432/shop"),
        ("postgresql://app@a,b:5433/shop", "postgresql://app@a,b:5433/shop"),
        ("postgresql://app@a:1,b:2/shop", "postgresql://app@a:1,b:2/shop"),
        ("postgresql://app@[::1]:1/shop", "postgresql://app@[::1]:1/shop"),
        ("postgresql://app@/shop?host=/run/pg", "postgresql://app@/shop?host=/run/pg"),
        ("host=db dbname=shop user=app password='S3CR3T x'", "postgresql://app@db:5432/shop"),
        ("postgresql:///?service=shop", "postgresql:///?service=shop"),
        ("sqlite:////data/app.db", "sqlite:////data/app.db"),
        ("sqlite+aiosqlite:////data/a%20b.db", "sqlite:////data/a%20b.db"),
        ("sqlite:///app.db", f"sqlite:///{Path.cwd() / 'app.db'}"),
    ],
)
def test_a_url_names_its_database(choose: Any, url: str, shown: str) -> None:
    """Each form that people use is understood by both colours, and shown without secrets."""
    assert choose(url).describe() == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+asyncpg://app:S3CR3T@db:5433/shop", "postgresql://app@db:5433/shop"),
        ("postgres+asyncpg://app:S3CR3T@db/shop?sslmode=require", "postgresql://app@db:5432/shop"),
        ("postgresql+asyncpg://app@a:1,[::1]/shop", "postgresql://app@a:1,[::1]:5432/shop"),
        ("postgresql+asyncpg:///shop?host=/run/pg&user=app", "postgresql://app@/shop?host=/run/pg"),
        (
            "postgresql+asyncpg://a%40b@db?database=my%20shop",
            "postgresql://a%40b@db:5432/my%20shop",
        ),
    ],
)
def test_asyncpg_reads_urls_without_libpq(url: str, shown: str) -> None:
    """The same forms mean the same, and are shown without secrets."""
    assert AsyncpgDriver(url).describe() == shown


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("host=db dbname=shop password=S3CR3T", "no URL"),
        ("postgresql://app:S3CR3T%ZZ@db/shop", "hexadecimal"),
        ("postgresql://app:S3CR3T%00@db/shop", "%00"),
        ("postgresql://app:S3CR3T\0@db/shop", "NUL"),
        ("postgresql://app:S3CR3T%FF@db/shop", "UTF-8"),
        ("postgresql://app:x@S3CR3T@db/shop", "@ that is not written as %40"),
        ("postgresql://app:S3CR3T@db/shop?ssl=S3CR3T", "asyncpg does not know one of its"),
        ("postgresql://app:S3CR3T@db/shop?connect_timeout=5", "asyncpg does not know one of its"),
        ("postgresql://app:S3CR3T@[::1/shop", "IPv6"),
        ("postgresql://app:S3CR3T@db:S3CR3T/shop", "whole numbers"),
    ],
)
def test_what_asyncpg_cannot_read_is_refused_in_words(url: str, reason: str) -> None:
    """In the words of the other drivers, and without a word of the URL itself."""
    with pytest.raises(ConfigError, match=reason) as caught:
        AsyncpgDriver(url)
    assert "S3CR3T" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.remedy


@BOTH
def test_what_the_url_leaves_out_is_the_environments(
    choose: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq's variables count, and are shown."""
    for name, value in {"HOST": "db", "PORT": "6432", "USER": "app", "DATABASE": "shop"}.items():
        monkeypatch.setenv(f"PG{name}", value)
    monkeypatch.setenv("PGPASSWORD", "S3CR3T")
    assert choose("postgresql:///").describe() == "postgresql://app@db:6432/shop"
    assert AsyncpgDriver("postgresql:///").describe() == "postgresql://app@db:6432/shop"


@BOTH
@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("app.db", "has no scheme"),
        ("/data/app.db", "has no scheme"),
        ("sqlite://", "must name a file"),
        ("sqlite:///", "must name a file"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite://:memory:", "must name a file"),
        ("sqlite:///file:x?mode=memory&uri=true", "must name a file"),
        ("sqlite://app.db", "three slashes"),
        ("sqlite:app.db", "three slashes"),
        ("sqlite:///app.db?timeout=S3CR3T", "takes no parameters"),
        ("postgresql://app:S3CR3T%ZZ@db/shop", "hexadecimal"),
        ("postgresql://app:S3CR3T%00@db/shop", "%00"),
        ("postgresql://app:S3CR3T%FF@db/shop", "UTF-8"),
        ("postgresql://app:x@S3CR3T@db/shop", "@ that is not written as %40"),
        ("postgresql://app:x/S3CR3T@db/shop", "@ that is not written as %40"),
        ("postgresql://app:x?S3CR3T=1@db/shop", "@ that is not written as %40"),
        ("postgresql://app:S3CR3T@db/shop?ssl=S3CR3T", "one of its parameters"),
        ("postgresql://app:S3CR3T@[::1/shop", "IPv6"),
        ("postgresql://app:S3CR3T@db:S3CR3T/shop", "whole numbers"),
        ("postgresql://app:S3CR3T@db/shop?connect_timeout=S3CR3T", "whole numbers"),
        ("postgresql://app:S3CR3T\0@db/shop", "NUL"),
        ("host=db password=x S3CR3T", "neither a URL nor a list"),
        ("password='S3CR3T", "quote is not closed"),
    ],
)
def test_a_wrong_url_is_refused_in_words(choose: Any, url: str, reason: str) -> None:
    """What is wrong and what to write, without a word of the URL itself."""
    with pytest.raises(ConfigError, match=reason) as caught:
        choose(url)
    assert "S3CR3T" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.remedy


@BOTH
def test_an_unknown_scheme_names_what_is_known(choose: Any) -> None:
    """The message says what can be had, and how."""
    with pytest.raises(ConfigError, match=r"no .*driver for duckdb:// databases") as caught:
        choose("duckdb:///S3CR3T.db")
    assert "postgresql (pip install 'st44-migrate[psycopg]')" in str(caught.value)
    assert "sqlite (" in str(caught.value)
    assert "st44_migrate.drivers" in str(caught.value)
    assert "S3CR3T" not in str(caught.value)


# --- objects ------------------------------------------------------------------


class SyncDriver:
    """
    A driver of somebody else's.
    """

    dialect = "sqlite"

    def describe(self) -> str:
        return "mine"

    def connect(self, **_: object) -> None:
        """
        Open nothing.
        """


class AsyncDriverOfMine(SyncDriver):
    async def connect(self, **_: object) -> None:  # type: ignore[override]
        """
        Open nothing.
        """


class OwnConnection(sqlite3.Connection):
    """
    A connection class of an application.
    """


def test_a_driver_is_taken_as_it_is() -> None:
    """What can describe itself and connect needs no wrapping."""
    blocking: Any = SyncDriver()
    coroutine: Any = AsyncDriverOfMine()
    assert driver_for(blocking) is blocking
    assert async_driver_for(coroutine) is coroutine


@pytest.mark.parametrize("database", [None, 42, b"sqlite:///x.db", Path("x.db"), object()])
@BOTH
def test_what_is_no_database_is_refused(choose: Any, database: object) -> None:
    """The message names the type and what is accepted."""
    with pytest.raises(ConfigError, match="is not a database") as caught:
        choose(database)
    assert "Pass a URL" in caught.value.remedy


def test_subclasses_are_recognised() -> None:
    """An application's own connection class is still a connection."""
    conn = sqlite3.connect(":memory:", factory=OwnConnection)
    assert driver_for(conn).describe() == "an in-memory SQLite database"
    conn.close()


def test_a_blocking_object_needs_the_blocking_migrator(pg_url: str) -> None:
    """The async migrator refuses it, and says which one to use."""
    lite = sqlite3.connect(":memory:")
    two, pool_of_two = psycopg2.connect(pg_url), SimpleConnectionPool(0, 1, pg_url)
    with psycopg.connect(pg_url) as conn, ConnectionPool(pg_url, open=False) as pool:
        for database in (conn, pool, two, pool_of_two, lite, SyncDriver()):
            assert driver_for(database).dialect in {"postgresql", "sqlite"}
            with pytest.raises(ConfigError, match="is blocking") as caught:
                async_driver_for(database)
            assert caught.value.remedy == "Use Migrator or migrate() with it."
    two.close()
    lite.close()


def test_an_async_object_needs_the_async_migrator(pg_url: str) -> None:
    """The blocking migrator refuses it, and says which one to use."""

    async def check() -> None:
        async with (
            await psycopg.AsyncConnection.connect(pg_url) as conn,
            AsyncConnectionPool(pg_url, open=False) as pool,
            aiosqlite.connect(":memory:") as lite,
            asyncpg.create_pool(pg_url, min_size=1) as fast_pool,
            fast_pool.acquire() as proxy,
        ):
            fast = await asyncpg.connect(pg_url)
            for database in (conn, pool, fast, fast_pool, proxy, lite, AsyncDriverOfMine()):
                assert async_driver_for(database).describe()
                with pytest.raises(ConfigError, match="is async") as caught:
                    driver_for(database)
                assert caught.value.remedy == "Use AsyncMigrator or migrate_async() with it."
            await fast.close()

    asyncio.run(check())


def test_a_pool_whose_conninfo_is_a_function_has_a_name(pg_url: str) -> None:
    """The function may fetch a secret, so it is not called to describe the pool."""
    with ConnectionPool(lambda: pg_url, name="web", min_size=1, open=True) as pool:
        driver = driver_for(pool)
        assert driver.describe() == "the psycopg pool web"
        driver.connect(timeout=5, readonly=True, notice=quiet).close()


# --- packages -----------------------------------------------------------------


def python(code: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_choosing_imports_nothing_of_others() -> None:
    """The module itself, and a URL of SQLite, need the standard library only."""
    loaded = python(
        "import sys\nbefore = set(sys.modules)\n"
        "from st44_migrate.drivers.url import driver_for\n"
        "driver_for('sqlite:///x.db').describe()\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    assert set(loaded.split()) - sys.stdlib_module_names == {"st44_migrate"}
    assert not {"asyncio", "importlib.metadata"} & set(loaded.split())


@pytest.mark.parametrize(
    ("package", "choose", "url"),
    [
        ("psycopg", "driver_for", "postgresql:///x"),
        ("psycopg", "async_driver_for", "postgresql:///x"),
        ("aiosqlite", "async_driver_for", "sqlite:///x.db"),
        ("asyncpg", "async_driver_for", "postgresql+asyncpg:///x"),
    ],
)
def test_a_missing_package_says_what_to_install(package: str, choose: str, url: str) -> None:
    """Without the extra the message is the command to type."""
    said = python(
        f"import sys\nsys.modules['{package}'] = sys.modules['psycopg'] = None\n"
        "from st44_migrate.drivers import url\nfrom st44_migrate.errors import ConfigError\n"
        f"try:\n    url.{choose}('{url}')\nexcept ConfigError as error:\n    print(error)"
    )
    assert f"needs the package {package}, which is not installed" in said
    assert f"pip install 'st44-migrate[{package}]'" in said


def test_a_url_that_names_asyncpg_needs_nothing_else() -> None:
    """Where there is no psycopg it opens asyncpg, for the one colour that asyncpg has."""
    said = python(
        "import sys\nsys.modules['psycopg'] = None\n"
        "from st44_migrate.drivers import url\nfrom st44_migrate.errors import ConfigError\n"
        "print(type(url.async_driver_for('postgresql+asyncpg://db/x')).__module__)\n"
        "try:\n    url.driver_for('postgresql+asyncpg://db/x')\n"
        "except ConfigError as error:\n    print(error)"
    )
    assert said.startswith("st44_migrate.drivers.asyncpg\n")
    assert "needs the package psycopg, which is not installed" in said


def test_a_broken_package_says_why() -> None:
    """psycopg without libpq is there, and useless."""
    said = python(
        "import sys\nsys.modules['psycopg_binary'] = None\nsys.modules['psycopg_c'] = None\n"
        "import ctypes.util\nctypes.util.find_library = lambda name: None\n"
        "from st44_migrate.drivers import url\nfrom st44_migrate.errors import ConfigError\n"
        "try:\n    url.driver_for('postgresql:///x')\nexcept ConfigError as error:\n    print(error)"
    )
    assert "needs the package psycopg, which does not load: no pq wrapper available" in said


# --- entry points -------------------------------------------------------------


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Install a package that registers drivers.
    """
    (tmp_path / "st44_test_plugin.py").write_text(
        "class Opened:\n    dialect = 'duck'\n"
        "    def __init__(self, url): self.url = url\n"
        "class AsyncOpened(Opened): pass\n"
    )
    info = tmp_path / "st44_test_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: st44-test-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[st44_migrate.drivers]\n"
        "duckdb = st44_test_plugin:Opened\n"
        "duckdb.async = st44_test_plugin:AsyncOpened\n"
        "oracle+fast = st44_test_plugin:Opened\n"
        "broken = st44_test_plugin_that_is_gone:Opened\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("plugin")
def test_entry_points_bring_other_databases() -> None:
    """A scheme that is not built in is looked up, with and without its suffix."""
    found: Any = driver_for("duckdb+native:///x.db")
    assert (type(found).__name__, found.url) == ("Opened", "duckdb+native:///x.db")
    assert type(async_driver_for("duckdb:///x.db")).__name__ == "AsyncOpened"
    assert type(driver_for("oracle+fast://h/x")).__name__ == "Opened"
    with pytest.raises(ConfigError, match="no driver for oracle"):
        driver_for("oracle://h/x")


@pytest.mark.usefixtures("plugin")
def test_a_broken_entry_point_is_named() -> None:
    """The package that cannot be loaded is to blame, and named."""
    with pytest.raises(ConfigError, match="st44_test_plugin_that_is_gone:Opened, does not load"):
        driver_for("broken://x")
