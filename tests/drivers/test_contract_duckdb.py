"""
The driver of `docs/write-a-driver.md`, for a database that the library does not know.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from types import ModuleType

import pytest

from st44_migrate import ApplyError, DatabaseUnavailable, HealthProbe, Memory, Migrator, migrate
from st44_migrate.testing.contract import ConnectionContract, OpenDriver
from targets import applied

EXAMPLE = Path(__file__).parents[2] / "examples" / "duckdb_driver.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("duckdb_driver", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["duckdb_driver"] = module
    spec.loader.exec_module(module)
    return module


DUCKDB = load()
SLOW = "SELECT count(*) FROM range(1000000000) a, range(1000000) b WHERE a.range * 7 = b.range + 3"
FILES = {
    "001_log.sql": "CREATE TABLE log (file integer);",
    **{
        f"{n:03}_file.sql": f"INSERT INTO log VALUES ({n});\nCREATE TABLE t{n} (id integer);"
        for n in range(2, 6)
    },
}


class TestDuckDB(ConnectionContract):
    slow_statement = SLOW
    defers = False

    @pytest.fixture
    def open_driver(self, path: Path) -> OpenDriver:
        return lambda: nullcontext(DUCKDB.DuckDBDriver(f"duckdb:///{path}"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """
    Give a path for a database; nothing is there yet.
    """
    return tmp_path / "test.duckdb"


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with DUCKDB.duckdb.connect(path) as conn:
        rows: list[tuple[object, ...]] = conn.execute(sql).fetchall()
    return rows


def test_files_are_applied_once(path: Path) -> None:
    """A second run has nothing to do, and a look before the first creates nothing."""
    driver = DUCKDB.DuckDBDriver(f"duckdb:///{path}")
    with pytest.raises(DatabaseUnavailable):
        Migrator(driver, Memory(FILES)).plan()
    assert not path.exists()
    assert len(applied(migrate(driver, Memory(FILES)))) == 5
    assert applied(migrate(driver, Memory(FILES))) == []
    assert query(path, "SELECT file FROM log ORDER BY file") == [(n,) for n in range(2, 6)]
    with HealthProbe(driver, Memory(FILES), tables=["log", "gone"]) as probe:
        report = probe.check()
    assert report.tables is not None
    assert [(table.name, table.exists) for table in report.tables] == [
        ("log", True),
        ("gone", False),
    ]


def test_a_file_that_fails_is_rolled_back_whole(path: Path) -> None:
    """DDL and all."""
    driver = DUCKDB.DuckDBDriver(f"duckdb:///{path}")
    bad = {**FILES, "003_file.sql": "CREATE TABLE t3 (id integer);\nSELECT * FROM nowhere;"}
    with pytest.raises(ApplyError, match=r"003_file.sql:2:1: .*nowhere.*42P01") as caught:
        migrate(driver, Memory(bad))
    assert "003_file.sql was rolled back whole" in caught.value.unchanged
    assert query(
        path, "SELECT count(*) FROM information_schema.tables WHERE table_name = 't3'"
    ) == [(0,)]
    assert applied(migrate(driver, Memory(FILES))) == ["003", "004", "005"]


def test_racers_apply_each_file_once(path: Path) -> None:
    """DuckDB lets the second of two writers fail at once; it looks again."""
    driver = DUCKDB.DuckDBDriver(f"duckdb:///{path}")
    migrate(driver, Memory({"001_log.sql": FILES["001_log.sql"]}))
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(migrate, driver, Memory(FILES)) for _ in range(4)]
        reports = [run.result() for run in runs]
    assert sorted(label for report in reports for label in applied(report)) == [
        "002", "003", "004", "005"
    ]  # fmt: skip
    assert query(path, "SELECT file FROM log ORDER BY file") == [(n,) for n in range(2, 6)]


def test_a_runner_that_is_killed_leaves_whole_files(path: Path) -> None:
    """What was committed stays, what was not is gone, and the file is not left locked."""
    files = {**FILES, "006_slow.sql": f"INSERT INTO log VALUES (6);\n{SLOW};"}
    text = f"""
import sys
sys.path.insert(0, {str(EXAMPLE.parent)!r})
from duckdb_driver import DuckDBDriver
from st44_migrate import Memory, migrate

def observe(event):
    print(type(event).__name__, getattr(event, "position", ""), flush=True)

migrate(DuckDBDriver("duckdb:///{path}"), Memory({files!r}), observer=observe)
"""
    with subprocess.Popen(
        [sys.executable, "-c", text], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if line == "MigrationStarted 6\n":
                break
        os.kill(killed.pid, signal.SIGKILL)
    driver = DUCKDB.DuckDBDriver(f"duckdb:///{path}")
    assert applied(migrate(driver, Memory(FILES))) == []
    assert query(path, "SELECT max(file) FROM log") == [(5,)]


def test_a_url_finds_it_by_its_entry_point(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a package would register it."""
    entry = EntryPoint("duckdb", "duckdb_driver:DuckDBDriver", "st44_migrate.drivers")
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: EntryPoints([entry]))
    assert len(applied(migrate(f"duckdb:///{path}", Memory(FILES)))) == 5


def test_the_program_says_what_it_did(path: Path) -> None:
    """Twice."""
    command = [sys.executable, "-W", "error", str(EXAMPLE), str(path)]
    said = [
        subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in "ab"
    ]
    assert said[0].startswith("2 applied, 0 had been")
    assert said[1].startswith("0 applied, 2 had been")
