"""
The plugin as a project meets it: pytest runs on files of its own.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import psycopg
import pytest

import st44_migrate
from st44_migrate.testing.servers import PostgresServer
from targets import until

# A run in this process forgets the modules that it loaded, and the next one would
# load some of them again beside those that are remembered elsewhere: errors of one
# are not errors of the other.  So all are loaded before.
for found in walk_packages(st44_migrate.__path__, "st44_migrate."):
    if not found.name.endswith("__main__"):
        import_module(found.name)

FILES = {
    "001_create_notes.sql": "CREATE TABLE notes (id integer PRIMARY KEY, body text);",
    "002_add_done.sql": "ALTER TABLE notes ADD COLUMN done integer NOT NULL DEFAULT 0;",
    "003_mark_done.sql": "UPDATE notes SET done = 1 WHERE body LIKE 'done: %';",
}
STRICT = '[tool.pytest]\nstrict = true\nfilterwarnings = ["error"]\n'

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(
    pytester: pytest.Pytester, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """
    Give a function that runs a test module in a project with three migrations, in
    this process; the server is the one of the whole run.
    """
    monkeypatch.setenv("ST44_TEST_POSTGRES_URL", postgres.url)
    folder = pytester.mkdir("migrations")
    for name, text in FILES.items():
        # Not the folder, and so not the template, of another test.
        (folder / name).write_text(f"-- {secrets.token_hex(6)}\n{text}")

    def go(code: str, *args: str, conftest: str = "", **options: str) -> pytest.RunResult:
        lines = "".join(f'{name} = "{value}"\n' for name, value in options.items())
        pytester.makefile(".toml", pyproject=STRICT + lines)
        pytester.makeconftest(conftest)
        pytester.makepyfile(code)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *args)

    return go


def databases(server: PostgresServer) -> set[str]:
    with psycopg.connect(server.url) as conn:
        return {name for (name,) in conn.execute("SELECT datname FROM pg_database")}


# --- loading ------------------------------------------------------------------

LOADED = """
import sys, time
import pytest
before = set(sys.modules)
start = time.perf_counter()
import st44_migrate.testing.pytest_plugin
print(f"{(time.perf_counter() - start) * 1000:.1f} ms")
print(*sorted(set(sys.modules) - before))
"""


def test_it_loads_nothing() -> None:
    """pytest gets the plugin and the two packages around it, and how they name the rest."""
    command = [sys.executable, "-I", "-W", "error", "-c", LOADED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    took, loaded = done.stdout.splitlines()
    print(f"the plugin loads in {took}")
    ours = "st44_migrate"
    assert loaded.split() == [
        ours,
        f"{ours}._lazy",
        f"{ours}.testing",
        f"{ours}.testing.pytest_plugin",
    ]


def test_it_is_there_and_does_nothing(pytester: pytest.Pytester) -> None:
    """Who has no migrations does not notice: no warning, no server, no import of ours."""
    pytester.makefile(".toml", pyproject=STRICT)
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            assert "st44_migrate.testing.pytest_plugin" in sys.modules
            assert not {"st44_migrate.model", "psycopg"} & set(sys.modules)
        """
    )
    others = ("-p", "no:hypothesispytest", "-p", "no:pytest_postgresql")
    result = pytester.runpytest_subprocess("-W", "error", *others)
    result.assert_outcomes(passed=1)


def test_fixtures_and_options_are_explained(run: Run) -> None:
    """``--fixtures`` and ``--help`` know them."""
    fixtures = run("", "--fixtures")
    fixtures.stdout.fnmatch_lines(["migrated_url -- *", "*URL of a database of this test alone*"])
    run("", "--help").stdout.fnmatch_lines(["*st44_server (string)*"])


# --- databases ----------------------------------------------------------------

EACH_ITS_OWN = """
import pytest

@pytest.mark.parametrize("number", range(3))
def test_insert(migrated_database, number):
    assert migrated_database.fetch("SELECT count(*) FROM notes") == [(0,)]
    migrated_database.execute(
        "INSERT INTO notes (id, body) VALUES (1, 'x'); INSERT INTO notes (id) VALUES (2)"
    )
    assert migrated_database.fetch("SELECT count(*) FROM notes") == [(2,)]

def test_nothing_is_pending(migrated_database):
    plan = migrated_database.plan()
    assert (plan.pending, plan.latest) == ((), "003")

def test_empty(empty_database):
    assert len(empty_database.plan().pending) == 3
    assert len(empty_database.migrate().applied) == 3
"""


@pytest.mark.parametrize("server", ["", "sqlite"])
def test_each_test_has_its_own_database(run: Run, server: str) -> None:
    """It is up to date, and what another test did is not there."""
    run(EACH_ITS_OWN, st44_server=server).assert_outcomes(passed=5)


