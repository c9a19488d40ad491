"""
SQLite files under fault: eight at once, killed, out of space; then a plain run.

What took effect is told by the files themselves: a log with a row for each, and
rows that a table's rebuild must not lose.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest

from faults.nursery import Nursery, Order, nursery
from faults.tally import FINE, Outcome, Tally, judged
from lending import Lent, lend
from runs.wrapped import Window
from st44_migrate import MigrateError
from targets import SQLITE, Target, applied, labels, write

MODES = ("DELETE", "WAL")
MOMENTS = ("before", "after")
KILLS = 10
"""At random moments, in each mode."""

RACES = 2

FILL = (
    "WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 400)"
    " INSERT INTO {table} SELECT hex(randomblob(50)) FROM g;\n"
)
FILES: dict[str, str | bytes] = {
    "001_log.sql": "CREATE TABLE log (at integer PRIMARY KEY AUTOINCREMENT, file text);\n"
    "INSERT INTO log (file) VALUES ('001');\n"
    "CREATE TABLE parent (id integer PRIMARY KEY);\nINSERT INTO parent VALUES (1), (2);\n"
    "CREATE TABLE child (id integer PRIMARY KEY, parent integer NOT NULL"
    " REFERENCES parent (id) ON DELETE CASCADE);\nINSERT INTO child VALUES (1, 1), (2, 1), (3, 2);\n",
    "002_fill.sql": "INSERT INTO log (file) VALUES ('002');\nCREATE TABLE t2 (text);\n"
    + FILL.format(table="t2"),
    "003_rebuild.sql": "PRAGMA foreign_keys = OFF;\nBEGIN;\n"
    "INSERT INTO log (file) VALUES ('003');\n"
    "CREATE TABLE anew (id integer PRIMARY KEY, name text);\n"
    "INSERT INTO anew (id) SELECT id FROM parent;\nDROP TABLE parent;\n"
    "ALTER TABLE anew RENAME TO parent;\nCOMMIT;\nPRAGMA foreign_keys = ON;\n",
    "004_fill.sql": "INSERT INTO log (file) VALUES ('004');\nCREATE TABLE t4 (text);\n"
    + FILL.format(table="t4")
    + "CREATE INDEX i4 ON t4 (text);\n",
    "005_last.sql": "INSERT INTO log (file) SELECT '00' || (max(at) + 1) FROM log;\n",
}
ALL = [name[:3] for name in FILES]

EFFECTS = [
    *(("log", label) for label in ALL),
    *(("ledger", label) for label in ALL),
    *(("child", number) for number in (1, 2, 3)),
    *(("parent", number) for number in (1, 2)),
    *(("rows", count) for count in (400, 400)),
]


def effects(target: Target) -> list[tuple[object, ...]]:
    """
    List what has taken effect, past the library.
    """
    return target.query(
        "SELECT 'log', file FROM log UNION ALL SELECT 'ledger', version FROM schema_migrations"
        " UNION ALL SELECT 'child', id FROM child UNION ALL SELECT 'parent', id FROM parent"
        " UNION ALL SELECT 'rows', count(*) FROM t2 UNION ALL SELECT 'rows', count(*) FROM t4"
    )


def disagreement(target: Target) -> object:
    """
    Say what the ledger claims and the log does not, or the other way round.
    """
    there = {name for (name,) in target.query("SELECT name FROM sqlite_master")}
    log = target.query("SELECT file FROM log ORDER BY file") if "log" in there else []
    ledger = "SELECT version FROM schema_migrations ORDER BY version"
    recorded = target.query(ledger) if "schema_migrations" in there else []
    return None if log == recorded else (log, recorded)


def finish(target: Target, folder: Path) -> Outcome:
    """
    Look, then run as an operator would, and judge what is there.
    """
    try:
        # First of all, so that it meets a journal that still has to be rolled back.
        pending = labels(target.plan(folder))
        assert disagreement(target) is None
        done = applied(target.apply(folder))
    except MigrateError as error:
        print(f"stuck: {error}")
        return Outcome(stuck=1)
    assert done == pending
    assert target.query("PRAGMA integrity_check") == [("ok",)]
    assert target.query("PRAGMA foreign_key_check") == []
    return judged(EFFECTS, effects(target), stuck=target.plan(folder).pending != ())


@pytest.fixture(scope="module")
def nest() -> Iterator[Nursery]:
    """
    Give the place where runners are forked.
    """
    with nursery() as nest:
        yield nest


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Path]:
    """
    Give a directory, in memory where there is such a thing: a process that is
    killed takes nothing with it that was written, so that waiting for a disk
    would show nothing.
    """
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="st44-") as path:
        yield Path(path)


@pytest.fixture(params=MODES)
def fresh(request: pytest.FixtureRequest, room: Path, folder: Path) -> Callable[[], Target]:
    """
    Give a function that makes an empty database, each time another.
    """
    write(folder, FILES)
    made = 0

    def make() -> Target:
        nonlocal made
        made += 1
        target = Target(SQLITE[made % 2], f"sqlite:///{room / f'{made}.db'}")
        assert target.query(f"PRAGMA journal_mode = {request.param}") == [(request.param.lower(),)]
        return target

    return make


def test_eight_processes_start_together(
    nest: Nursery, fresh: Callable[[], Target], folder: Path, tally: Tally
) -> None:
    """Each file is applied by exactly one of them, and every one of them ends well."""
    outcomes = []
    for _ in range(RACES):
        target = fresh()
        said = list(nest.begin(Order(target.url, str(folder), SQLITE * 4)))
        reports = [json.loads(rest) for _, word, rest in said if word == "report"]
        assert [rest for _, word, rest in said if word == "failed"] == []
        assert sorted(label for report in reports for label in report) == ALL
        outcomes.append(judged(EFFECTS, effects(target), stuck=len(reports) != 8))
        assert target.apply(folder).applied == ()
    tally.count("SQLite: eight processes start together", outcomes)
    assert outcomes == [FINE] * RACES


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_each_exchange(
    nest: Nursery, fresh: Callable[[], Target], folder: Path, tally: Tally, moment: str
) -> None:
    """Wherever the process dies, ledger and tables agree, and the next run completes it."""
    outcomes, target = [], fresh()
    calls: list[str] = []
    window = Window(before=calls.append) if moment == "before" else Window(after=calls.append)
    target.apply(folder, database=window.on(target))
    for exchange in range(1, len(calls) + 1):
        target = fresh()
        order = Order(target.url, str(folder), (target.kind,), moment, exchange)
        assert [word for _, word, _ in nest.begin(order) if word != "event"] == []
        outcomes.append(finish(target, folder))
    tally.count("SQLite: kill -9 before or after each exchange", outcomes)
    assert outcomes == [FINE] * len(calls)
    assert len(calls) > len(FILES)


def test_killed_at_a_random_moment(
    nest: Nursery, fresh: Callable[[], Target], folder: Path, tally: Tally
) -> None:
    """Somewhere between two events: nothing is lost, doubled or stuck."""
    chance, outcomes, cut = random.Random(), [], 0
    for _ in range(KILLS):
        target = fresh()
        running = nest.begin(Order(target.url, str(folder), (target.kind,)))
        said = list(islice(running, chance.randint(1, 24)))
        if said[-1][1] == "event":
            # A part of a file's time, at the mercy of the system's own clock.
            threading.Event().wait(chance.uniform(0, 0.005))
            os.kill(said[-1][0], signal.SIGKILL)
        cut += "report" not in {word for _, word, _ in [*said, *running]}
        outcomes.append(finish(target, folder))
    tally.count("SQLite: kill -9 at a random moment", outcomes)
    assert outcomes == [FINE] * KILLS
    assert cut > 0


@pytest.mark.parametrize("kind", SQLITE)
def test_looking_at_what_a_killed_run_left(kind: str, tmp_path: Path, folder: Path) -> None:
    """Pages of a transaction that never ended are in the file: looking rolls them back."""
    first = {"001_log.sql": FILES["001_log.sql"]}
    source, left = tmp_path / "source.db", tmp_path / "left.db"
    Target(kind, f"sqlite:///{source}").apply(write(folder, first))
    with lend("sqlite3", source, isolation_level=None) as writer:
        writer.execute("PRAGMA cache_size = 2")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("CREATE TABLE t2 (text)")
        writer.execute(FILL.format(table="t2"))
        # What a kill leaves is what is on the disk at this moment.
        for end in ("", "-journal"):
            shutil.copy(f"{source}{end}", f"{left}{end}")
    assert source.read_bytes() != left.read_bytes()
    target = Target(kind, f"sqlite:///{left}")
    assert labels(target.plan(write(folder, FILES))) == ALL[1:]
    assert finish(target, folder) == FINE


# --- no space -----------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", SQLITE)
def test_no_page_is_left(
    kind: str, mode: str, sqlite_path: Path, folder: Path, tally: Tally
) -> None:
    """Wherever the space ends, the error is ours, the connection idle, nothing half done."""
    write(folder, FILES)
    outcomes = []
    with lend(kind, sqlite_path) as lent:
        lent.execute(f"PRAGMA journal_mode = {mode}")
        target = Target(kind, f"sqlite:///{sqlite_path}")
        for pages in range(1, 200):
            lent.execute(f"PRAGMA max_page_count = {pages}")
            before = lent.state()
            failure = attempt(lent, folder)
            assert disagreement(target) is None
            outcomes.append(Outcome(stuck=int(lent.state() != before)))
            if failure is None:
                break
            assert "full" in failure
        assert labels(lent.plan(folder)) == []
        assert judged(EFFECTS, effects(target)) == FINE
        assert lent.execute("PRAGMA integrity_check") == [("ok",)]
    assert len(outcomes) > 20
    tally.count("SQLite: no page is left, each number of pages", outcomes)
    assert outcomes == [FINE] * len(outcomes)


def attempt(target: Target | Lent, folder: Path) -> str | None:
    """
    Run with the space there is; say why it was not enough.
    """
    try:
        target.apply(folder)
    except MigrateError as error:
        return str(error)
    return None


@contextmanager
def small_disk(room: Path, kilobytes: int) -> Iterator[Path]:
    """
    Mount a file system of that size, where we may.
    """
    room.mkdir()
    options = f"size={kilobytes}k"
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(room)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no command mount here")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.strip()}")
    try:
        yield room
    finally:
        subprocess.run(["umount", str(room)], check=True)


@pytest.mark.parametrize("mode", MODES)
def test_no_space_is_left_on_the_device(
    mode: str, tmp_path: Path, folder: Path, tally: Tally
) -> None:
    """The same for a disk that is really full, also under the COMMIT and the journal's own file."""
    write(folder, FILES)
    block, outcomes = 4096, []
    with small_disk(tmp_path / "disk", 1024) as disk:
        for blocks in range(0, 120, 3):
            target = Target(SQLITE[blocks % 2], f"sqlite:///{disk}/{blocks}.db")
            target.query(f"PRAGMA journal_mode = {mode}")
            ballast = disk / "ballast"
            with ballast.open("wb") as filling:
                free = os.statvfs(disk).f_bavail - blocks
                os.posix_fallocate(filling.fileno(), 0, max(free, 1) * block)
            failure = attempt(target, folder)
            ballast.unlink()
            outcomes.append(finish(target, folder))
            for file in disk.iterdir():
                file.unlink()
            if failure is None:
                break
    tally.count("SQLite: no space is left on the device, each number of blocks", outcomes)
    assert outcomes == [FINE] * len(outcomes)
    assert len(outcomes) > 5
