"""
One server for all workers of a test run.

The first worker that needs a server starts a process that has one; the others
find its URL in the folder they share.  Every worker holds a shared lock on a
file; the process waits for that file's exclusive lock, which it gets when the
last worker is gone, however it went.  Then it stops the server.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path

from ..errors import ConfigError, MigrateError
from .servers import postgres_server

__all__ = ["host", "shared_server"]


class _File(Enum):
    """
    What the workers find in the folder that they share.
    """

    START = "st44-server.start"
    """Locked by the one who looks for a server or starts it."""

    USERS = "st44-server.users"
    """Locked, together, by those who use the server."""

    ALIVE = "st44-server.alive"
    """Locked by the process that has the server."""

    URL = "st44-server.url"
    SAID = "st44-server.log"


@contextmanager
def shared_server(folder: Path) -> Generator[str]:
    """
    Give the URL of the server of all workers that share *folder*.

    Raises:
        ConfigError: there is none, and none can be started.
    """
    if sys.platform == "win32":  # has no such locks: a server for each worker
        with postgres_server() as server:
            yield server.url
        return
    with ExitStack() as using:
        with _lock(folder, _File.START):
            using.enter_context(_lock(folder, _File.USERS, shared=True))
            url = _find(folder) or _start(folder)
        yield url


def host(folder: Path) -> None:
    """
    Have a server, say where, and stop it when nobody uses it any more.
    """
    with _lock(folder, _File.ALIVE), postgres_server() as server:
        url = folder / _File.URL.value
        url.write_text(server.url, "utf-8")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        with _lock(folder, _File.USERS):
            url.unlink()


@contextmanager
def _lock(folder: Path, file: _File, *, shared: bool = False) -> Generator[None]:
    """
    Hold a lock, which the end of this process gives back as well.
    """
    import fcntl

    with (folder / file.value).open("a") as opened:
        fcntl.flock(opened, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def _is_locked(folder: Path, file: _File) -> bool:
    import fcntl

    with (folder / file.value).open("a") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _find(folder: Path) -> str | None:
    """
    Read the URL of a server that is there already.
    """
    url = folder / _File.URL.value
    return url.read_text("utf-8") if _is_locked(folder, _File.ALIVE) and url.exists() else None


def _start(folder: Path) -> str:
    """
    Start the process that has a server, and wait until it says so.
    """
    said = folder / _File.SAID.value
    command = [sys.executable, "-m", __spec__.name, str(folder)]
    nothing = subprocess.DEVNULL
    # A session of its own: Ctrl-C is for us.
    with (
        said.open("w") as log,
        subprocess.Popen(  # noqa: S603 -- this very module
            command, stdin=nothing, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        ) as starting,
    ):
        assert starting.stdout is not None  # noqa: S101 -- it is a pipe
        # A line, not the end: the server has inherited the pipe.
        ready = starting.stdout.readline()
    if not ready:
        raise ConfigError(said.read_text("utf-8").strip() or "the server for tests does not start")
    return (folder / _File.URL.value).read_text("utf-8")


def _main() -> None:
    try:
        host(Path(sys.argv[1]))
    except MigrateError as error:
        sys.stderr.write(str(error))


# The one who has started it may be gone long before it, and waits for no child.
if __name__ == "__main__" and os.fork() == 0:
    _main()
