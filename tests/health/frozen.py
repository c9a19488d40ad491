"""
A server that is paused: every process of it, with SIGSTOP, until the end of the block.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from faults.own_server import OwnServer

__all__ = ["frozen"]


@contextmanager
def frozen(server: OwnServer) -> Iterator[None]:
    """
    Pause *server*, which the test has started itself, and let it go on afterwards.
    """
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    stopped = [postmaster]
    os.kill(postmaster, signal.SIGSTOP)
    # Now nobody new is born.
    for child in _children(postmaster):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
            stopped.append(child)
    try:
        yield
    finally:
        for process in reversed(stopped):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)


def _children(parent: int) -> list[int]:
    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], check=True, capture_output=True, text=True
    )
    pairs = (map(int, line.split()) for line in done.stdout.splitlines())
    return [pid for pid, ppid in pairs if ppid == parent]
