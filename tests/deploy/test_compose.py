"""
compose.yaml and the Dockerfile, run as far as they can be where there is no Docker.

Not tried: that the image builds, that the database's image starts and is asked for
its health, volumes, and what Docker does when a machine starts again.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploy.conftest import Site, plain_environment

TAG = "ghcr.io/you/household:1"
UP = "docker compose up --detach --wait app"


class Server:
    """
    A machine with Docker and the files that belong beside compose.yaml.
    """

    def __init__(self, site: Site, room: Path) -> None:
        self._site = site
        self._environment = {**plain_environment(room), **site.engine.environment}
        folder = site.home / "household"
        (folder / ".env").write_text(f"IMAGE={TAG}\n")
        text = (site.project / "deploy/compose.yaml").read_text("utf-8")
        (folder / "compose.yaml").write_text(text, "utf-8")

    def build(self) -> None:
        line = f"docker build --file deploy/Dockerfile --tag {TAG} ."
        assert self.run(line, self._site.project).returncode == 0

    def run(self, line: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            line.split(),
            check=False,
            cwd=folder or self._site.home / "household",
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def server(site: Site, tmp_path: Path) -> Server:
    return Server(site, tmp_path)


def test_one_line_does_it_in_order(site: Site, server: Server) -> None:
    """The application waits for the step that migrates; a second time nothing is applied."""
    server.build()
    first, second = server.run(UP), server.run(UP)
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert "applied 8, skipped 0, failed 0" in first.stdout
    assert "up to date: 8 applied already" in second.stdout


def test_what_is_not_migrated_does_not_start(site: Site, server: Server) -> None:
    """The application's container is never made."""
    site.add("017_break.sql", "SELECT * FROM nowhere;\n")
    server.build()
    done = server.run(UP)
    assert done.returncode == 1
    assert "'migrate' didn't complete successfully: exit 1" in done.stdout
    assert not (site.engine.folder / "app.log").exists()


def test_the_health_check_sees_what_is_missing(site: Site, server: Server) -> None:
    """0 on a database that is what the image expects, 1 before that."""
    server.build()
    image = site.engine.image(TAG)
    environment = {"DATABASE_URL": site.database}
    assert image.run(image.health, environment) == 1
    assert server.run("docker compose run --rm migrate").returncode == 0
    assert image.run(image.health, environment) == 0
