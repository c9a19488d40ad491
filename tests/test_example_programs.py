"""
The programs in `examples` of more than one file, run as a user would run them.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
import pytest

from runs.holding import free, holding
from targets import Target, until

EXAMPLES = Path(__file__).parents[1] / "examples"
WORKER = EXAMPLES / "worker"
LIBRARY = EXAMPLES / "library"


def environment(database: str | None, **more: str) -> Mapping[str, str]:
    """
    Give the environment of a user, with this database and no other in sight.
    """
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return {**kept, **({} if database is None else {"DATABASE_URL": database}), **more}


def run(
    program: Path, *args: str, database: str | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(program), *args],
        check=False,
        env=environment(database, **more),
        capture_output=True,
        text=True,
    )


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(sql.encode()).fetchall()


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(sql.encode())


# --- workers ------------------------------------------------------------------


class Started:
    """
    A program that runs, and what it has said so far.
    """

    def __init__(self, process: subprocess.Popen[bytes], said: Path) -> None:
        self.process = process
        self._said = said

    @property
    def said(self) -> str:
        return self._said.read_text("utf-8")

    def says(self, pattern: str) -> list[str]:
        return re.findall(pattern, self.said, re.MULTILINE)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)


@contextmanager
def started(program: Path, *args: str, database: str, room: Path) -> Iterator[Started]:
    """
    Have a program run meanwhile.
    """
    said = room / "said"
    with said.open("wb") as file, begun(program, *args, database=database, said=file) as process:
        try:
            yield Started(process, said)
        finally:
            if process.poll() is None:
                process.terminate()


def begun(program: Path, *args: str, database: str, said: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(program), *args],
        env=environment(database),
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
    )


def undone(url: str) -> int:
    ((count,),) = query(url, "SELECT count(*) FROM jobs WHERE result IS NULL")
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_does_jobs_until_it_is_stopped(pg_url: str, tmp_path: Path, number: int) -> None:
    """From an empty database to jobs that are done; a signal ends it with 0."""
    with started(WORKER / "worker.py", database=pg_url, room=tmp_path) as worker:
        until(lambda: worker.says("ready, the schema is at 002$"), within=60)
        execute(pg_url, "INSERT INTO jobs (text) VALUES ('hello'), ('world')")
        until(lambda: undone(pg_url) == 0, within=60)
        assert worker.stop(number) == 0
    assert query(pg_url, "SELECT result FROM jobs ORDER BY id") == [("HELLO",), ("WORLD",)]
    assert worker.said.endswith(": stopped\n")


def test_several_workers_start_at_once(pg_url: str, tmp_path: Path) -> None:
    """Of four, one applies each file; all of them get ready, and each job is done once."""
    with started(WORKER / "several.py", "4", database=pg_url, room=tmp_path) as workers:
        until(lambda: len(workers.says("ready, the schema is at 002$")) == 4, within=120)
        execute(pg_url, "INSERT INTO jobs (text) SELECT 'job ' || n FROM generate_series(1, 40) n")
        until(lambda: undone(pg_url) == 0, within=60)
        assert workers.stop() == 0
    assert sorted(workers.says(r"applied (\d+)_")) == ["001", "002"]
    assert sorted(map(int, workers.says(r"job (\d+) done$"))) == list(range(1, 41))
    assert len(workers.says(": stopped$")) == 4


def test_a_worker_that_waits_can_be_stopped(pg_url: str, tmp_path: Path) -> None:
    """While another run holds the lock: nothing has run, and nothing is left behind."""
    target = Target("psycopg", pg_url)
    with holding(target), started(WORKER / "worker.py", database=pg_url, room=tmp_path) as worker:
        until(lambda: worker.says("somebody"), within=60)
        assert worker.stop() == 0
    assert target.tables() == set()
    until(lambda: free(target))


def test_workers_do_not_work_on_what_is_not_migrated(pg_url: str, tmp_path: Path) -> None:
    """A file that fails ends all of them with its code, in words."""
    copy = tmp_path / "worker"
    shutil.copytree(WORKER, copy)
    (copy / "migrations" / "003_break.sql").write_text("ALTER TABLE jobs ADD COLUMN id integer;\n")
    with started(copy / "several.py", "2", database=pg_url, room=tmp_path) as workers:
        assert workers.process.wait(120) == 1
    assert "003_break.sql:1" in workers.said
    assert not workers.says(": ready, ")


def test_a_worker_refuses_to_guess_a_database() -> None:
    """Without DATABASE_URL it ends with 2 and says what is missing."""
    done = run(WORKER / "worker.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DATABASE_URL is not set." in done.stderr


# --- a library that brings its own --------------------------------------------

SHOP = LIBRARY / "shop.py"


def test_two_ledgers_side_by_side(pg_url: str) -> None:
    """Both have a 001; each has its own ledger; a second time there is nothing to do."""
    first, second = (run(SHOP, "migrate", database=pg_url) for _ in range(2))
    assert (first.stderr, first.returncode) == ("", 0)
    assert first.stdout == "outbox: 2 applied, latest 002\nshop: 1 applied, latest 001\n"
    assert second.stdout == "outbox: 0 applied, latest 002\nshop: 0 applied, latest 001\n"
    both = "SELECT version, name FROM {} ORDER BY version"
    assert query(pg_url, both.format("schema_migrations")) == [("001", "create_orders")]
    assert query(pg_url, both.format("outbox_migrations")) == [
        ("001", "create_outbox_messages"),
        ("002", "add_topic_to_outbox_messages"),
    ]


def test_the_application_works_with_both(pg_url: str) -> None:
    """What is ordered is announced, once."""
    assert run(SHOP, "migrate", database=pg_url).returncode == 0
    assert run(SHOP, "order", "tea", database=pg_url).stdout == "ordered tea\n"
    first, second = (run(SHOP, "hand-on", database=pg_url) for _ in range(2))
    assert first.stdout == "orders: somebody wants tea\nhanded on: 1\n"
    assert second.stdout == "handed on: 0\n"


def test_the_library_refuses_tables_that_are_not_its_own(pg_url: str) -> None:
    """Before `migrate` it says what to do, with a code of its own; and writes nothing."""
    done = run(SHOP, "order", "tea", database=pg_url)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "the tables of outbox are not up to date: call outbox.bring_up\n"
    assert query(pg_url, "SELECT FROM pg_tables WHERE schemaname = 'public'") == []


def test_a_release_before_works_on_newer_tables(pg_url: str, tmp_path: Path) -> None:
    """While a deployment rolls, the database is ahead of some: they go on."""
    older = tmp_path / "library"
    shutil.copytree(LIBRARY, older)
    (older / "outbox/migrations/002_add_topic_to_outbox_messages.sql").unlink()
    assert run(SHOP, "migrate", database=pg_url).returncode == 0
    assert run(older / "shop.py", "migrate", database=pg_url).stdout == (
        "outbox: 0 applied, latest 002\nshop: 0 applied, latest 001\n"
    )
    assert run(older / "shop.py", "order", "tea", database=pg_url).returncode == 0


def test_the_library_works_from_a_zip_file(pg_url: str, tmp_path: Path) -> None:
    """As from a wheel: its files are found wherever the package is."""
    (tmp_path / "app").mkdir()
    shutil.copy(SHOP, tmp_path / "app")
    shutil.copytree(LIBRARY / "migrations", tmp_path / "app" / "migrations")
    shutil.make_archive(str(tmp_path / "libraries"), "zip", LIBRARY, "outbox")
    done = run(
        tmp_path / "app" / "shop.py",
        "migrate",
        database=pg_url,
        PYTHONPATH=str(tmp_path / "libraries.zip"),
    )
    assert (done.stderr, done.returncode) == ("", 0)
    assert done.stdout.startswith("outbox: 2 applied, latest 002\n")
