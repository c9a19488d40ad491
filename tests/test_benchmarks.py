"""
The benchmarks run, and say what they say they do; how fast is not judged here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from st44_migrate.testing.servers import PostgresServer

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"


def test_readers_while_a_table_is_altered(postgres: PostgresServer) -> None:
    """
    Two kinds of traffic, each with nothing, with us and without lock_timeout;
    everybody has read, and the table is altered in the end.
    """
    command = [sys.executable, "-W", "error", str(BENCHMARKS / "readers.py"), "--url", postgres.url]
    done = subprocess.run(
        [*command, "--hold", "1", "--readers", "3"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = (re.split(r" {2,}", line) for line in done.stdout.splitlines())
    assert head == [
        *("held by", "altered by", "longest wait", "waits > 50 ms", "reads", "after", "attempts")
    ]
    ways = ("nothing", "st44-migrate", "no lock_timeout")
    traffics = ("one, idle for 1 s", "12 that overlap")
    assert [tuple(line[:2]) for line in lines] == [(held, way) for held in traffics for way in ways]
    for _, way, longest, stalled, reads, after, attempts in lines:
        assert re.fullmatch(r"\d+ ms", longest)
        assert re.fullmatch(r"\d+\.\d\d s", stalled)
        assert re.fullmatch(r"\d+\.\d\d s", after)
        assert int(reads) >= 3
        assert int(attempts) >= 1 if way == "st44-migrate" else int(attempts) <= 1


def test_databases_for_tests(postgres: PostgresServer) -> None:
    """Each way gets its tests through; pytest-postgresql where it is installed."""
    command = [sys.executable, "-W", "error", str(BENCHMARKS / "databases.py")]
    done = subprocess.run(
        [*command, "--url", postgres.url, "--tests", "3", "--others", "2", "--workers", "1"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = (re.split(r" {2,}", line) for line in done.stdout.splitlines())
    assert head == ["database by", "tests", "all of pytest", "a test"]
    assert [line[:2] for line in lines[:2]] == [
        ["st44-migrate", "3"],
        ["up on an empty database", "2"],
    ]


def test_answers_through_asgi() -> None:
    """Each form is answered, from a folder of two files, again and again."""
    command = [sys.executable, "-W", "error", str(BENCHMARKS / "asgi.py")]
    done = subprocess.run(
        [*command, "--files", "2", "--seconds", "0.01"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    head, *lines = (line.split() for line in done.stdout.splitlines())
    assert head == ["files", "form", "bytes", "answers/s", "us", "each"]
    assert [line[1] for line in lines] == [
        *("bare", "alive", "document", "health+json", "text", "metrics", "page")
    ]
    for _, _, size, answers, each in lines:
        assert int(size) >= 2
        assert int(answers.replace(",", "")) > 0
        assert float(each) > 0


def table(page: str, title: str) -> dict[str, list[str]]:
    """
    Read the rows under *title* by their first column.
    """
    lines = page.partition(f"## {title}")[2].partition("\n## ")[0].splitlines()
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in lines if "|" in line]
    return {row[0]: row[1:] for row in rows[2:]}


def test_a_small_run_of_everything(postgres: PostgresServer, tmp_path: Path) -> None:
    """
    All tables are there, nobody is left out, and what can be counted holds: fewer
    round trips than files, one to find that nothing is pending, eight for one file.
    """
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--smoke", "--no-peers"]
    options = ["--no-plots", "--url", postgres.url, "--out", str(tmp_path)]
    done = subprocess.run(
        [*command, *options, "--corpora", str(tmp_path / "none")],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "table.md").read_text("utf-8")
    assert "Left out" not in page
    bars = {line.split("|")[1].strip(): line for line in page.splitlines() if " | " in line}
    assert [what for what, line in bars.items() if "not measured" in line] == [
        "W1 wall / the fastest peer's"
    ]
    for what in ("W3 round trips after connecting", "W4 round trips after connecting"):
        assert "| holds |" in bars[what]
    far = table(page, "W1, each round trip 10 ms longer")
    assert int(far["one round trip each"][-1]) >= 20 > int(far["st44-migrate"][-1])
    for title in ("W1: 20 tiny files", "W2: 16 mixed files"):
        names = {"one round trip each", "four round trips each", "st44-migrate", "migrate()"}
        assert set(table(page, title)) == {*names, "migrate_async()"}
    for title in ("SQLite, W1: 20 tiny files", "SQLite, W2: 16 mixed files"):
        assert set(table(page, title)) == {"BEGIN IMMEDIATE each", "st44-migrate", "migrate()"}


def test_the_proxy_counts_and_delays(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more for each query, and none of them sooner than it was told."""
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.proxy import proxy

    with proxy(postgres.url, delay=0.05) as line:
        with psycopg.connect(line.url(postgres.url), autocommit=True) as conn:
            before, began = line.trips, time.monotonic()
            for _ in range(3):
                conn.execute("SELECT 1")
            assert time.monotonic() - began >= 3 * 0.05
            assert line.trips - before == 3
        assert line.trips - before == 3
