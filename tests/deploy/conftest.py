"""
A project that uses the kit, a server to deploy it to, and somebody who is told.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.engine_room import EngineRoom
from deploy.ssh_server import SshServer, ssh_server
from observe.receiver import Receiver, receiver

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Site:
    """
    All that a deployment is about, each in a folder of its own.

    Args:
        project: What a developer has checked out: the examples, with ``deploy``.

        home: Of the user on the server.

        port: Where the application answers.
    """

    project: Path
    home: Path
    port: int
    database: str
    engine: EngineRoom
    ssh: SshServer
    alerts: Receiver

    @property
    def health(self) -> str:
        return f"http://127.0.0.1:{self.port}/health/database"

    def status(self) -> str:
        """
        Say what the application says of itself, ``""`` if it does not answer.
        """
        try:
            return str(httpx.get(self.health, timeout=10).json()["status"])
        except httpx.TransportError:
            return ""

    def add(self, name: str, sql: str) -> None:
        """
        Put another file into the project's folder.
        """
        (self.project / "household/migrations" / name).write_text(sql, "utf-8")

    def alerted(self) -> list[str]:
        return [body["text"] for body in self.alerts.bodies]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def plain_environment(room: Path) -> dict[str, str]:
    """
    Give the environment of a machine with nothing of ours in it.
    """
    ours = ("ST44_", "DB_", "DATABASE_URL", "GITHUB_", "PG", "PYTEST", "COV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "HOME": str(room), "NO_COLOR": "1"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """
    Give a copy of the examples, as the project that is deployed.
    """
    copy = tmp_path / "project"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineRoom]:
    """
    Give what stands in for Docker; what it runs ends with the test.
    """
    engine = EngineRoom(tmp_path / "engine", tmp_path / "bin")
    yield engine
    engine.stop()


@pytest.fixture
def site(tmp_path: Path, project: Path, engine: EngineRoom, pg_url: str) -> Iterator[Site]:
    """
    Give a server that nothing was ever deployed to.
    """
    for program in ("ssh", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: the deployment was not tried")
    home, port = tmp_path / "home", free_port()
    (home / "household").mkdir(parents=True)
    (home / "household/household.env").write_text(
        f"DATABASE_URL={pg_url}\nUVICORN_PORT={port}\nPYTHONUNBUFFERED=1\n"
    )
    environment = {**plain_environment(home), **engine.environment}
    with ExitStack() as stack:
        ssh = stack.enter_context(ssh_server(home, environment))
        alerts = stack.enter_context(receiver())
        yield Site(project, home, port, pg_url, engine, ssh, alerts)
