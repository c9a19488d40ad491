"""
Where the plugin's databases come from: templates that are whole, and nothing left.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from st44_migrate import Memory, Migration, Settings
from st44_migrate.errors import ApplyError, ConfigError, DriverError
from st44_migrate.testing.errand import Errand
from st44_migrate.testing.recipe import Recipe, run_sql
from st44_migrate.testing.servers import PostgresServer
from st44_migrate.testing.supply import Supply, supply_for
from st44_migrate.testing.template import MAKER, find_or_build, sweep_orphans
from targets import until


def recipe(*more: str) -> Recipe:
    """
    Make one that nobody else has.
    """
    first = f"-- {secrets.token_hex(8)}\nCREATE TABLE notes (id integer);"
    files = {f"{number:03}_x.sql": text for number, text in enumerate((first, *more), 1)}
    return Recipe(Memory(files))


def maker() -> str:
    return MAKER + secrets.token_hex(6)


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(sql.encode()).fetchall()


def names(server: PostgresServer, like: str) -> list[str]:
    rows = ask(
        server.url, f"SELECT datname FROM pg_database WHERE datname LIKE '{like}' ORDER BY 1"
    )
    return [str(name) for (name,) in rows]


@pytest.fixture
def session(postgres: PostgresServer) -> Iterator[Errand]:
    with closing(Errand(postgres.url, maker())) as errand:
        yield errand


@pytest.fixture
def supply_of(postgres: PostgresServer, tmp_path: Path) -> Iterator[Callable[[Recipe], Supply]]:
    opened: list[Supply] = []

    def make(what: Recipe) -> Supply:
        opened.append(supply_for(postgres.url, what, tmp_path))
        return opened[-1]

    yield make
    for supply in opened:
        supply.close()


# --- errands ------------------------------------------------------------------


def test_an_errand_works_while_we_do_something_else(session: Errand) -> None:
    """The statement goes on by itself, and is over when we ask."""
    session.start("CREATE TEMPORARY TABLE t AS SELECT pg_sleep(0.05)::text")
    assert session.fetch("SELECT count(*) FROM t") == [(1,)]


def test_a_failed_errand_is_told_once(session: Errand) -> None:
    """Where its end is asked for, or by the next one; then the session goes on."""
    session.start("SELECT * FROM nowhere")
    with pytest.raises(DriverError, match="nowhere"):
        session.start("SELECT 1")
    session.finish()
    with pytest.raises(DriverError, match="division by zero"):
        session.run("SELECT 1", "SELECT 1 / 0", "SELECT * FROM nowhere")
    assert session.fetch("SELECT 2") == [(2,)]


# --- recipes ------------------------------------------------------------------


def test_a_digest_tells_recipes_apart() -> None:
    """Files, ledger, seed and owner count; the same is the same."""
    files = {"001_a.sql": "SELECT 1"}
    settings = Settings()
    digests = {
        Recipe(Memory(files)).digest(),
        Recipe(Memory(files)).digest("me"),
        Recipe(Memory({"001_a.sql": "SELECT 2"})).digest(),
        Recipe(Memory({"001_b.sql": "SELECT 1"})).digest(),
        Recipe(Memory(files, layout="sqlx")).digest(),
        Recipe(Memory(files), settings, "SELECT 1").digest(),
    }
    assert len(digests) == 6
    assert Recipe(Memory(files)).digest() == Recipe(Memory(dict(files)), settings).digest()


def test_a_seed_that_fails(supply_of: Callable[[Recipe], Supply]) -> None:
    """Is said to be the seed's fault."""
    wrong = Recipe(recipe().source, seed="INSERT INTO nowhere VALUES (1)")
    with pytest.raises(ConfigError, match=r"the seed for tests fails: .*nowhere"):
        supply_of(wrong).migrated()


def test_all_of_a_text_or_nothing(sqlite_path: Path) -> None:
    """Statements are run together, and what cannot be read is not run."""
    url = f"sqlite:///{sqlite_path}"
    run_sql(url, "CREATE TABLE t (a); INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (';')")
    with pytest.raises(DriverError, match="nowhere"):
        run_sql(url, "DELETE FROM t", "DELETE FROM nowhere")
    with pytest.raises(DriverError, match="never ends"):
        run_sql(url, "DELETE FROM t; SELECT 'x")


