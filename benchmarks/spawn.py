"""
Running a program and measuring it from outside: wall clock, CPU, peak memory.

The program is started by a small Python of its own: what a process inherits from
a large parent would count as its peak.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Cost", "ProgramFailedError", "spawn"]

_LAUNCHER = """
import json, os, sys, time
args = sys.argv[1:]
with open(os.devnull, "rb") as nothing, open(os.environ.pop("BENCH_OUTPUT"), "wb") as output:
    actions = [(os.POSIX_SPAWN_DUP2, nothing.fileno(), 0),
               (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
               (os.POSIX_SPAWN_DUP2, output.fileno(), 2)]
    began = time.perf_counter()
    pid = os.posix_spawnp(args[0], args, os.environ, file_actions=actions)
    _, status, used = os.wait4(pid, 0)
    wall = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime,
                  used.ru_maxrss / 1024]))
"""


@dataclass(frozen=True, slots=True)
class Cost:
    """
    What a run took: *wall* and *cpu* in seconds, *memory* in MB.
    """

    wall: float
    cpu: float
    memory: float


class ProgramFailedError(Exception):
    """
    A program that was to be measured did not do its work.
    """


def spawn(command: Sequence[str], scratch: Path, env: Mapping[str, str] | None = None) -> Cost:
    """
    Run *command* in the folder *scratch* to its end.

    Raises:
        ProgramFailedError: its exit code is not 0.
    """
    output = scratch / "output.txt"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, *command],
        check=True,
        cwd=scratch,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {}), "BENCH_OUTPUT": str(output)},
    )
    code, wall, cpu, memory = json.loads(done.stdout)
    if code:
        said = output.read_text("utf-8", "replace")[-2000:]
        raise ProgramFailedError(f"{' '.join(command)}: exit code {code}\n{said}")
    return Cost(wall, cpu, memory)
