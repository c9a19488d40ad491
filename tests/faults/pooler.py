"""
PgBouncer before the test server, as an operator would run it.

It is found as ``ST44_PGBOUNCER`` or on the PATH (Debian: ``apt-get install
pgbouncer``), speaks on a unix socket, and runs as somebody else where we are
root, since it refuses to run as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from targets import until

_PORT = 6432
_NOBODY = 65534
_PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))


@dataclass(frozen=True, slots=True)
class Pooler:
    """
    A running PgBouncer; *folder* holds its socket.
    """

    folder: Path

    def url(self, direct: str) -> str:
        """
        Give the URL that leads through the pooler to the database of *direct*.
        """
        name = urlsplit(direct).path.removeprefix("/")
        return f"postgresql://app@:{_PORT}/{name}?host={self.folder}"


def binary() -> str | None:
    """
    Find PgBouncer.
    """
    return os.environ.get("ST44_PGBOUNCER") or shutil.which("pgbouncer", path=_PATHS)


@contextmanager
def pooler(direct: str, *, mode: str, size: int) -> Iterator[Pooler]:
    """
    Start PgBouncer before the server of *direct*, with *size* server connections.
    """
    program = binary()
    assert program is not None
    with TemporaryDirectory(prefix="st44-") as name:
        folder = Path(name)
        config, log = folder / "pgbouncer.ini", folder / "log"
        config.write_text(_config(direct, folder, mode, size))
        log.touch()
        user = _user(direct)
        if user is not None:
            for path in (folder, config, log):
                os.chown(path, user, user)
        with subprocess.Popen(
            [program, "--quiet", str(config)],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                made = Pooler(folder)
                until(lambda: _answers(made.url(direct), process, log), within=20)
                yield made
            finally:
                process.kill()


def _config(direct: str, folder: Path, mode: str, size: int) -> str:
    given = conninfo_to_dict(direct)
    names = ("host", "port", "user", "password")
    server = " ".join(f"{key}='{given[key]}'" for key in names if given.get(key))
    return f"""\
[databases]
* = {server}
[pgbouncer]
listen_port = {_PORT}
unix_socket_dir = {folder}
logfile = {folder / "log"}
auth_type = any
pool_mode = {mode}
default_pool_size = {size}
server_idle_timeout = 600
"""


def _user(direct: str) -> int | None:
    """
    Choose whom PgBouncer runs as: the owner of the server's socket, if there is
    one, since others may not enter its directory.
    """
    if os.geteuid() != 0:
        return None
    host = Path(str(conninfo_to_dict(direct).get("host", "")))
    return host.stat().st_uid or _NOBODY if host.is_absolute() else _NOBODY


def _answers(url: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with suppress(psycopg.OperationalError), psycopg.connect(url, connect_timeout=5) as conn:
        return conn.execute("SELECT 1").fetchone() == (1,)
    return False
