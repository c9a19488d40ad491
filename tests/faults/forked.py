"""
Runners that cost no start: an interpreter that has loaded everything forks them.

As a script it reads orders, one a line: ``["URL", "FOLDER", COUNT, SECONDS]``.
So many children are forked, begin at the same moment, and are killed with SIGKILL
after so many seconds (null: never).  The answer is a list of `Ended`, as lists.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ended:
    """
    How a runner ended: *code* is -9 if it was killed, *lived* is in seconds, the
    rest is what it says itself.
    """

    code: int
    lived: float
    applied: list[str]
    count: int
    pending: int
    error: str


class Stable:
    """
    Where such runners come from.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(
        self, url: str, folder: Path, *, runners: int = 1, kill_after: float | None = None
    ) -> list[Ended]:
        """
        Let *runners* go at one moment, and wait for their ends.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = json.dumps([url, str(folder), runners, kill_after])
        print(order, file=self._process.stdin, flush=True)
        return [Ended(*ended) for ended in json.loads(self._process.stdout.readline())]


@contextmanager
def stable() -> Iterator[Stable]:
    """
    Start the interpreter; it ends with the block.
    """
    pipe = subprocess.PIPE
    command = [sys.executable, "-W", "error", __file__]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            yield Stable(process)
        finally:
            process.kill()


def main() -> None:
    from st44_migrate.drivers.url import driver_for

    driver_for("postgresql://localhost/loads_psycopg")
    for order in sys.stdin:
        url, folder, count, kill_after = json.loads(order)
        gate, opener = os.pipe()
        children = [fork(url, folder, gate, opener) for _ in range(count)]
        os.close(gate)
        os.close(opener)
        answers = watch(children, kill_after)
        print(json.dumps(answers), flush=True)


def fork(url: str, folder: str, gate: int, opener: int) -> tuple[int, int]:
    """
    Make a runner that waits at the gate; return its process id, and where it reports.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return pid, reading
    try:
        os.close(opener)
        os.read(gate, 1)  # Ends when nobody can write to it any more.
        os.write(writing, json.dumps(run(url, folder)).encode())
    finally:
        os._exit(0)


def run(url: str, folder: str) -> list[Any]:
    from st44_migrate import migrate

    try:
        report = migrate(url, folder)
    except Exception as error:
        return [1, [], 0, 0, f"{type(error).__name__}: {error}"]
    return [0, [done.label for done in report.applied], report.count, report.pending, ""]


def watch(children: list[tuple[int, int]], kill_after: float | None) -> list[list[Any]]:
    """
    Wait for the children's ends, or bring them about.
    """
    began = time.monotonic()
    answers = []
    for pid, reading in children:
        found, status = os.waitpid(pid, os.WNOHANG)
        while not found:
            if kill_after is not None and time.monotonic() - began >= kill_after:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.0005)
            found, status = os.waitpid(pid, os.WNOHANG)
        lived = time.monotonic() - began
        said = os.read(reading, 1 << 16)
        os.close(reading)
        code = os.waitstatus_to_exitcode(status)
        told = json.loads(said) if code == 0 and said else [code or 1, [], 0, 0, "it said nothing"]
        answers.append([told[0], lived, *told[1:]])
    return answers


if __name__ == "__main__":
    main()
