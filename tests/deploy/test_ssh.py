"""
The script, run against a server that takes ssh, and a real PostgreSQL.

Not tried: sshd, and systemctl, for which a script stands that starts the application.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.conftest import Site, plain_environment
from deploy.images import end
from targets import until

RESTART = """#!/bin/sh
# What systemd would do: end what runs, start what is current.
if [ -e {folder}/app.pid ]; then
  kill "$(cat {folder}/app.pid)"
  while kill -0 "$(cat {folder}/app.pid)"; do sleep 0.05; done
fi
set -a; . {folder}/env; set +a
cd {folder}/current
{python} -m uvicorn --factory fastapi_app:create_app >> {folder}/app.log 2>&1 < /dev/null &
echo $! > {folder}/app.pid
"""

Deploy = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def deploy(site: Site, tmp_path: Path) -> Iterator[Deploy]:
    """
    Give what a developer does to release what is in the project's folder.
    """
    folder = site.home / "household"
    (folder / "household.env").rename(folder / "env")
    (folder / "venv/bin").mkdir(parents=True)
    (folder / "venv/bin/st44-migrate").symlink_to(Path(sys.executable).with_name("st44-migrate"))
    (folder / "restart").write_text(RESTART.format(folder=folder, python=sys.executable))
    key, known_hosts = tmp_path / "key", tmp_path / "known_hosts"
    key.write_text(site.ssh.key)
    key.chmod(0o600)
    known_hosts.write_text(f"{site.ssh.known_host}\n")
    options = {
        "DEPLOY_TO": "deploy@127.0.0.1",
        "DEPLOY_PATH": str(folder),
        "HEALTH_URL": site.health,
        "ALERT_WEBHOOK": f"{site.alerts.url}/hook",
        "RESTART": f"sh {folder}/restart",
        "SSH": f"-p {site.ssh.port} -i {key} -o UserKnownHostsFile={known_hosts}",
    }

    def run(release: str, tries: int = 120) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "deploy/ssh/deploy.sh"],
            check=False,
            cwd=site.project,
            env={
                **plain_environment(tmp_path),
                **options,
                "RELEASE": release,
                "HEALTH_TRIES": str(tries),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    yield run
    end(folder / "app.pid")


def steps(done: subprocess.CompletedProcess[str]) -> list[str]:
    lines = done.stdout.splitlines()
    return [line.removeprefix("== ") for line in lines if line.startswith("== ")]


ALL = ["Build", "Ship", "Migrate", "Start", "Verify"]


def test_three_releases(site: Site, deploy: Deploy) -> None:
    """
    One that is well.  One whose migration fails: it is not started, and ends with the
    code of the command.  One whose code does not start: the code before comes back,
    on the schema that it finds.  Of both somebody is told.
    """
    current = site.home / "household/current"
    done = deploy("one")
    assert (done.returncode, steps(done)) == (0, ALL), done.stdout
    assert "applied 8, skipped 0" in done.stdout
    assert done.stdout.endswith("\nrelease one runs\n")
    assert (current.readlink(), site.alerted()) == (Path("releases/one"), [])

    site.add("017_break.sql", "SELECT * FROM nowhere;\n")
    done = deploy("two")
    assert (done.returncode, steps(done)) == (1, ALL[:3]), done.stdout
    assert "017_break.sql:1" in done.stdout
    assert (current.readlink(), site.status()) == (Path("releases/one"), "healthy")
    assert site.alerted() == ["household, release two: Migrate failed"]

    site.add("017_break.sql", "CREATE TABLE rewards (id integer PRIMARY KEY);\n")
    (site.project / "fastapi_app.py").write_text("raise SystemExit('does not start')\n")
    done = deploy("three", 2)
    assert (done.returncode != 0, steps(done)) == (True, ALL), done.stdout
    assert current.readlink() == Path("releases/one")
    until(lambda: site.status() == "healthy", within=60)
    assert site.alerted()[1:] == ["household, release three: Verify failed"]


def test_it_says_what_it_needs(site: Site) -> None:
    """Without a server it does nothing."""
    done = subprocess.run(
        ["bash", "deploy/ssh/deploy.sh"],
        check=False,
        cwd=site.project,
        env=plain_environment(site.home),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "DEPLOY_TO: the server, user@host" in done.stderr
