"""
Runners that are processes of their own, so that signals can reach them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from runs import racer

_END = 90.0
"""Seconds after which a runner that has not ended is stuck."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    How a runner ended: *applied* is what it says that it did itself.
    """

    code: int
    applied: tuple[str, ...]
    count: int
    pending: int
    error: str


class Runner:
    """
    A runner that has loaded everything and waits for the signal to begin.
    """

    def __init__(self, url: str, folder: Path, kind: str = "psycopg") -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", racer.__file__, kind, url, str(folder)],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def ready(self) -> None:
        """
        Wait until it has loaded everything.
        """
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n", self.end()

    def go(self) -> None:
        """
        Let it begin.
        """
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> int:
        """
        Send SIGKILL, and return how it ended: -9, or as it did before.
        """
        self.process.kill()
        return self.process.wait(_END)

    def end(self) -> Outcome:
        """
        Wait for its end, and read what it says.
        """
        out, err = self.process.communicate(timeout=_END)
        applied, count, pending = json.loads(out) if out.startswith("[") else ((), 0, 0)
        return Outcome(self.process.returncode, tuple(applied), count, pending, err)


@contextmanager
def runner(url: str, folder: Path, kind: str = "psycopg") -> Iterator[Runner]:
    """
    Start a runner, which is gone at the end of the block however it ends.
    """
    made = Runner(url, folder, kind)
    try:
        yield made
    finally:
        made.kill()
        for pipe in (made.process.stdin, made.process.stdout, made.process.stderr):
            assert pipe is not None
            pipe.close()
