"""
The benchmarks run, and say what they say they do; how fast is not judged here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from st44_migrate.testing.servers import PostgresServer

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


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
