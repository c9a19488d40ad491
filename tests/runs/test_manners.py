"""
A library keeps its manners (R18): it prints nothing, changes
nothing around it, and works wherever it is called.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from st44_migrate import (
    ApplyError,
    AsyncMigrator,
    Folder,
    MigrateError,
    Migrator,
    PlanError,
    Settings,
    SourceError,
)
from st44_migrate.events import RunFailed
from targets import Target, applied, until, write

GOOD: dict[str, str | bytes] = {
    "001_one.sql": "CREATE TABLE one (id integer);\nINSERT INTO one VALUES (1);\n",
    "002_two.sql": "CREATE TABLE two (id integer);\n",
}
BAD = GOOD | {"003_bad.sql": "SELECT nothing FROM one;\n"}
EDITED = GOOD | {"001_one.sql": "SELECT 1;\n"}
OPEN = GOOD | {"003_open.sql": "SELECT 'open;\n"}


def surroundings() -> dict[str, object]:
    """
    Take stock of what belongs to the program and not to a library.
    """
    root, ours = logging.getLogger(), logging.getLogger("st44_migrate")
    return {
        "folder": Path.cwd(),
        "environment": dict(os.environ),
        "logging": (root.level, list(root.handlers), ours.level, ours.propagate, ours.disabled),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "hooks": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "streams": (sys.stdout, sys.stderr, sys.argv),
        "warnings": list(warnings.filters),
        "threads": threading.active_count(),
        "recursion": sys.getrecursionlimit(),
    }


def every_kind_of_end(target: Target, folder: Path) -> None:
    """
    Succeed, do nothing, and fail in three ways.
    """
    target.apply(write(folder, GOOD))
    target.apply(folder)
    target.plan(folder)
    target.show(folder, "1")
    for files, error in ((BAD, ApplyError), (OPEN, SourceError), (EDITED, PlanError)):
        with pytest.raises(error):
            target.apply(write(folder, files))


def test_nothing_is_printed_and_nothing_around_is_changed(
    target: Target, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    Neither by a run that succeeds nor by one that fails.
    """
    before = surroundings()
    every_kind_of_end(target, folder)
    # aiosqlite's thread ends a moment after its connection is closed.
    until(lambda: threading.active_count() == before["threads"])
    assert surroundings() == before
    assert capfd.readouterr() == ("", "")


PROGRAM = """
import asyncio, sys
from st44_migrate import ApplyError, migrate, migrate_async
url, folder, colour = sys.argv[1:]
for attempt in range(2):
    try:
        if colour == "async":
            asyncio.run(migrate_async(url, folder))
        else:
            migrate(url, folder)
    except ApplyError as error:
        assert error.place.line == 1
    else:
        raise AssertionError("it must fail")
"""


def test_a_program_of_its_own_hears_nothing(target: Target, folder: Path) -> None:
    """
    Without any configuration, with every warning an error: no connection is left
    open, no task is forgotten, and no logger of last resort speaks.
    """
    write(folder, BAD)
    colour = "async" if target.is_async else "blocking"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, target.url, folder, colour],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert target.tables() == {"one", "two"}


# --- wherever it is called ----------------------------------------------------


def test_threads_with_databases_of_their_own_do_not_meet(folder: Path, tmp_path: Path) -> None:
    """
    They share the settings and the source, which are values.
    """
    source, shared = Folder(write(folder, GOOD)), Settings()
    kinds = ["sqlite3", "aiosqlite"] * 4
    targets = [
        Target(kind, f"sqlite:///{tmp_path}/{number}.db", shared)
        for number, kind in enumerate(kinds)
    ]
    with ThreadPoolExecutor(len(targets)) as pool:
        reports = list(pool.map(lambda target: target.apply(source), targets))
    assert [applied(report) for report in reports] == [["001", "002"]] * len(targets)
    for target in targets:
        assert target.query("SELECT count(*) FROM one") == [(1,)]


def test_one_migrator_may_be_shared_by_threads(pg_url: str, folder: Path) -> None:
    """
    Each operation has a session of its own, and each file runs once.
    """
    migrator = Migrator(pg_url, write(folder, GOOD))
    with ThreadPoolExecutor(4) as pool:
        reports = list(pool.map(lambda _: migrator.apply(), range(4)))
    assert sorted(label for report in reports for label in applied(report)) == ["001", "002"]
    assert {report.count for report in reports} == {2}


def test_one_migrator_may_be_shared_by_tasks(pg_url: str, folder: Path) -> None:
    """
    The same for tasks of one loop.
    """
    migrator = AsyncMigrator(pg_url, write(folder, GOOD))

    async def main() -> list[Any]:
        return await asyncio.gather(*(migrator.apply() for _ in range(4)), migrator.plan())

    *reports, _plan = asyncio.run(main())
    assert sorted(label for report in reports for label in applied(report)) == ["001", "002"]


def test_the_blocking_runner_works_in_a_running_loop(target: Target, folder: Path) -> None:
    """
    It blocks the loop, as any blocking call does, and starts none of its own.
    """
    write(folder, GOOD)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        Migrator(target.url, folder).apply()
        assert asyncio.get_running_loop() is loop
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main())
    assert target.tables() == {"one", "two"}


def test_nothing_exits_the_program(target: Target, folder: Path) -> None:
    """
    Every failure is an ordinary exception with the whole story in it.
    """
    write(folder, BAD)
    with pytest.raises(Exception) as caught:
        target.apply(folder)
    assert isinstance(caught.value, MigrateError)
    assert target.saw(RunFailed)[-1].error is caught.value


def test_failures_travel_between_processes(target: Target, folder: Path) -> None:
    """
    What a worker process raises arrives whole: the words, the place, the report.
    """
    for files in (BAD, OPEN, EDITED):
        with pytest.raises(MigrateError) as caught:
            target.apply(write(folder, files))
        error = caught.value
        arrived = pickle.loads(pickle.dumps(error))
        assert (type(arrived), str(arrived)) == (type(error), str(error))
        for name in ("place", "report", "sqlstate", "problems", "migration", "unchanged"):
            assert getattr(arrived, name, None) == getattr(error, name, None)
    assert len(pickle.loads(pickle.dumps(target.events))) == len(target.events)
