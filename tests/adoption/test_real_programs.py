"""
Tools that are programs of their own do their own work; then their ledgers are adopted.

They are found on PATH: sql-migrate comes from Debian, the others from npm.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from runs.conftest import target_of
from st44_migrate import Folder
from st44_migrate.model import Found
from targets import Target, applied, codes, labels, write


@dataclass(frozen=True)
class Program:
    """
    A tool: its files, its table, and how it is told to run them.

    *before* and *behind* stand around the SQL of each file, *words* on the command line.
    """

    names: tuple[str, str, str]
    before: str
    behind: str
    ledger: str
    words: tuple[str, ...]
    kinds: tuple[str, ...] = ("psycopg", "sqlite3")


PROGRAMS = {
    "dbmate": Program(
        ("20240101000000_one.sql", "20240102000000_two.sql", "20240103000000_three.sql"),
        "-- migrate:up\n",
        "\n-- migrate:down\n",
        "schema_migrations",
        ("--no-dump-schema", "-d", "files", "migrate"),
    ),
    "sql-migrate": Program(
        ("0001_one.sql", "0002_two.sql", "0003_three.sql"),
        "-- +migrate Up\n",
        "\n-- +migrate Down\n",
        "gorp_migrations",
        ("up", "-env", "here"),
    ),
    "node-pg-migrate": Program(
        ("1704067200000_one.sql", "1704153600000_two.sql", "1704240000000_three.sql"),
        "-- Up Migration\n",
        "\n-- Down Migration\n",
        "pgmigrations",
        ("up", "-m", "files"),
        ("psycopg",),
    ),
}

CASES = [(name, kind) for name, program in PROGRAMS.items() for kind in program.kinds]


def run(name: str, target: Target, room: Path) -> None:
    """
    Let the tool apply all that is in *room*.
    """
    url, dialect, source = target.url.replace("sqlite:///", "sqlite:"), "sqlite3", target.url
    source = source.removeprefix("sqlite:///")
    if target.is_postgres:
        with psycopg.connect(target.url) as conn:
            at = conn.info
            url = f"postgres://{at.user}:{quote(at.password)}@/{at.dbname}?host={quote(at.host)}"
            url += f"&port={at.port}&sslmode=disable"
            source = f"host={at.host} port={at.port} user={at.user} dbname={at.dbname}"
            source += f" password='{at.password}' sslmode=disable"
            dialect = "postgres"
    (room / "dbconfig.yml").write_text(
        f'here:\n  dialect: {dialect}\n  datasource: "{source}"\n  dir: files\n', "utf-8"
    )
    done = subprocess.run(
        [name, *PROGRAMS[name].words],
        cwd=room,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_database_of_the_tool_itself(
    name: str, kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """It applied two files and its table stays as it is; the third file is ours."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on PATH")
    target, program = target_of(kind, request), PROGRAMS[name]
    texts = (f"CREATE TABLE t{number} (i integer);" for number in range(3))
    files = {
        file: f"{program.before}{text}{program.behind}"
        for file, text in zip(program.names, texts, strict=True)
    }
    last = program.names[-1]
    folder = write(tmp_path / "files", {file: files[file] for file in program.names[:-1]})
    run(name, target, tmp_path)
    assert {"t0", "t1"} <= target.tables()
    before = target.query(f"SELECT * FROM {program.ledger} ORDER BY 1")

    (folder / last).write_text(files[last], "utf-8")
    source = Folder(folder, layout=name)
    made = target.do(source, lambda m: m.adopt())
    assert (made.tool, made.written) == (name, True)
    assert [adopted.found for adopted in made.versions] == [Found.APPLIED] * 2
    plan = target.plan(source)
    assert set(codes(plan)) <= {"gap"}
    assert labels(plan) == [migration.label for migration in source.load()][2:]
    assert applied(target.apply(source)) == labels(plan)
    assert applied(target.apply(source)) == []
    assert "t2" in target.tables()
    assert target.query(f"SELECT * FROM {program.ledger} ORDER BY 1") == before