BOTH_COLOURS = """
import asyncio
import psycopg

def test_blocking(migrated_url):
    with psycopg.connect(migrated_url) as conn:
        conn.execute("INSERT INTO notes (id) VALUES (1)")

def test_async(migrated_url):
    async def insert():
        async with await psycopg.AsyncConnection.connect(migrated_url) as conn:
            await conn.execute("INSERT INTO notes (id) VALUES (1)")
    asyncio.run(insert())

def test_left_open(migrated_url, request):
    conn = psycopg.connect(migrated_url)
    request.session.left_open = conn
"""


def test_the_url_is_for_drivers_of_both_colours(run: Run) -> None:
    """A test's own connections need not be closed for the database to go."""
    close = "def pytest_sessionfinish(session):\n    session.left_open.close()\n"
    run(BOTH_COLOURS, conftest=close).assert_outcomes(passed=3)


def test_nothing_is_left_but_the_template(run: Run, postgres: PostgresServer) -> None:
    """The next run finds it, and makes no other."""
    before = databases(postgres)
    run(EACH_ITS_OWN)
    left = databases(postgres) - before
    assert [name[:14] for name in left] == ["st44_template_"]
    run(EACH_ITS_OWN)
    assert databases(postgres) - before == left


def test_a_failing_file_is_told_once_for_all(run: Run, pytester: pytest.Pytester) -> None:
    """The error has the place; the files are not run again for each test."""
    (pytester.path / "migrations" / "004_bad.sql").write_text("SELECT * FROM nowhere;")
    result = run(EACH_ITS_OWN, "-k", "insert")
    result.assert_outcomes(errors=3)
    result.stdout.fnmatch_lines(["ApplyError: *migrations/004_bad.sql:1:15: relation*"])
    result.stdout.no_fnmatch_line("*site-packages*")
    result.stdout.no_fnmatch_line("*_engine.py*")


# --- before a file ------------------------------------------------------------

DATA = """
import asyncio
import pytest
from st44_migrate import ConfigError

def test_003_marks(before_migration):
    database = before_migration("003")
    database.execute("INSERT INTO notes (id, body) VALUES (1, 'done: a'), (2, 'b')")
    assert [done.label for done in database.migrate().applied] == ["003"]
    assert database.fetch("SELECT id, done FROM notes ORDER BY id") == [(1, 1), (2, 0)]

def test_the_first(before_migration):
    database = before_migration(1)
    assert database.plan().latest is None
    report = asyncio.run(database.migrate_async())
    assert [done.label for done in report.applied] == ["001"]

@pytest.mark.parametrize("version", ["004", "x"])
def test_unknown(before_migration, version):
    with pytest.raises(ConfigError, match=f"no file with the number {version}\\nIts last file is 003"):
        before_migration(version)
"""


@pytest.mark.parametrize("server", ["", "sqlite"])
def test_a_file_is_tried_on_the_state_before_it(run: Run, server: str) -> None:
    """Rows first, then the file alone, then a look."""
    run(DATA, st44_server=server).assert_outcomes(passed=4)


# --- ready-made tests ---------------------------------------------------------

READY = (
    "from st44_migrate.testing import MigrationTests\nclass TestMigrations(MigrationTests): ...\n"
)
NAMES = [
    "test_a_second_run_does_nothing",
    "test_every_file_applies_one_by_one",
    "test_the_folder_has_no_problems",
]


@pytest.mark.parametrize("server", ["", "sqlite"])
def test_ready_made_tests_pass(run: Run, server: str) -> None:
    """One line, three tests."""
    result = run(READY, "-v", st44_server=server)
    result.assert_outcomes(passed=len(NAMES))
    result.stdout.fnmatch_lines_random([f"*::{name} PASSED*" for name in NAMES])


def test_ready_made_tests_fail(run: Run, pytester: pytest.Pytester) -> None:
    """A problem is told with its remedy; a file that fails, with its place."""
    folder = pytester.path / "migrations"
    record = (
        "INSERT INTO schema_migrations (version, name) VALUES ('7', 'x') ON CONFLICT DO NOTHING"
    )
    (folder / "004_records.sql").write_text(record)
    result = run(READY)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*warning: *004_records.sql records itself as '7', not '004'.*"])

    (folder / "004_records.sql").write_text("CREATE TABLE notes (id integer)")
    result = run(READY)
    result.assert_outcomes(failed=1, errors=2)
    result.stdout.fnmatch_lines(['*004_records.sql:1:14: relation "notes" already exists*'])


# --- choosing -----------------------------------------------------------------


