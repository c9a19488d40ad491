"""
What it costs to give each test a migrated database of its own.

A project is written with as many tests as asked for, which all begin with a
database in which the folder is applied, insert a row and count the rows.  It is
run once for each way to get there: by the fixture `migrated_url`, by a run on an
empty database, and, where it is installed, by pytest-postgresql, which copies a
template as well.  The time is that of the whole pytest process.

    python benchmarks/databases.py --tests 1000
    python benchmarks/databases.py --folder path/to/migrations --workers 4
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

from st44_migrate.testing.servers import PostgresServer, postgres_server

HOUSEHOLD = Path(__file__).parents[1] / "examples" / "household" / "migrations"

TEST = """
import psycopg, pytest

@pytest.mark.parametrize("number", range({tests}))
def test_it(database, number):
    with psycopg.connect(database) as conn:
        conn.execute("CREATE TABLE mine (id integer)")
        conn.execute("INSERT INTO mine VALUES (1)")
        assert conn.execute("SELECT count(*) FROM mine").fetchone() == (1,)
        assert conn.execute("SELECT count(*) FROM schema_migrations").fetchone() == ({files},)
"""

FIXTURES = {
    "st44-migrate": """
@pytest.fixture
def database(migrated_url):
    return migrated_url
""",
    "up on an empty database": """
@pytest.fixture
def database(empty_database):
    empty_database.migrate()
    return empty_database.url
""",
    "pytest-postgresql": """
from pytest_postgresql import factories
from psycopg.conninfo import make_conninfo

def load(**where):
    from st44_migrate import migrate
    where.pop("autocommit", None)
    migrate(make_conninfo(**where), os.environ["FOLDER"])

postgresql_noproc = factories.postgresql_noproc(
    host=os.environ["SERVER_HOST"], port=int(os.environ["SERVER_PORT"]),
    user=os.environ["SERVER_USER"], password=os.environ["SERVER_PASSWORD"], load=[load],
)
postgresql = factories.postgresql("postgresql_noproc")

@pytest.fixture
def database(postgresql):
    info = postgresql.info
    return make_conninfo(host=info.host, port=info.port, user=info.user,
                         password=info.password, dbname=info.dbname)
""",
}


@dataclass(frozen=True)
class Row:
    """
    A line of the table; *seconds* is what the whole of pytest took.
    """

    way: str
    tests: int
    seconds: float


def measure(way: str, tests: int, server: PostgresServer, folder: Path, workers: int) -> Row:
    """
    Run a project with so many tests, one way, and see that all of them pass.
    """
    files = len([file for file in folder.iterdir() if file.name[:1].isdigit()])
    with tempfile.TemporaryDirectory() as room:
        Path(room, "conftest.py").write_text(f"import os\nimport pytest\n{FIXTURES[way]}")
        Path(room, "test_it.py").write_text(TEST.format(tests=tests, files=files))
        Path(room, "pytest.ini").write_text(f"[pytest]\nst44_migrations = {folder}\n")
        parallel = [f"-n{workers}", "--dist=worksteal"] if workers > 1 else []
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *parallel]
        began = perf_counter()
        done = subprocess.run(
            command,
            check=False,
            cwd=room,
            env={**os.environ, **environment(server), "FOLDER": str(folder)},
            capture_output=True,
            text=True,
        )
        seconds = perf_counter() - began
    if done.returncode or f"{tests} passed" not in done.stdout:
        raise SystemExit(f"{way}:\n{done.stdout[-2000:]}{done.stderr}")
    return Row(way, tests, seconds)


def environment(server: PostgresServer) -> dict[str, str]:
    """
    Name the server in one piece for us, in parts for others.
    """
    parts = urlsplit(server.url)
    (socket,) = parse_qs(parts.query).get("host", [parts.hostname or "localhost"])
    return {
        "ST44_TEST_POSTGRES_URL": server.url,
        "SERVER_HOST": socket,
        "SERVER_PORT": str(parts.port or 5432),
        "SERVER_USER": parts.username or "postgres",
        "SERVER_PASSWORD": parts.password or "",
    }


def table(rows: list[Row]) -> str:
    """
    Write the table: the whole in seconds, a test in milliseconds.
    """
    lines = [("database by", "tests", "all of pytest", "a test")]
    lines += [
        (
            row.way,
            str(row.tests),
            f"{row.seconds:.1f} s",
            f"{row.seconds / row.tests * 1000:.0f} ms",
        )
        for row in rows
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.rjust(width) if at else text.ljust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--url", help="a server to create databases on; else one is started")
    parser.add_argument("--folder", type=Path, default=HOUSEHOLD, help="default: the example's")
    parser.add_argument("--tests", type=int, default=1000, help="with our fixture (default: 1000)")
    parser.add_argument(
        "--others", type=int, default=200, help="with each of the other ways (default: 200)"
    )
    parser.add_argument("--workers", type=int, default=2, help="of pytest-xdist (default: 2)")
    options = parser.parse_args()
    ways = {"st44-migrate": options.tests, "up on an empty database": options.others}
    if find_spec("pytest_postgresql"):
        ways["pytest-postgresql"] = options.others
    with ExitStack() as stack:
        server = (
            PostgresServer(options.url, "url")
            if options.url
            else stack.enter_context(postgres_server())
        )
        folder = options.folder.resolve()
        rows = [measure(way, tests, server, folder, options.workers) for way, tests in ways.items()]
    print(table(rows))


if __name__ == "__main__":
    main()
