"""
A MariaDB server of one's own, on a socket: the programs are Debian's.

They are found on the PATH (``apt-get install mariadb-server-core
mariadb-client-core``), and run as somebody else where we are root.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pymysql

from targets import until

_PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_NOBODY = 65534
_QUIET: dict[str, Any] = {
    "stdin": subprocess.DEVNULL,
    "stdout": subprocess.DEVNULL,
    "stderr": subprocess.DEVNULL,
}


def programs() -> tuple[str, str] | None:
    """
    Find what makes the files of a server, and the server.
    """
    found = [shutil.which(name, path=_PATHS) for name in ("mariadb-install-db", "mariadbd")]
    return (found[0], found[1]) if found[0] and found[1] else None


@dataclass(frozen=True, slots=True)
class MariaDBServer:
    """
    A running server; *socket* is where it listens.
    """

    socket: Path
    pid: int

    def url(self, database: str) -> str:
        """
        Name one of its databases.
        """
        return f"mariadb+pymysql://root@localhost/{database}?unix_socket={self.socket}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """
        Give the URL of an empty database for the time of the block.
        """
        name = f"st44_{secrets.token_hex(4)}"
        self.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        try:
            yield self.url(name)
        finally:
            self.execute(f"DROP DATABASE {name}")

    def execute(self, sql: str) -> None:
        """
        Do something beside all databases.
        """
        with closing(pymysql.connect(unix_socket=str(self.socket), user="root")) as conn:
            conn.cursor().execute(sql)


def connect(url: str, **choices: Any) -> pymysql.connections.Connection[Any]:
    """
    Connect to the database of *url*, past the library.
    """
    parts = urlsplit(url)
    (socket,) = parse_qs(parts.query)["unix_socket"]
    return pymysql.connect(
        unix_socket=socket, user="root", database=parts.path[1:], autocommit=True, **choices
    )


@contextmanager
def mariadb_server() -> Iterator[MariaDBServer]:
    """
    Start a server, and end it with all that it has.
    """
    found = programs()
    assert found is not None
    install, server = found
    user = _NOBODY if os.geteuid() == 0 else None
    with TemporaryDirectory(prefix="st44-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data, socket = folder / "data", folder / "s"
        data.mkdir()
        for path in (folder, data):
            path.chmod(0o755)
            if user is not None:
                os.chown(path, user, user)
        whose: dict[str, Any] = {"user": user, "group": user, "extra_groups": user and []}
        made = [install, "--no-defaults", f"--datadir={data}", "--skip-test-db"]
        made += ["--auth-root-authentication-method=normal"]
        subprocess.run(made, check=True, **whose, **_QUIET)
        started = [server, "--no-defaults", f"--datadir={data}", f"--socket={socket}"]
        started += [
            "--skip-networking",
            "--innodb-buffer-pool-size=32M",
            f"--log-error={data}/log.err",
        ]
        started += ["--innodb-flush-log-at-trx-commit=0", "--max-connections=200"]
        with subprocess.Popen(started, **whose, **_QUIET) as process:
            try:
                until(lambda: _answers(process, data / "log.err"), within=60)
                yield MariaDBServer(socket, process.pid)
            finally:
                process.kill()


def _answers(process: subprocess.Popen[bytes], log: Path) -> bool:
    said = log.read_text() if log.exists() else ""
    assert process.poll() is None, said
    return "ready for connections" in said