# --- templates ----------------------------------------------------------------


def test_several_builders_make_one(postgres: PostgresServer) -> None:
    """At the same moment, all get the same template, which is whole."""
    what = recipe("INSERT INTO notes SELECT generate_series(1, 1000)")

    def build(_: int) -> str:
        with closing(Errand(postgres.url, maker())) as session:
            return find_or_build(session, postgres.url, what)

    with ThreadPoolExecutor(4) as pool:
        (name,) = set(pool.map(build, range(4)))
    with postgres.database(template=name) as url:
        assert ask(url, "SELECT count(*) FROM notes") == [(1000,)]


BUILD = """
import sys
from pathlib import Path
from st44_migrate import Memory
from st44_migrate.testing.recipe import Recipe
from st44_migrate.testing.supply import supply_for
url, text = sys.argv[1:]
supply_for(url, Recipe(Memory({"001_x.sql": text})), Path()).migrated()
"""

# Runs as long as a session of this name is there.
GATE = """
DO $$ BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{name}') LOOP
    PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $$;
CREATE TABLE done (a integer);
"""


def test_a_killed_builder_leaves_no_template(
    postgres: PostgresServer, supply_of: Callable[[Recipe], Supply]
) -> None:
    """What it had built is dropped by the next one, who builds it anew."""
    gate = f"gate_{secrets.token_hex(4)}"
    text = GATE.format(name=gate)
    keeper = psycopg.connect(postgres.url, application_name=gate)
    command = [sys.executable, "-c", BUILD, postgres.url, text]
    with subprocess.Popen(command) as builder:
        drafts = until(lambda: names(postgres, f"{MAKER}%_draft"), within=60)
        until(lambda: ask(postgres.url, sleeping(drafts[-1])), within=60)
        builder.kill()
    keeper.close()
    until(lambda: not ask(postgres.url, alive(drafts[-1])), within=60)
    supply = supply_of(Recipe(Memory({"001_x.sql": text})))
    assert drafts[-1] not in names(postgres, f"{MAKER}%")
    assert ask(supply.migrated(), "SELECT count(*) FROM done") == [(0,)]


def sleeping(database: str) -> str:
    return (
        "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        f" AND datname = '{database}' LIMIT 1"
    )


def alive(draft: str) -> str:
    name = draft.removesuffix("_draft")
    return f"SELECT 1 FROM pg_stat_activity WHERE application_name = '{name}' LIMIT 1"


def test_databases_of_the_living_stay(postgres: PostgresServer, session: Errand) -> None:
    """Only what nobody answers for is swept away."""
    mine, orphan = f"{session.name}_1", f"{maker()}_1"
    session.run(f"CREATE DATABASE {mine}", f"CREATE DATABASE {orphan}")
    with closing(Errand(postgres.url, maker())) as another:
        sweep_orphans(another)
    left = names(postgres, f"{MAKER}%")
    assert mine in left
    assert orphan not in left
    session.run(f"DROP DATABASE {mine}")


def test_a_failed_build_leaves_nothing(
    postgres: PostgresServer, supply_of: Callable[[Recipe], Supply]
) -> None:
    """The error is the file's, and comes again: there is no half of a template."""
    before = names(postgres, "st44%")
    supply = supply_of(recipe("SELECT * FROM nowhere"))
    for _ in range(2):
        with pytest.raises(ApplyError, match="nowhere"):
            supply.migrated()
    assert names(postgres, "st44%") == before


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_faulty_folder_is_applied_once(
    kind: str, postgres: PostgresServer, tmp_path: Path
) -> None:
    """Not once for each of a thousand tests, which all fail for the same reason."""
    loads: list[int] = []

    class Counted(Memory):
        def load(self) -> Sequence[Migration]:
            loads.append(1)
            return super().load()

    source = Counted({"001_a.sql": "CREATE TABLE a (i int)", "002_b.sql": "SELECT * FROM nowhere"})
    server = postgres.url if kind == "postgresql" else "sqlite"
    with closing(supply_for(server, Recipe(source), tmp_path)) as supply:
        said: set[str] = set()
        before = 0
        for _ in range(3):
            before = len(loads)
            with pytest.raises(ApplyError, match="nowhere") as caught:
                supply.migrated()
            said.add(str(caught.value))
        assert len(said) == 1
        assert len(loads) == before
    assert list(tmp_path.iterdir()) == []