def test_fixtures_are_overridden(run: Run) -> None:
    """Migrations, ledger and seed of a project's own."""
    conftest = """
import pytest
from st44_migrate import LedgerName, Memory, Settings

@pytest.fixture(scope="session")
def migrations_source():
    return Memory({"007_x.sql": "CREATE TABLE x (a integer)"})

@pytest.fixture(scope="session")
def migrations_settings():
    return Settings(ledger=LedgerName("mine"))

@pytest.fixture(scope="session")
def migrations_seed():
    return "INSERT INTO x VALUES (1); INSERT INTO x VALUES (2)"
"""
    code = """
def test_mine(migrated_database):
    assert migrated_database.fetch("SELECT sum(a) FROM x") == [(3,)]
    assert migrated_database.fetch("SELECT version FROM mine") == [("007",)]
"""
    run(code, conftest=conftest).assert_outcomes(passed=1)


def test_the_folder_is_named(run: Run, pytester: pytest.Pytester) -> None:
    """By the ini option, else by the project's own settings."""
    (pytester.path / "migrations").rename(pytester.path / "other")
    code = "def test(migrated_database):\n    assert migrated_database.plan().latest == '003'\n"
    run(code, st44_migrations="other", st44_server="sqlite").assert_outcomes(passed=1)
    result = run(code, st44_server="sqlite")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*There is no folder *migrations*"])
    pytester.makefile(".toml", pyproject=f'{STRICT}[tool.st44-migrate]\nmigrations = "other"\n')
    pytester.runpytest_inprocess("-o", "st44_server=sqlite").assert_outcomes(passed=1)


def test_the_folder_is_read_as_the_project_says(pytester: pytest.Pytester) -> None:
    """Another tool's folder, with what its placeholders stand for, as by the command."""
    folder = pytester.mkdir("flyway")
    (folder / "V1.9__a.sql").write_text("-- a\nCREATE TABLE ${t} (id integer);", "utf-8")
    (folder / "V1.10__b.sql").write_text("-- b\nINSERT INTO ${t} VALUES (1);", "utf-8")
    view = "-- v\nDROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT id FROM ${t};"
    (folder / "R__v.sql").write_text(view, "utf-8")
    lines = 'migrations = "flyway"\nlayout = "flyway"\nvalues = { t = "notes" }\n'
    pytester.makefile(".toml", pyproject=f"{STRICT}[tool.st44-migrate]\n{lines}")
    pytester.makepyfile(
        """
        from st44_migrate.testing import MigrationTests

        class TestFolder(MigrationTests): ...

        def test_one(before_migration):
            database = before_migration("1.10")
            assert database.fetch("SELECT * FROM notes") == []
            report = database.migrate()
            assert [done.label for done in report.applied][0] == "1.10"
            assert database.fetch("SELECT * FROM notes") == [(1,)]
        """
    )
    result = pytester.runpytest_inprocess("-o", "st44_server=sqlite")
    result.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("server", "said"),
    [
        ("sqlite:///x.db", "*sqlite:///*x.db is not a server on which databases can be made*"),
        ("postgresql:///x?host=/nosuch", "*/nosuch*"),
        ("mysql://h/x", "*is not a server on which databases can be made*"),
    ],
)
def test_a_server_that_is_none(run: Run, server: str, said: str) -> None:
    """Is an error in words, and no other server is used."""
    result = run("def test(migrated_url): ...", st44_server=server)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([said])


# --- several workers ----------------------------------------------------------

WORKERS = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(8))
def test_it(migrated_database, number):
    ((pid,),) = migrated_database.fetch("SELECT current_setting('data_directory')")
    Path(os.environ["SEEN"], f"{os.environ['PYTEST_XDIST_WORKER']}-{number}").write_text(pid)
"""


def seen_by_workers(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> set[str]:
    """
    Let two workers run eight tests, and return the servers that they saw.
    """
    seen = pytester.mkdir("seen")
    monkeypatch.setenv("SEEN", str(seen))
    run(WORKERS, "--co", "-q")
    pytester.runpytest_subprocess("-n2", "--dist=load").assert_outcomes(passed=8)
    assert len({path.name.partition("-")[0] for path in seen.iterdir()}) == 2
    return {path.read_text() for path in seen.iterdir()}


def test_workers_share_the_template(
    run: Run,
    pytester: pytest.Pytester,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """On one server, two workers make one template and leave nothing else."""
    before = databases(postgres)
    assert len(seen_by_workers(run, pytester, monkeypatch)) == 1
    assert [name[:14] for name in databases(postgres) - before] == ["st44_template_"]


def test_workers_share_the_server(
    run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that is started is one for all, and is gone when they are."""
    monkeypatch.delenv("ST44_TEST_POSTGRES_URL")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch/docker.sock")
    (folder,) = seen_by_workers(run, pytester, monkeypatch)
    assert until(lambda: not Path(folder).exists(), within=60)