def test_old_templates_are_dropped(postgres: PostgresServer, session: Errand) -> None:
    """The newest few stay, the one just made among them."""
    if postgres.origin == "url":
        pytest.skip("others may make templates on this server at the same moment")
    made = [find_or_build(session, postgres.url, recipe()) for _ in range(6)]
    assert set(names(postgres, "st44_template_%")) == set(made[-4:])


def test_a_template_that_is_dropped_is_made_again(
    postgres: PostgresServer, supply_of: Callable[[Recipe], Supply], session: Errand
) -> None:
    """A run that needed the room may have dropped it under our feet."""
    what = recipe()
    supply = supply_of(what)
    supply.discard(supply.migrated())
    template = find_or_build(session, postgres.url, what)
    for _ in range(3):
        until(lambda: dropped(session, template))
        url = supply.migrated()
        assert ask(url, "SELECT count(*) FROM notes") == [(0,)]
        supply.discard(url)


def dropped(session: Errand, template: str) -> bool:
    """
    Try to drop a template, which fails while it is being copied.
    """
    try:
        session.run(f"DROP DATABASE IF EXISTS {template}")
    except DriverError:
        return False
    return True


def test_nothing_is_left(postgres: PostgresServer, tmp_path: Path) -> None:
    """Neither of those given back nor of those made ahead; sessions do not matter."""
    supply = supply_for(postgres.url, recipe(), tmp_path)
    urls = [supply.migrated() if number % 3 else supply.empty() for number in range(9)]
    own = urls[0].partition("?")[0].rpartition("/")[2].rpartition("_")[0]
    assert len(set(urls)) == 9
    with psycopg.connect(urls[1]):
        for url in urls:
            supply.discard(url)
        supply.close()
    assert names(postgres, f"{own}%") == []


def test_a_role_that_may_not(postgres: PostgresServer, tmp_path: Path) -> None:
    """Is told what it lacks."""
    role = f"st44_{secrets.token_hex(4)}"
    ask_none(postgres.url, f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
    url = psycopg.conninfo.conninfo_to_dict(postgres.url)
    given = f"postgresql://{role}:secret@/{url['dbname']}?host={url['host']}"
    try:
        with closing(supply_for(given, recipe(), tmp_path)) as supply:
            for give in (supply.migrated, supply.empty):
                with pytest.raises(ConfigError, match=r"permission denied[\s\S]*CREATEDB"):
                    give()
    finally:
        ask_none(postgres.url, f"DROP ROLE {role}")


def ask_none(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


# --- SQLite -------------------------------------------------------------------


def test_sqlite_copies_what_the_log_holds(tmp_path: Path) -> None:
    """A folder that switches to a write-ahead log is copied whole."""
    what = recipe("PRAGMA journal_mode = wal;", "INSERT INTO notes VALUES (1);")
    with closing(supply_for("sqlite", what, tmp_path)) as supply:
        urls = [supply.migrated() for _ in range(2)]
        run_sql(urls[0], "INSERT INTO notes VALUES (2)")
        sums = [rows(url, "SELECT sum(id) FROM notes") for url in urls]
        assert sums == [[(3,)], [(1,)]]
        assert rows(supply.empty(), "SELECT count(*) FROM sqlite_master") == [(0,)]
        for url in (*urls, f"sqlite:///{tmp_path}/3.db"):
            supply.discard(url)
    assert list(tmp_path.iterdir()) == []


def rows(url: str, sql: str) -> list[tuple[object, ...]]:
    import sqlite3

    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as conn:
        return conn.execute(sql).fetchall()
